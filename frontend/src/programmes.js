// The judge page: the paper and its lines are tied together, and every verdict is one key. Without this script each
// button sends the form of the page.
import { all, announce, csrf, one, t } from "./lib/dom.js";
import { claimKeys } from "./lib/keys.js";
import { toast } from "./lib/toast.js";
import "./css/programmes.css";

const NEEDS_READING = t("先选一种读法（按数字键）。", "Pick a reading first (number keys).");

const root = one("[data-judge]");
if (root) new (class Judge {
  constructor() {
    this.paper = one("[data-paper]", root);
    this.list = one("[data-lines]", root);
    this.open = root.hasAttribute("data-open");
    this.pieces = new Map(); // position of a line → its pieces in the paper
    for (const piece of all("[data-l]", this.paper)) {
      for (const position of piece.dataset.l.split(" ")) {
        if (!this.pieces.has(position)) this.pieces.set(position, []);
        this.pieces.get(position).push(piece);
      }
    }
    this.paper.addEventListener("click", (event) => this.pressedWords(event));
    this.list.addEventListener("click", (event) => this.pressedLine(event));
    this.list.addEventListener("submit", (event) => this.sentEdit(event));
    one("[data-counts]", root).addEventListener("click", (event) => this.pressedCounts(event));
    claimKeys((event) => this.key(event));
    const named = location.hash.startsWith("#line-") ? document.getElementById(location.hash.slice(1)) : null;
    this.select(named ?? one('.entry[data-verdict="open"]', this.list) ?? one(".entry", this.list), { still: !named });
  }

  get current() { return one(".entry.at", this.list); }

  select(line, { from = "list", still = false } = {}) {
    if (!line) return;
    for (const old of all(".at", root)) old.classList.remove("at");
    line.classList.add("at");
    if (!still) line.focus({ preventScroll: true });
    for (const old of all(".core", this.paper)) old.classList.remove("core");
    const pieces = this.pieces.get(line.dataset.line) ?? [];
    for (const piece of pieces) {
      piece.classList.add("at");
      piece.classList.toggle("core", !line.classList.contains("k-item") && piece.dataset.l.split(" ")[0] === line.dataset.line);
    }
    if (from === "list" && pieces[0]) this.reveal(pieces[0], this.paper);
    if (!still) this.reveal(line, null, from === "paper" ? "center" : "nearest");
    else if (from === "paper") line.scrollIntoView({ block: "center" });
  }

  // Scrolls the paper's own pane, so that the page itself stays where it is.
  reveal(node, pane, block = "nearest") {
    if (!pane || pane.scrollHeight <= pane.clientHeight) return node.scrollIntoView({ block });
    const [top, height] = [node.getBoundingClientRect().top - pane.getBoundingClientRect().top, pane.clientHeight];
    if (top < 48 || top > height - 96) pane.scrollTop += top - height / 3;
  }

  pressedWords(event) {
    const piece = event.target.closest("[data-l]");
    if (!piece || String(getSelection())) return;
    event.preventDefault();
    this.select(document.getElementById(`line-${piece.dataset.l.split(" ")[0]}`), { from: "paper" });
  }

  pressedLine(event) {
    const line = event.target.closest(".entry");
    if (!line) return;
    if (event.target.closest("[data-edit-cancel]")) { event.preventDefault(); return this.closeEdit(line); }
    if (event.target.closest("form, fieldset")) return;
    const button = event.target.closest("button, a.button");
    if (!button) return this.select(line, { still: Boolean(String(getSelection())) || Boolean(event.target.closest("a")) });
    event.preventDefault();
    this.select(line, { still: true });
    this.press(button, line);
  }

  pressedCounts(event) {
    const jump = event.target.closest("[data-jump]");
    if (jump) {
      event.preventDefault();
      const wanted = all(`.entry[data-verdict="${jump.dataset.jump}"]`, this.list);
      const after = wanted.find((line) => this.current && line.compareDocumentPosition(this.current) & Node.DOCUMENT_POSITION_PRECEDING);
      return this.select(after ?? wanted[0]);
    }
    if (event.target.closest("[data-undo]")) { event.preventDefault(); this.undo(); }
  }

  key(event) {
    const line = this.current;
    switch (event.code) {
      case "KeyJ": return this.step(1);
      case "KeyK": return this.step(-1);
      case "KeyZ": if (this.open) this.undo(); return this.open;
      default:
    }
    if (!line || !this.open) return false;
    const within = event.target.closest("button, a, summary, label");
    if (event.code === "Enter") return within ? false : this.edit(line);
    if (/^Digit[1-9]$/.test(event.code)) return this.pick(line, Number(event.code.slice(5)) - 1);
    const pressed = { KeyA: "[data-verdict=accepted]", KeyF: "[data-verdict=doubted]", KeyX: "[data-verdict=rejected]", KeyE: "[data-edit]", KeyS: "[data-section]" }[event.code];
    const button = pressed && one(`.line-acts ${pressed}`, line);
    if (!button) return false;
    this.press(button, line);
    return true;
  }

  step(way) {
    const lines = all(".entry", this.list);
    const now = lines.indexOf(this.current);
    this.select(lines[Math.min(Math.max(now + way, 0), lines.length - 1)]);
    return true;
  }

  pick(line, number) {
    const box = all(".readings input", line)[number];
    if (!box) return false;
    box.checked = true;
    return true;
  }

  press(button, line) {
    if (button.matches("[data-edit]")) return this.edit(line);
    if (line.classList.contains("sending")) return undefined;
    const body = new URLSearchParams();
    if (button.name) body.set(button.name, button.value);
    const reading = one(".readings input:checked", line);
    if (reading) body.set(reading.name, reading.value);
    if (button.value === "accepted" && line.classList.contains("ambiguous") && !reading) {
      toast(NEEDS_READING, { kind: "error" });
      return one(".readings input", line).focus();
    }
    return this.send(button.getAttribute("formaction"), body, line, { on: true });
  }

  undo() { return this.send(`${root.dataset.judge}/judge/undo`, new URLSearchParams(), null); }

  // One request at a time: keys pressed meanwhile wait for its answer.
  send(url, body, line, { on = false } = {}) {
    const next = (this.waiting ?? Promise.resolve()).then(() => this.post(url, body, line, on));
    this.waiting = next.catch(() => {});
    if (on && line) this.advance(line);
    return next;
  }

  async post(url, body, line, on) {
    line?.classList.add("sending");
    try {
      const answer = await fetch(url, { method: "POST", body, headers: { Accept: "application/json", "X-CSRFToken": csrf() } });
      const told = await answer.json();
      this.apply(told, line && !on ? line.dataset.line : null);
      if (!answer.ok) {
        toast(told.message ?? t("没有完成。", "That was not done."), { kind: "error" });
        if (line) this.select(document.getElementById(line.id));
      } else if (!line) this.select(document.getElementById(`line-${Object.keys(told.verdicts)[0]}`));
      return answer.ok;
    } catch {
      toast(t("网络不通，这一条没有写入，请再按一次。", "The network failed; this line was not written. Press again."), { kind: "error" });
      if (line) this.select(document.getElementById(line.id));
      return false;
    } finally {
      line?.classList.remove("sending");
    }
  }

  // Puts the cards, marks and counts of an answer into the page; the line one stands on stays the same.
  apply({ cards = {}, verdicts = {}, counts, left }) {
    const at = this.current?.id;
    for (const [position, html] of Object.entries(cards)) {
      const old = document.getElementById(`line-${position}`);
      if (!old || (one("[data-edit-here]:not(:empty)", old) && !(position in verdicts))) continue;
      const box = document.createElement("template");
      box.innerHTML = html.trim();
      old.replaceWith(box.content);
    }
    for (const [position, verdict] of Object.entries(verdicts)) {
      for (const piece of this.pieces.get(position) ?? []) {
        if (piece.dataset.l.split(" ")[0] === position) piece.className = piece.className.replace(/\bv-\w+/, `v-${verdict}`);
      }
    }
    if (at) document.getElementById(at)?.classList.add("at");
    if (counts) one("[data-counts]", root).innerHTML = counts;
    const [ready, waiting] = [one("[data-act=confirm]"), one("[data-confirm]")];
    if (left !== undefined && ready && waiting) { ready.hidden = left > 0; waiting.hidden = left === 0; }
    if (left !== undefined) announce(t(`还差 ${left} 条`, `${left} to go`));
  }

  advance(line) {
    const lines = all(".entry", this.list);
    const rest = lines.slice(lines.indexOf(line) + 1);
    const next = rest.find((each) => ["open", "doubted"].includes(each.dataset.verdict)) ?? rest[0];
    if (next) this.select(next);
  }

  edit(line) {
    const place = one("[data-edit-here]", line);
    if (place.firstChild) { one("input:not([type=hidden]), textarea, select", place)?.focus(); return true; }
    const link = one("[data-edit]", line);
    if (!link) return false;
    fetch(link.href, { headers: { "HX-Request": "true" } }).then(async (answer) => {
      if (!answer.ok) throw new Error(String(answer.status));
      place.innerHTML = await answer.text();
      one("input:not([type=hidden]), textarea, select", place)?.focus();
    }).catch(() => { location.href = link.href; });
    return true;
  }

  closeEdit(line) {
    one("[data-edit-here]", line).replaceChildren();
    line.focus({ preventScroll: true });
  }

  async sentEdit(event) {
    const form = event.target.closest("[data-line-form]");
    if (!form) return;
    event.preventDefault();
    const line = form.closest(".entry");
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "application/json", "HX-Request": "true", "X-CSRFToken": csrf() } });
    if ((answer.headers.get("Content-Type") ?? "").includes("json")) {
      const told = await answer.json();
      if (!answer.ok) toast(told.message, { kind: "error" });
      this.apply(told);
      const now = document.getElementById(line.id);
      if (answer.ok) this.advance(now); else this.select(now);
    } else {
      one("[data-edit-here]", line).innerHTML = await answer.text();
      one("[aria-invalid] , input", line)?.focus();
    }
  }
})();

