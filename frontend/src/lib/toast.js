// Messages in the corner: shown 8 s, errors until dismissed.
import { all, el, one, t } from "./dom.js";

const SHOWN_MS = 8000;

export function toast(words, { kind = "info", undo = null } = {}) {
  const node = el("div", { class: `toast ${kind}`, "data-toast": true, role: kind === "error" ? "alert" : null },
    el("p", {}, words),
    undo ? el("button", { class: "button small", type: "button", onclick: () => { undo(); node.remove(); } }, t("撤销", "Undo")) : null,
    el("button", { class: "icon-button", type: "button", "data-dismiss": true, "aria-label": t("关闭", "Dismiss") }, "×"));
  one("#toasts")?.append(node);
  watch(node);
}

function watch(node) {
  node.dataset.watched = "1";
  if (!node.classList.contains("error")) setTimeout(() => node.remove(), SHOWN_MS);
}

/** Gives messages that the server sent the same life. */
export function watchToasts() {
  const region = one("#toasts");
  if (!region) return;
  new MutationObserver(() => all("[data-toast]:not([data-watched])", region).forEach(watch)).observe(region, { childList: true });
  region.addEventListener("click", (event) => event.target.closest("[data-dismiss]")?.closest("[data-toast]").remove());
}
