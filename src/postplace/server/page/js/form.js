// The form's own keys and sliders.

import { byId } from "./elements.js";

/** Call `ask` where somebody asks, and not where an input method finishes a word; say what the sliders stand at. */
export function listenToForm(ask) {
  const form = byId("form");
  let composing = 0; // when an input method last finished a word: its Enter is not for us
  form.addEventListener("compositionstart", () => { composing = Infinity; });
  form.addEventListener("compositionend", (event) => { composing = event.timeStamp; });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.timeStamp - composing > 50) {
      ask();
    }
  });
  byId("text").addEventListener("keydown", (event) => {
    const composes = event.isComposing || event.keyCode === 229;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !composes) {
      event.preventDefault();
      ask();
    }
  });
  for (const name of ["confidence", "level"]) {
    byId(name).addEventListener("input", () => tellShare(name));
    tellShare(name); // a browser may bring back what stood there before
  }
}

/** Say what share a slider stands at, beside it and to screen readers. */
function tellShare(name) {
  const said = `${byId(name).value} %`;
  byId(`${name}-said`).value = said;
  byId(name).setAttribute("aria-valuetext", said);
}
