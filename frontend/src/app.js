// Every page: htmx, keys, menus, search, forms, drafts, live numbers. Nothing here is needed to read or to send a form.
import htmx from "htmx.org";
import "./css/app.css";
import { all, announce, csrf, one, t } from "./lib/dom.js";
import { forget, sweepDrafts } from "./lib/drafts.js";
import { formArrived, forms } from "./lib/forms.js";
import { closeMenus, drawer, keyboard } from "./lib/keys.js";
import { connect } from "./lib/live.js";
import { preferences } from "./lib/prefs.js";
import { regions } from "./lib/regions.js";
import { search } from "./lib/search.js";
import { toast, watchToasts } from "./lib/toast.js";

const LANGUAGE_KEEPS = "wh:language";

document.documentElement.classList.add("js");
htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
htmx.config.historyCacheSize = 0;

preferences();
keyboard();
forms();
search();
regions();
watchToasts();
sweepDrafts();
formArrived(document.body);
badges();
scrollers();

// htmx: errors sent for the message region are swapped, other failures say what happened and leave the page as it was.
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.xhr.status >= 400 && detail.xhr.getResponseHeader("HX-Retarget")) Object.assign(detail, { shouldSwap: true, isError: false });
});
document.body.addEventListener("htmx:configRequest", ({ detail }) => {
  if (detail.verb !== "get") detail.headers["X-CSRFToken"] = csrf();
});
document.body.addEventListener("htmx:responseError", ({ detail }) => {
  if (detail.xhr.getResponseHeader("HX-Redirect")) return;
  toast(t(`没有完成（${detail.xhr.status}）。内容还在，可以再试。`, `That was not done (${detail.xhr.status}). Nothing is lost; try again.`), { kind: "error" });
});
for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.body.addEventListener(name, () => toast(t("网络不通，没有发出。内容还在，可以再试。", "The network failed; nothing was sent. Try again."), { kind: "error" }));
}
document.body.addEventListener("htmx:afterSwap", ({ detail }) => {
  const target = detail.target;
  if (target.id === "act-panel") openPanel(target);
  if (target.id === "list") announceCount();
});
document.body.addEventListener("htmx:load", ({ detail }) => {
  formArrived(detail.elt);
  scrollers();
});
addEventListener("resize", scrollers);
document.body.addEventListener("htmx:beforeRequest", ({ detail }) => {
  const form = detail.elt;
  if (form.matches("form[data-form]")) form.dataset.sending = "1";
});
document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
  const form = detail.elt;
  if (!form.matches("form[data-form]")) return;
  delete form.dataset.sending;
  const { status } = detail.xhr; // with HX-Redirect htmx leaves `successful` unset
  if (status >= 200 && status < 300) forget(form);
});

function openPanel(panel) {
  panel.scrollIntoView({ block: "nearest" });
  one("input:not([type=hidden]), textarea, select", panel)?.focus();
}

/** A table wider than its frame, with nothing in it that takes the focus, is scrolled by keyboard: the frame takes the focus. */
function scrollers() {
  for (const frame of all(".table-wrap")) {
    const table = one("table", frame);
    if (frame.hasAttribute("tabindex") && !frame.dataset.scroller) continue; // the template says so
    const stop = frame.scrollWidth > frame.clientWidth && table && !one("a, button, input, select, [tabindex]", frame);
    for (const [name, value] of [["data-scroller", "1"], ["tabindex", "0"], ["role", "region"], ["aria-label", table?.caption?.textContent || table?.getAttribute("aria-label") || t("表格", "table")]]) {
      if (stop) frame.setAttribute(name, value);
      else frame.removeAttribute(name);
    }
  }
}

function announceCount() {
  const count = one(".filter-count output");
  if (count) announce(count.textContent);
}

document.addEventListener("click", (event) => {
  const pressed = event.target.closest("button, a");
  closeMenus(event.target);
  if (!pressed) return;
  if (pressed.matches("[data-drawer]")) drawer(!one("#nav").classList.contains("open"));
  if (pressed.matches("[data-open]")) document.getElementById(pressed.dataset.open)?.showModal();
  if (pressed.matches("[data-print]")) window.print();
  if (pressed.matches("[data-copy-link]")) copy(location.href, t("链接已复制。", "Link copied."));
  if (pressed.matches("[data-copy]")) copy(pressed.dataset.copy, t("已复制。", "Copied."));
  if (pressed.matches("[data-close-panel]")) pressed.closest(".act-panel")?.replaceChildren();
  if (pressed.matches("[data-language]")) sessionStorage.setItem(LANGUAGE_KEEPS, String(scrollY));
});

async function copy(words, done) {
  try {
    await navigator.clipboard.writeText(words);
    toast(done);
  } catch {
    toast(t(`请手工复制：${words}`, `Copy it by hand: ${words}`));
  }
}

// Rows picked for a bulk act.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-pick-all]")) all("[data-pick]").forEach((box) => { box.checked = event.target.checked; });
  if (!event.target.matches("[data-pick], [data-pick-all]")) return;
  const count = all("[data-pick]:checked").length;
  one("[data-bulk]")?.classList.toggle("open", count > 0);
  const words = one("[data-picked]");
  if (words) words.textContent = t(`已选 ${count} 条`, `${count} selected`);
});

// The network: a band while it is away.
for (const name of ["online", "offline"]) {
  addEventListener(name, () => { const band = one("[data-offline]"); if (band) band.hidden = navigator.onLine; });
}

// The numbers in the header, and messages for the person, as they happen.
function badges() {
  if (!document.body.dataset.actor || !one("[data-live-badges]")) return;
  const live = connect("me");
  live.on("event", ({ kind, payload }) => {
    if (payload?.count !== undefined) setCount(kind, payload.count);
    if (payload?.title) toast(payload.title);
  });
}

function setCount(name, count) {
  for (const badge of all(`[data-count="${name}"]`)) {
    badge.textContent = count;
    badge.hidden = !count && name !== "inbox";
  }
}

// A job's progress: <div data-progress="/jobs/ID"> is fetched again until its fragment no longer carries the attribute.
const PROGRESS_MS = 1000;
setInterval(() => {
  if (document.hidden) return;
  for (const node of all("[data-progress]")) htmx.ajax("GET", node.dataset.progress, { target: node, swap: "outerHTML" });
}, PROGRESS_MS);

// The language switch keeps the place on the page; the address and the draft stay by themselves.
const place = sessionStorage.getItem(LANGUAGE_KEEPS);
if (place !== null) {
  sessionStorage.removeItem(LANGUAGE_KEEPS);
  scrollTo(0, Number(place));
}
