// Taking a seat: the test tone, and which urgent alarms were opened (they go with the form).
import { all, one } from "./lib/dom.js";
import { Sound } from "./lib/sound.js";

const sound = new Sound();
const read = new Set();

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-read]");
  if (link) {
    read.add(link.dataset.read);
    link.closest("li").classList.add("done");
    for (const field of all("input[name=read]")) field.value = [...read].join(",");
  }
  if (event.target.closest("[data-test-tone]")) sound.enable();
});
one("[data-test-tone]")?.focus();
