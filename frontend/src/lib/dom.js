// Small helpers that every bundle uses.

/** The language of the page: "zh" or "en". */
export const language = document.documentElement.dataset.lang === "en" ? "en" : "zh";

/** A text in the language of the page. */
export const t = (zh, en) => (language === "en" ? en : zh);

export const one = (selector, root = document) => root.querySelector(selector);
export const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/** An element: `el("button", {class: "button", type: "button"}, "text", child)`. */
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** An SVG element. */
export function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** Calls `act` once nothing has asked for `wait` ms. */
export function debounce(act, wait) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), wait);
  };
}

/** Whether a key press belongs to what the person types. */
export function typing(event) {
  const target = event.target;
  return event.isComposing || target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !/^(checkbox|radio|button)$/.test(target.type);
}

/** Reads the storage of the browser; a browser that has none is no reason to fail. */
export const store = {
  get(key) {
    try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem(key, JSON.stringify(value)); return true; } catch { return false; }
  },
  drop(key) {
    try { localStorage.removeItem(key); } catch { /* nothing was kept */ }
  },
  keys() {
    try { return Object.keys(localStorage); } catch { return []; }
  },
};

/** The token that a POST of ours must carry. */
export const csrf = () => one("[name=csrfmiddlewaretoken]")?.value ?? "";

/** Says `words` to a screen reader. */
export function announce(words, urgent = false) {
  const region = document.getElementById(urgent ? "assertive" : "polite");
  if (region) region.textContent = words;
}

/** The shapes of the levels 0 to 4 on a 16-unit grid; they match kernel/ui/icons.py. */
export const SHAPES = {
  4: "M2.5 2.5h11v11h-11z",
  3: "M8 2l6.5 11.5h-13z",
  2: "M8 1.5L14.5 8 8 14.5 1.5 8z",
  1: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z",
  0: "M8 3a5 5 0 1 0 0 10A5 5 0 0 0 8 3z",
};
