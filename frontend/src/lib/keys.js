// The keyboard layer: one key for each common act, by physical key, never while a person types.
import { all, one, typing } from "./dom.js";
import { keysOn } from "./prefs.js";

const ROW = "[data-row]";
const owners = [];

/** Lets a page take keys before the common ones: `handler(event)` returns true when it used the key. */
export const claimKeys = (handler) => owners.unshift(handler);

export function keyboard() {
  let lead = 0;
  document.addEventListener("keydown", (event) => {
    if (opensSearch(event)) return;
    if (event.defaultPrevented || typing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.code === "Escape") return closeMenus();
    if (!keysOn()) return;
    if (owners.some((handler) => handler(event))) return event.preventDefault();
    if (one("dialog[open]")) return;
    if (event.code === "KeyG") { lead = event.timeStamp; return; }
    const led = event.timeStamp - lead < 1200;
    lead = 0;
    if (led && event.code === "KeyI") { location.href = "/todo"; return; }
    if (common(event)) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const row = event.target.closest("tr[data-href]");
    if (!row || event.target.closest("a, button, input, label, summary") || String(getSelection())) return;
    if (event.metaKey || event.ctrlKey) window.open(row.dataset.href, "_blank", "noopener");
    else location.href = row.dataset.href;
  });
}

function opensSearch(event) {
  const wanted = (event.ctrlKey || event.metaKey) && event.code === "KeyK" || event.code === "Slash" && !event.shiftKey && !typing(event) && keysOn();
  const field = one("[data-search] input");
  if (!wanted || !field || event.altKey) return false;
  event.preventDefault();
  field.focus();
  field.select();
  return true;
}

function common(event) {
  switch (event.code) {
    case "KeyJ": return step(1);
    case "KeyK": return step(-1);
    case "Enter": return event.target.closest("a, button, summary, [role=button]") ? false : open();
    case "KeyX": return pick(event.shiftKey);
    case "KeyF": return focusFilters();
    case "Slash": return event.shiftKey && openHelp();
    default: return press(event.code.replace(/^Key/, "").toLowerCase());
  }
}

const rows = () => all(ROW).filter((row) => row.offsetParent !== null);
const current = () => one(`${ROW}.at`);

/** Moves the mark to the next or previous row. */
export function step(way) {
  const list = rows();
  if (!list.length) return false;
  const now = list.indexOf(current());
  const next = list[Math.min(Math.max(now + way, 0), list.length - 1)];
  select(next);
  return true;
}

export function select(row) {
  current()?.classList.remove("at");
  if (!row) return;
  row.classList.add("at");
  row.scrollIntoView({ block: "nearest" });
  const link = one("a", row);
  (link ?? row).focus({ preventScroll: true });
}

function open() {
  const row = current();
  if (!row?.dataset.href) return false;
  location.href = row.dataset.href;
  return true;
}

let lastPicked = null;
function pick(range) {
  const row = current();
  const box = row && one("[data-pick]", row);
  if (!box) return false;
  const list = rows();
  if (range && lastPicked) {
    const [from, to] = [list.indexOf(lastPicked), list.indexOf(row)].sort((a, b) => a - b);
    list.slice(from, to + 1).forEach((each) => { one("[data-pick]", each).checked = true; });
  } else {
    box.checked = !box.checked;
  }
  lastPicked = row;
  box.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

function focusFilters() {
  const field = one("[data-filter-form] input:not([type=hidden]), [data-filter-form] summary");
  field?.focus();
  return Boolean(field);
}

function openHelp() {
  const dialog = document.getElementById("keys");
  dialog?.showModal();
  return Boolean(dialog);
}

/** Presses the button that carries this key. */
function press(key) {
  if (!/^[a-z]$/.test(key)) return false;
  const button = all(`[data-key="${key}"]`).find((each) => each.offsetParent !== null);
  button?.click();
  return Boolean(button);
}

export function closeMenus(except = null) {
  for (const menu of all("details.menu[open]")) {
    if (menu.contains(except)) continue;
    const within = menu.contains(document.activeElement);
    menu.open = false;
    if (within) one("summary", menu).focus();
  }
  const nav = one(".nav.open");
  if (nav && !nav.contains(except) && !except?.closest?.("[data-drawer]")) drawer(false);
}

/** Opens or closes the navigation on narrow screens. */
export function drawer(open) {
  one("#nav")?.classList.toggle("open", open);
  const button = one("[data-drawer]");
  button?.setAttribute("aria-expanded", String(open));
  if (open) one("#nav a")?.focus();
}
