// What a person chooses for the look: theme, density, single keys. Cookies, so that the server draws it right at once.
import { all } from "./dom.js";

const YEAR_S = 365 * 86400;
const read = (name) => document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`))?.split("=")[1];

export const keysOn = () => read("keys") !== "off";

export function preferences() {
  mark("keys", keysOn() ? "on" : "off");
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-set]");
    if (!button) return;
    const { set: name, value } = button.dataset;
    document.cookie = `${name}=${value}; path=/; max-age=${YEAR_S}; samesite=lax`;
    if (name !== "keys") document.documentElement.dataset[name] = value;
    mark(name, value);
    if (name === "theme") document.dispatchEvent(new CustomEvent("wh:theme"));
  });
}

function mark(name, value) {
  for (const button of all(`[data-set="${name}"]`)) button.setAttribute("aria-pressed", String(button.dataset.value === value));
}