// The issue page: one owner or one day for every row that still wants one.
for (const button of all("[data-fill]")) {
  button.addEventListener("click", () => {
    const from = document.getElementById(button.dataset.fill);
    if (!from.value) return from.focus();
    const empty = all(button.dataset.into).filter((field) => !field.value || field.dataset.past !== undefined && field.dataset.past === field.value);
    for (const field of empty) field.value = from.value;
    announce(t(`填了 ${empty.length} 行`, `${empty.length} rows filled`));
  });
}

// Shares of a task that is broken down: the sum follows every key.
const shares = one("[data-shares]");
if (shares) {
  const sum = () => {
    const total = all("[data-share]", shares).reduce((all, field) => all + (Number(field.value) || 0), 0);
    const whole = Number(one("[name=whole]", shares)?.value) || 0;
    const out = one("[data-sum]", shares);
    out.textContent = whole ? `${total} / ${whole}` : String(total);
    out.classList.toggle("short", total < whole);
  };
  shares.addEventListener("input", sum);
  one("[data-even]", shares)?.addEventListener("click", () => {
    const picked = all("[data-part]", shares).filter((row) => one("[type=checkbox]", row).checked);
    const whole = Number(one("[name=whole]", shares).value) || 0;
    picked.forEach((row, i) => { one("[data-share]", row).value = Math.floor(whole / picked.length) + (i < whole % picked.length ? 1 : 0); });
    sum();
  });
  sum();
}
