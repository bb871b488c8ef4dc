// Posts to click, where the owner of the service gives some.

import { byId, make, show } from "./elements.js";
import { image } from "./images.js";
import { read, readBlob } from "./service.js";
import { count } from "./format.js";

/** Show the examples; `use` is given a function that opens the one that is clicked, until a signal: the post, and its truth. */
export async function showExamples(use) {
  const examples = await read("/examples");
  const items = examples.map((example) => {
    const button = make("button", { type: "button", class: "example" }, ...labelled(example));
    button.addEventListener("click", () => {
      byId("examples").open = wide();
      use((signal) => opened(example, signal));
    });
    return make("li", {}, button);
  });
  show(byId("example-list"), items);
  byId("examples").hidden = examples.length === 0;
  byId("examples").open = wide();
}

/** Whether the answer stands beside the examples: else it would stand far below them. */
function wide() {
  return window.matchMedia("(min-width: 58rem)").matches;
}

function labelled({ text, hashtags, images }) {
  const words = text.trim() || hashtags.map((tag) => `#${tag}`).join(" ") || "no words";
  const held = images.length ? count(images.length, "image") : "";
  return [make("span", { class: "words", dir: "auto" }, words), make("span", { class: "hint" }, held)];
}

async function opened({ text, hashtags, images, truth = null }, signal) {
  const blobs = await Promise.all(images.map((path) => readBlob(path, signal)));
  const held = blobs.map((blob, number) => image(blob, `example image ${number + 1}`));
  return { text, hashtags, images: held, truth };
}
