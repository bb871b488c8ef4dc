// Images come in by dropping, pasting or choosing; each has a thumbnail that it can be removed by.

import { byId, make, show } from "./elements.js";
import { Problem } from "./service.js";
import { count } from "./format.js";

const PART_BYTES = 500; // around each part of a form that is sent
const WRITTEN = "textarea, input:not([type=range])";

let addresses = []; // of the thumbnails, inside this page: each holds its image in memory until it is revoked

/** An image of the post: its bytes, and a name to call it by. */
export function image(blob, name, edited = false) {
  return { blob, name, edited };
}

/** Let images in by every way; `add` is given a list of files. */
export function acceptImages(add) {
  const files = byId("files");
  byId("choose").addEventListener("click", () => files.click());
  files.addEventListener("change", () => {
    add([...files.files]);
    files.value = "";
  });
  document.addEventListener("paste", (event) => {
    const { files: pasted, types } = event.clipboardData;
    const meant = types.includes("text/plain") && event.target.closest?.(WRITTEN); // an office program adds an image of its text
    if (pasted.length && !meant) {
      event.preventDefault();
      add([...pasted]);
    }
  });
  acceptDrops(add);
}

/** Those of the files that can be taken, and in words what is wrong with the first of the others. */
export function acceptable(files, { held, limits }) {
  const accepted = [];
  let problem = null;
  for (const file of files) {
    const found = wrongWith(file, held + accepted.length, limits);
    if (found === null) {
      accepted.push(image(file, file.name || "pasted image"));
    } else {
      problem ??= { where: file.name || "pasted file", ...found };
    }
  }
  return { accepted, problem };
}

/** Throws a Problem for a post that the service would not read to its end. */
export function checkSize({ text, hashtags, images }, limits) {
  const words = new Blob([text, hashtags]).size;
  const bytes = images.reduce((sum, item) => sum + item.blob.size + PART_BYTES, words + 10 * PART_BYTES);
  if (bytes > limits.body_bytes) {
    const most = (limits.body_bytes / 1e6).toFixed(1);
    const remedy = `give images of less than ${most} MB together: fewer, or smaller ones`;
    throw new Problem({ where: "post", found: `has ${(bytes / 1e6).toFixed(1)} MB`, remedy });
  }
}

/** The thumbnails of the images; `remove` is given the one to remove. */
export function showThumbnails(images, remove) {
  addresses.forEach((address) => URL.revokeObjectURL(address));
  addresses = images.map((shown) => URL.createObjectURL(shown.blob));
  const items = images.map((shown, number) => {
    const called = `image ${number + 1}`;
    const address = addresses[number];
    const preview = make("img", { src: address, alt: `${called}: ${shown.name}`, error: () => preview.replaceWith(noPreview(shown)) });
    const button = make("button", { type: "button", class: "remove", "aria-label": `Remove ${called}, ${shown.name}` }, "×");
    button.addEventListener("click", () => {
      remove(shown);
      const next = byId("thumbnails").querySelectorAll(".remove")[Math.min(number, images.length - 2)];
      (next ?? byId("choose")).focus();
    });
    const save = shown.edited ? make("a", { href: address, download: `${called}.jpg`, class: "save" }, "Save edited") : null;
    return make("li", {}, preview, button, save);
  });
  show(byId("thumbnails"), items);
  byId("thumbnails").hidden = images.length === 0;
}

function noPreview(shown) {
  return make("span", { class: "no-preview" }, shown.name);
}

function wrongWith(file, held, limits) {
  if (file.type && !file.type.startsWith("image/")) {
    return { found: "is not an image", remedy: "give a JPEG, PNG, WebP or the like" };
  }
  if (file.size > limits.image_bytes) {
    const most = Math.round(limits.image_bytes / 1e6);
    return { found: `has ${(file.size / 1e6).toFixed(1)} MB`, remedy: `give images of at most ${most} MB` };
  }
  if (held >= limits.images) {
    return { found: "is one too many", remedy: `a post has at most ${count(limits.images, "image")} here` };
  }
  return null;
}

function acceptDrops(add) {
  const zone = byId("drop");
  let depth = 0; // entering a child fires before leaving its parent
  const carriesFiles = (event) => event.dataTransfer?.types.includes("Files");
  const mark = () => zone.classList.toggle("over", depth > 0);
  document.addEventListener("dragenter", (event) => {
    depth += carriesFiles(event) ? 1 : 0;
    mark();
  });
  document.addEventListener("dragleave", (event) => {
    depth = Math.max(0, depth - (carriesFiles(event) ? 1 : 0));
    mark();
  });
  document.addEventListener("dragover", (event) => {
    if (carriesFiles(event)) {
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
    }
  });
  document.addEventListener("drop", (event) => {
    depth = 0;
    mark();
    if (carriesFiles(event)) {
      event.preventDefault();
      add([...event.dataTransfer.files]);
    }
  });
}
