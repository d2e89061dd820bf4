// Nothing typed is lost: a form's fields are kept on this device 2 s after the last change and on leaving, for 30 days,
// by person and address. Passwords, files and one-time codes are never kept.
import { all, debounce, el, one, store, t } from "./dom.js";

const KEPT_MS = 30 * 86_400_000;
const WAIT_MS = 2000;
const PREFIX = "draft:";
const LEFT_OUT = new Set(["csrfmiddlewaretoken", "form_key"]);

const keyOf = (form) => `${PREFIX}${document.body.dataset.actor ?? ""}:${new URL(form.action, location.href).pathname}`;

const kept = (form) => all("input, textarea, select", form).filter((field) =>
  field.name && !LEFT_OUT.has(field.name) && !/^(password|file|hidden|submit)$/.test(field.type) && field.autocomplete !== "one-time-code");

function values(form) {
  const found = {};
  for (const field of kept(form)) {
    if (/^(checkbox|radio)$/.test(field.type)) (found[field.name] ??= []).push(...(field.checked ? [field.value] : []));
    else if (field.multiple) found[field.name] = [...field.selectedOptions].map((option) => option.value);
    else found[field.name] = field.value;
  }
  return found;
}

function put(form, found) {
  for (const field of kept(form)) {
    if (!(field.name in found)) continue;
    const value = found[field.name];
    if (/^(checkbox|radio)$/.test(field.type)) field.checked = value.includes(field.value);
    else if (field.multiple) for (const option of field.options) option.selected = value.includes(option.value);
    else field.value = value;
  }
}

const clock = (at) => new Date(at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai", hour12: false });

function say(form, words, act = null) {
  const bar = one("[data-draft-bar]", form);
  if (!bar) return;
  bar.hidden = !words;
  bar.replaceChildren(el("span", {}, words), ...(act ? [act] : []));
}

function save(form) {
  const at = Date.now();
  if (JSON.stringify(values(form)) === form.dataset.blank) return;
  if (store.set(keyOf(form), { at, values: values(form) })) say(form, t(`草稿 ${clock(at)} 已存`, `draft saved ${clock(at)}`));
}

function restore(form) {
  const draft = store.get(keyOf(form));
  if (!draft || Date.now() - draft.at > KEPT_MS || one("[data-summary]", form)) return;
  if (JSON.stringify(draft.values) === form.dataset.blank) return;
  const drop = el("button", { type: "button", class: "link", onclick: () => {
    store.drop(keyOf(form));
    put(form, JSON.parse(form.dataset.blank));
    say(form, "");
  } }, t("不要草稿", "Discard it"));
  put(form, draft.values);
  say(form, t(`已恢复 ${clock(draft.at)} 的草稿`, `draft of ${clock(draft.at)} restored`), drop);
}

/** Starts keeping drafts of every form marked `data-draft` under `root`. */
export function drafts(root = document) {
  const forms = all("form[data-draft]", root);
  if (root.matches?.("form[data-draft]")) forms.push(root);
  for (const form of forms) {
    if (form.dataset.draftOn) continue;
    form.dataset.draftOn = "1";
    form.dataset.blank = JSON.stringify(values(form));
    restore(form);
    const later = debounce(() => form.isConnected && save(form), WAIT_MS);
    form.addEventListener("input", later);
    form.addEventListener("change", later);
    addEventListener("pagehide", () => form.isConnected && !form.dataset.sent && save(form));
  }
}

/** Forgets the draft of a form that the server has taken. */
export function forget(form) {
  form.dataset.sent = "1";
  store.drop(keyOf(form));
}

/** Drops drafts that are older than 30 days. */
export function sweepDrafts() {
  for (const key of store.keys()) {
    if (key.startsWith(PREFIX) && Date.now() - (store.get(key)?.at ?? 0) > KEPT_MS) store.drop(key);
  }
}
