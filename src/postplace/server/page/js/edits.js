// The adviser's edits of images, made in this page: what is sent afterwards holds nothing of what was taken away.

import { image } from "./images.js";
import { Problem } from "./service.js";

const LONGEST = 2048; // pixels of an edited image, at most
const QUALITY = 0.92;
const COLOURS = 3; // a side that are left of a blurred box

/** The post after a suggestion: its text and tags, its images edited. `sent`: which images could be read.
 *
 * Throws a Problem where this browser cannot open an image that the service could read, such as a TIFF.
 */
export async function edited(suggestion, { images, sent }) {
  const byImage = new Map();
  for (const edit of suggestion.edits) {
    if (edit.part.image !== undefined) {
      const number = sent[edit.part.image];
      byImage.set(number, [...(byImage.get(number) ?? []), edit]);
    }
  }
  const remaining = await Promise.all(images.map(async (original, number) => {
    const edits = byImage.get(number) ?? [];
    if (edits.some((edit) => edit.kind === "drop image")) {
      return null;
    }
    return edits.length ? editedImage(original, edits) : original;
  }));
  return { text: suggestion.text, hashtags: suggestion.hashtags, images: remaining.filter((original) => original !== null) };
}

async function editedImage(original, edits) {
  const bitmap = await createImageBitmap(original.blob).catch(() => {
    const found = "cannot be edited here: this browser does not open images of its kind";
    throw new Problem({ where: original.name, found, remedy: "take another suggestion, or give it as JPEG or PNG and ask again" });
  });
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff"; // what the service shows the model behind transparent parts; a JPEG has none
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  edits.filter((edit) => edit.kind === "blur region").forEach((edit) => blur(canvas, edit.part.box));
  const crop = edits.find((edit) => edit.kind === "crop");
  const shown = crop ? cropped(canvas, crop.part.box) : canvas;
  const blob = await new Promise((done) => shown.toBlob(done, "image/jpeg", QUALITY)); // a new file: no camera's data
  return image(blob, original.name, true);
}

/** Bring a box down to a few colours, smoothed: however large, as little is left of it. */
function blur(canvas, box) {
  const { left, top, width, height } = pixels(canvas, box);
  if (width < 1 || height < 1) {
    return;
  }
  const pen = canvas.getContext("2d");
  const sizes = halvings(width, height);
  let source = part(canvas, { left, top, width, height });
  for (const size of sizes) { // by halves, so that every pixel counts
    source = part(source, { left: 0, top: 0, width: source.width, height: source.height }, size);
  }
  pen.imageSmoothingEnabled = true;
  pen.imageSmoothingQuality = "high";
  pen.drawImage(source, left, top, width, height);
}

function halvings(width, height) {
  const sizes = [];
  let [wide, high] = [width, height];
  while (wide > COLOURS || high > COLOURS) {
    wide = Math.max(COLOURS, Math.ceil(wide / 2));
    high = Math.max(COLOURS, Math.ceil(high / 2));
    sizes.push({ width: wide, height: high });
  }
  return sizes;
}

function part(source, { left, top, width, height }, size = { width, height }) {
  const canvas = document.createElement("canvas");
  canvas.width = size.width;
  canvas.height = size.height;
  canvas.getContext("2d").drawImage(source, left, top, width, height, 0, 0, size.width, size.height);
  return canvas;
}

function cropped(canvas, box) {
  return part(canvas, pixels(canvas, box));
}

function pixels(canvas, [left, top, right, bottom]) {
  const [x, y] = [Math.round(left * canvas.width), Math.round(top * canvas.height)];
  return { left: x, top: y, width: Math.round(right * canvas.width) - x, height: Math.round(bottom * canvas.height) - y };
}
