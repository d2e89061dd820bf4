// The alarm console on top of server-made rows and panes. What the page must carry: docs/modules/ui.md, "Alarm console".
import htmx from "htmx.org";
import { all, announce, el, one, t } from "./lib/dom.js";
import { claimKeys } from "./lib/keys.js";
import { connect } from "./lib/live.js";
import { Sound } from "./lib/sound.js";

const ANNOUNCE_EVERY_MS = 5000;
const LOST_SOUND_EVERY_S = 5;
const ROW = "[data-alarm-row]";

const root = one("[data-console]");
if (root) new (class Console {
  constructor() {
    this.rows = one("[data-console-rows]", root);
    this.pane = one("[data-console-pane]", root);
    this.sound = new Sound();
    this.filter = "";
    this.known = new Map(all(ROW, this.rows).map((row) => [row.dataset.alarmRow, row]));
    this.pointerInside = false;
    this.announcedAt = 0;
    this.title = document.title;
    this.rows.addEventListener("pointerenter", () => { this.pointerInside = true; });
    this.rows.addEventListener("pointerleave", () => { this.pointerInside = false; });
    this.rows.addEventListener("click", (event) => {
      const row = event.target.closest(ROW);
      if (row && !event.target.closest("a, button")) this.select(row);
    });
    root.addEventListener("click", (event) => this.pressed(event));
    claimKeys((event) => this.key(event));
    this.follow();
    setInterval(() => this.tick(), 1000);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.stayAwake(); });
    this.tick();
    const first = one(ROW, this.rows);
    if (first) this.select(first);
  }

  // the stream

  follow() {
    const after = Number(root.dataset.after);
    this.live = connect(root.dataset.channel || "alarms", { after: root.dataset.after && Number.isFinite(after) ? after : null });
    this.live.on("event", (event) => { this.lastEvent = event; this.refresh(); });
    this.live.on("caughtup", () => this.refresh());
    this.live.on("state", (state) => this.alive(state));
  }

  alive({ state, silentFor }) {
    const lost = state === "lost" || state === "polling";
    for (const sign of all("[data-connection]")) {
      sign.hidden = false;
      sign.dataset.state = state;
      one("[data-connection-text]", sign).textContent = lost ? t("连接中断", "disconnected") : t(`在线 ${silentFor} s 前`, `live, ${silentFor} s ago`);
    }
    let band = one("[data-lost-band]");
    if (!lost) return band?.remove();
    if (!band) {
      band = el("div", { class: "lost-band", "data-lost-band": true, role: "alert" }, el("span", {}, t("连接中断", "Connection lost")), el("span", { "data-lost-for": true }), el("span", {}, t("正在每 5 秒轮询", "polling every 5 s")));
      one(".top").after(band);
      this.lostTicks = 0;
    }
    one("[data-lost-for]", band).textContent = clock(silentFor);
    if (this.lostTicks++ % LOST_SOUND_EVERY_S === 0) this.sound.alarmLost();
  }

  // the rows: fetched as one fragment, put in without moving what the person looks at

  async refresh() {
    if (this.refreshing) { this.again = true; return; }
    this.refreshing = true;
    try {
      const html = await fragment(root.dataset.rows || "/alarms/console/rows", "console-rows");
      if (html !== null) this.put(html);
    } catch {
      // the band tells that the connection is away; the next event or poll brings the rows
    } finally {
      this.refreshing = false;
      if (this.again) { this.again = false; this.refresh(); }
    }
  }

  put(html) {
    const page = new DOMParser().parseFromString(html, "text/html");
    const anchor = this.held();
    const before = anchor?.getBoundingClientRect().top;
    const chosen = this.chosen;
    const fresh = all(ROW, page).filter((row) => !this.known.has(row.dataset.alarmRow));
    const raised = all(ROW, page).filter((row) => this.known.has(row.dataset.alarmRow)
      && Number(row.dataset.priority) < Number(this.known.get(row.dataset.alarmRow).dataset.priority));
    const changed = chosen && one(`[data-alarm-row="${CSS.escape(chosen)}"]`, page)?.dataset.state !== this.known.get(chosen)?.dataset.state;
    this.rows.replaceChildren(...page.body.childNodes);
    htmx.process(this.rows);
    this.known = new Map(all(ROW, this.rows).map((row) => [row.dataset.alarmRow, row]));
    this.known.get(chosen)?.classList.add("at");
    const again = anchor && this.known.get(anchor.dataset.alarmRow);
    if (again && before !== undefined) this.rows.scrollTop += again.getBoundingClientRect().top - before;
    this.applyFilter();
    this.arrived([...fresh, ...raised]);
    this.countAbove(fresh);
    if (changed) this.loadPane(chosen);
    if (!chosen) this.select(one(ROW, this.rows)); // so that one key takes the first alarm
    this.tick();
  }

  /** The row that must not move: the one under the pointer, else the chosen one. */
  held() {
    const hovered = this.pointerInside ? all(`${ROW}:hover`, this.rows).at(-1) : null;
    return hovered ?? this.known.get(this.chosen) ?? null;
  }

  countAbove(fresh) {
    if (!fresh.length || this.rows.scrollTop < 4) return one("[data-new-rows]", root)?.remove();
    const count = Number(one("[data-new-rows]", root)?.dataset.newRows ?? 0) + fresh.length;
    one("[data-new-rows]", root)?.remove();
    this.rows.prepend(el("button", { class: "button new-rows", type: "button", "data-new-rows": count, onclick: ({ currentTarget }) => { currentTarget.remove(); this.rows.scrollTop = 0; } },
      t(`↑ 有 ${count} 条新的`, `↑ ${count} new`)));
  }

  arrived(rows) {
    if (!rows.length) return;
    const worst = rows.reduce((found, row) => (Number(row.dataset.priority) < Number(found.dataset.priority) ? row : found));
    const priority = Number(worst.dataset.priority);
    const words = worst.dataset.words || one(".what", worst)?.textContent.trim().replace(/\s+/g, " ") || "";
    if (priority === 1) this.sound.breakSilence();
    if (priority === 3) this.sound.chime();
    if (priority <= 2) {
      this.notify(priority, words, worst.dataset.alarmRow);
      if (Date.now() - this.announcedAt > ANNOUNCE_EVERY_MS) {
        this.announcedAt = Date.now();
        announce(words, true);
      }
    }
  }

  notify(priority, words, ref) {
    if (!("Notification" in window) || Notification.permission !== "granted" || !document.hidden) return;
    const note = new Notification(t(`${priority} 级报警`, `Priority ${priority} alarm`), { body: words, tag: ref, requireInteraction: priority === 1 });
    note.onclick = () => { window.focus(); this.select(this.known.get(ref)); };
  }

  // choosing and acting

  select(row) {
    if (!row) return;
    all(`${ROW}.at`, this.rows).forEach((each) => { each.classList.remove("at"); each.removeAttribute("aria-current"); });
    row.classList.add("at");
    row.setAttribute("aria-current", "true");
    row.scrollIntoView({ block: "nearest" });
    this.chosen = row.dataset.alarmRow;
    this.loadPane(this.chosen);
    this.channel ??= "BroadcastChannel" in window ? new BroadcastChannel("console") : null;
    this.channel?.postMessage({ ref: this.chosen });
  }

  /** Draws the pane of an alarm, unless the person has opened an act of it by the time the answer is here. */
  async loadPane(ref) {
    const busy = () => this.shown === ref && one("form, .htmx-request", this.pane);
    if (!ref || busy()) return;
    try {
      const html = await fragment(`/alarms/${encodeURIComponent(ref)}/pane`, this.pane.id);
      if (html === null || this.chosen !== ref || busy()) return;
      this.pane.innerHTML = html;
      this.shown = ref;
      htmx.process(this.pane);
      this.tick();
    } catch {
      // the band tells that the connection is away
    }
  }

  move(way) {
    const list = all(ROW, this.rows).filter((row) => !row.hidden);
    if (!list.length) return false;
    const now = list.findIndex((row) => row.dataset.alarmRow === this.chosen);
    this.select(list[Math.min(Math.max(now + way, 0), list.length - 1)]);
    return true;
  }

  key(event) {
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
    if (digit && this.pickDigit(digit)) return true;
    if (digit && digit <= "4") return this.setFilter(this.filter === digit ? "" : digit);
    switch (event.code) {
      case "KeyJ": return this.move(1);
      case "KeyK": return this.move(-1);
      case "KeyM": this.sound.silence(); this.tick(); return true;
      case "Enter": return this.confirm(event);
      case "KeyS": return one("[data-seat-start]", root) ? (this.takeSeat(), true) : false;
      default: return this.act(event.code);
    }
  }

  /** Presses the pane's button for this key; the button opens the form of the act, so no single press forwards or closes. */
  act(code) {
    if (!/^Key[A-Z]$/.test(code)) return false;
    const button = one(`[data-key="${code.slice(3).toLowerCase()}"]:not([aria-disabled="true"])`, this.pane);
    wired(button)?.click();
    return Boolean(button);
  }

  /** In an open act with numbered choices, a digit chooses and sends. */
  pickDigit(digit) {
    const choice = one(`[data-digit="${digit}"]`, this.pane) ?? all("[data-digits] input[type=radio]", this.pane)[digit - 1];
    if (!choice) return false;
    choice.click();
    const form = choice.closest("form");
    if (choice.matches("input") && form && !all("[aria-required=true]", form).some((field) => !field.value)) wired(form).requestSubmit();
    return true;
  }

  confirm(event) {
    if (event.target.closest("a, button, summary")) return false;
    const form = one("form[data-confirm]", this.pane);
    wired(form)?.requestSubmit();
    return Boolean(form);
  }

  setFilter(priority) {
    this.filter = priority;
    root.dataset.filter = priority;
    this.applyFilter();
    return true;
  }

  /** Filtering never hides priority 1 and 2. */
  applyFilter() {
    for (const row of all(ROW, this.rows)) row.hidden = Boolean(this.filter) && row.dataset.priority !== this.filter && Number(row.dataset.priority) > 2;
    for (const button of all("[data-filter-priority]", root)) button.setAttribute("aria-pressed", String(button.dataset.filterPriority === this.filter));
  }

  pressed(event) {
    const button = event.target.closest("button, a");
    if (!button) return;
    if (button.matches("[data-seat-start]")) this.takeSeat();
    if (button.matches("[data-silence]")) { this.sound.silence(); this.tick(); }
    if (button.matches("[data-filter-priority]")) this.setFilter(this.filter === button.dataset.filterPriority ? "" : button.dataset.filterPriority);
  }

  // the seat: sound, wake lock, notifications, all from one press

  async takeSeat() {
    const on = await this.sound.enable();
    this.stayAwake();
    if ("Notification" in window && Notification.permission === "default") Notification.requestPermission();
    root.dataset.sound = on ? "on" : "off";
    for (const button of all("[data-seat-start]", root)) button.hidden = on;
    this.tick();
  }

  async stayAwake() {
    if (!this.sound.on || !("wakeLock" in navigator)) return;
    try { this.lock = await navigator.wakeLock.request("screen"); } catch { /* refused on battery saving */ }
  }

  // each second

  tick() {
    for (const node of all("[data-since]", root)) node.textContent = clock((Date.now() - Date.parse(node.dataset.since)) / 1000);
    const untaken = all(`${ROW}[data-unacknowledged]`, this.rows);
    const worst = untaken.reduce((found, row) => Math.min(found, Number(row.dataset.priority)), 9);
    this.sound.tick(worst === 9 ? 0 : worst);
    const urgent = untaken.filter((row) => Number(row.dataset.priority) <= 2).length;
    document.title = urgent ? `(${urgent}) ${this.title}` : this.title;
    const state = one("[data-sound-state]", root);
    const silent = this.sound.secondsSilent();
    if (state) state.textContent = !this.sound.on ? t("声音 关", "sound off") : silent ? t(`静音 ${silent} s`, `silent ${silent} s`) : t("声音 开", "sound on");
  }
})();

/** A fragment as htmx would ask for it; null when there is none. One who must sign in again is sent to do so. */
async function fragment(url, target) {
  const answer = await fetch(url, { headers: { "HX-Request": "true", "HX-Target": target } });
  const elsewhere = answer.headers.get("HX-Redirect");
  if (elsewhere) location.assign(elsewhere);
  return answer.ok && !elsewhere ? answer.text() : null;
}

/** The element once htmx knows it: a quick hand is here before htmx has looked at what was just put in. */
function wired(node) {
  if (node) htmx.process(node);
  return node;
}

/** 75 → 01:15; from an hour on 1:01:15. */
function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${two(minutes)}:${two(whole % 60)}`;
}
