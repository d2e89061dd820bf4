// The search box: eight rows from the first letter, grouped by the server; arrows move, Enter opens, an input method is left alone.
import { all, debounce, one, t } from "./dom.js";

const WAIT_MS = 120;

export function search() {
  const form = one("[data-search]");
  if (!form) return;
  const field = one("input", form);
  const box = one("[data-search-results]", form);
  let asked = 0;
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-expanded", "false");
  field.setAttribute("aria-controls", (box.id = "search-results"));
  field.setAttribute("aria-autocomplete", "list");

  const show = (open) => { box.hidden = !open; field.setAttribute("aria-expanded", String(open)); };
  const ask = debounce(async () => {
    const words = field.value.trim();
    const mine = ++asked;
    if (!words) return show(false);
    const slow = setTimeout(() => { box.textContent = t("仍在查…", "still looking…"); show(true); }, 1500);
    try {
      const url = new URL(form.action);
      url.searchParams.set("q", words);
      const region = new URLSearchParams(location.search).get("region");
      if (region) url.searchParams.set("region", region);
      const answer = await fetch(url, { headers: { "HX-Request": "true", "HX-Target": box.id } });
      const html = await answer.text();
      if (mine !== asked) return;
      if (answer.ok) box.innerHTML = html; // our own fragment, escaped by the server
      else box.textContent = t("现在查不了，请稍后再试。", "Search is not available right now.");
      show(true);
    } catch {
      if (mine === asked) { box.textContent = t("网络已断。", "The network is down."); show(true); }
    } finally {
      clearTimeout(slow);
    }
  }, WAIT_MS);

  field.addEventListener("input", (event) => { if (!event.isComposing) ask(); });
  field.addEventListener("compositionend", ask);
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const links = all("a", box);
    const now = links.findIndex((link) => link.getAttribute("aria-selected") === "true");
    if (event.code === "ArrowDown" || event.code === "ArrowUp") {
      event.preventDefault();
      const next = links[(now + (event.code === "ArrowDown" ? 1 : -1) + links.length) % links.length];
      links.forEach((link) => link.setAttribute("aria-selected", String(link === next)));
      next?.scrollIntoView({ block: "nearest" });
    } else if (event.code === "Enter" && now >= 0) {
      event.preventDefault();
      links[now].click();
    } else if (event.code === "Escape") {
      show(false);
      field.blur();
    }
  });
  document.addEventListener("click", (event) => { if (!form.contains(event.target)) show(false); });
}
