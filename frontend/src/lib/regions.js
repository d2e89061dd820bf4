// The region picker: the regions below, and a search by name, pinyin or code; choosing one changes the address in place.
import { all, debounce, el, one, t } from "./dom.js";

export function regions() {
  for (const picker of all("[data-region-picker]")) {
    const field = one("[data-region-search]", picker);
    const list = one("[data-region-options]", picker);
    const ask = async () => {
      const url = new URL("/regions/options", location.href);
      url.searchParams.set("q", field.value.trim());
      url.searchParams.set("under", list.dataset.regionUnder);
      list.replaceChildren(el("li", { class: "quiet" }, t("正在查…", "looking…")));
      try {
        const answer = await fetch(url, { headers: { Accept: "application/json" } });
        if (!answer.ok) throw new Error(answer.statusText);
        fill(list, await answer.json());
      } catch {
        list.replaceChildren(el("li", { class: "quiet" }, t("现在查不了，请稍后再试。", "Not available right now.")));
      }
    };
    picker.addEventListener("toggle", () => { if (picker.open) { ask(); field.focus(); } });
    field.addEventListener("input", debounce(ask, 150));
    field.addEventListener("keydown", (event) => {
      if (event.code === "Enter" && !event.isComposing) one("a", list)?.click();
      if (event.code === "ArrowDown") { event.preventDefault(); one("a", list)?.focus(); }
    });
    list.addEventListener("keydown", (event) => {
      const links = all("a", list);
      const way = { ArrowDown: 1, ArrowUp: -1 }[event.code];
      if (!way) return;
      event.preventDefault();
      (links[links.indexOf(document.activeElement) + way] ?? field).focus();
    });
  }
}

function fill(list, body) {
  const found = Array.isArray(body) ? body : body.options ?? body.items ?? body.regions ?? [];
  if (!found.length) return list.replaceChildren(el("li", { class: "quiet" }, t("没有下级或没有找到", "nothing below, or nothing found")));
  list.replaceChildren(...found.map((region) => {
    const url = new URL(location.href);
    for (const name of ["after", "before"]) url.searchParams.delete(name);
    url.searchParams.set("region", region.code);
    return el("li", {}, el("a", { href: url.pathname + url.search }, el("span", {}, region.name), el("span", { class: "quiet" }, region.path ?? region.code)));
  }));
}
