// Forms: sent once on a double press, errors brought into view, pictures shown before they are sent.
import { all, el, one, t } from "./dom.js";
import { drafts, forget } from "./drafts.js";

export function forms() {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[method=post]") || event.defaultPrevented) return;
    if (form.hasAttribute("hx-post")) return; // htmx sends it and disables the button itself
    if (form.dataset.sending) return event.preventDefault();
    form.dataset.sending = "1";
    if (form.hasAttribute("data-draft")) forget(form);
    setTimeout(() => all("button[type=submit]", form).forEach((button) => { button.disabled = true; }));
  });
  addEventListener("pageshow", (event) => { // back from the next page: the form can be sent again
    if (!event.persisted) return;
    for (const form of all("form[data-sending]")) {
      delete form.dataset.sending;
      all("button[type=submit]", form).forEach((button) => { button.disabled = false; });
    }
  });
  document.addEventListener("change", (event) => {
    const field = event.target;
    if (field.matches("[data-submit]")) field.form.requestSubmit();
    if (field.matches("input[type=file]")) withinLimit(field) && preview(field);
  });
  document.addEventListener("submit", periodRange, true);
}

function periodRange(event) {
  const form = event.target.closest("[data-period-form]");
  if (!form) return;
  const [from, to] = [one("[data-from]", form).value, one("[data-to]", form).value];
  if (from && to) form.elements.period.value = from <= to ? `${from}..${to}` : `${to}..${from}`;
}

/** Shows what the server found wrong: the summary takes focus and the title says so. */
export function formArrived(root) {
  drafts(root);
  const summary = root.matches?.("[data-summary]") ? root : one("[data-summary]", root);
  if (!summary) return;
  summary.focus();
  const lead = t("出错：", "Error: ");
  if (!document.title.startsWith(lead)) document.title = lead + document.title;
}

/** Whether the chosen files are small enough; a larger one is refused here, before minutes are spent on sending it. */
function withinLimit(field) {
  const box = field.closest(".field") ?? field.parentElement;
  one("[data-too-large]", box)?.remove();
  const limit = Number(field.dataset.limitMb ?? 0);
  const large = limit && [...field.files].find((file) => file.size > limit * 1e6);
  if (!large) return true;
  const size = (large.size / 1e6).toFixed(1);
  field.value = "";
  box.append(el("p", { class: "field-error", role: "alert", "data-too-large": true }, t(
    `“${large.name}”有 ${size} MB，上限 ${limit} MB，没有上传。请只上传正文，或粘贴文字。`,
    `“${large.name}” has ${size} MB; the limit is ${limit} MB. It was not sent: upload the paper's text alone, or paste it.`)));
  return false;
}

const addresses = new WeakMap();
function preview(field) {
  (addresses.get(field) ?? []).forEach(URL.revokeObjectURL);
  const box = field.closest(".field") ?? field.parentElement;
  one(".previews", box)?.remove();
  const pictures = [...field.files].filter((file) => file.type.startsWith("image/"));
  const urls = pictures.map((file) => URL.createObjectURL(file));
  addresses.set(field, urls);
  if (urls.length) box.append(el("div", { class: "previews" }, ...urls.map((src, i) => el("img", { src, alt: pictures[i].name }))));
}
