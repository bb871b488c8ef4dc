// An image with its regions tinted by what they gave: blue for the place, orange against it, with the number in it.

import { make } from "./elements.js";
import { count, strength } from "./format.js";

const LONGEST = 640; // pixels
const COLOURS = { for: "0, 114, 178", against: "213, 94, 0" }; // of Okabe and Ito: told apart by the colour-blind
const MOST = 0.6; // opacity of the strongest region
const LEAST_NAMED = 0.25; // of the strongest: a region below has no frame and no number
const FADED = 0.8; // towards grey: a blue sky would hide blue

/** The image with `regions` over it, as a figure that says in words what it shows. */
export function heatOver(image, regions, { number, strongest }) {
  const canvas = make("canvas", { role: "img" });
  const said = inWords(regions, number, strongest);
  canvas.setAttribute("aria-label", said);
  const element = new Image();
  const address = URL.createObjectURL(image.blob);
  element.addEventListener("load", () => {
    paint(canvas, element, regions, strongest);
    URL.revokeObjectURL(address);
  });
  element.addEventListener("error", () => {
    canvas.replaceWith(make("p", { class: "hint" }, "This browser cannot show the image."));
    URL.revokeObjectURL(address);
  });
  element.src = address;
  return make("figure", { class: "heat" }, canvas, make("figcaption", {}, said));
}

function inWords(regions, number, strongest) {
  const noticeable = regions.filter((part) => Math.abs(part.log_odds) >= LEAST_NAMED * strongest);
  if (!noticeable.length) {
    return `Image ${number}: no region of it counts for much by itself.`;
  }
  noticeable.sort((one, other) => Math.abs(other.log_odds) - Math.abs(one.log_odds));
  const [best] = noticeable;
  const where = best.name.replace(/^image \d+, /, "the region in "); // row 2, column 3
  const rest = noticeable.length > 1 ? `; ${count(noticeable.length - 1, "other region")} noticeably` : "";
  return `Image ${number}: ${where} speaks ${strength(best.log_odds)} it${rest}.`;
}

function paint(canvas, image, regions, strongest) {
  const scale = LONGEST / Math.max(image.naturalWidth, image.naturalHeight);
  canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
  const pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0, canvas.width, canvas.height);
  fade(pen, canvas);
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  for (const part of regions) {
    tint(pen, part, canvas, Math.min(1, Math.abs(part.log_odds) / strongest));
  }
}

function fade(pen, { width, height }) {
  pen.save();
  pen.globalCompositeOperation = "saturation";
  pen.globalAlpha = FADED;
  pen.fillStyle = "#888";
  pen.fillRect(0, 0, width, height);
  pen.restore();
}

function tint(pen, part, { width, height }, share) {
  const [left, top, right, bottom] = part.box;
  const [x, y, wide, high] = [left * width, top * height, (right - left) * width, (bottom - top) * height];
  const colour = COLOURS[part.log_odds > 0 ? "for" : "against"];
  pen.fillStyle = `rgba(${colour}, ${MOST * share})`;
  pen.fillRect(x, y, wide, high);
  if (share < LEAST_NAMED) {
    return;
  }
  pen.strokeStyle = `rgb(${colour})`;
  pen.lineWidth = 2;
  pen.strokeRect(x + 1, y + 1, wide - 2, high - 2);
  pen.font = `600 ${Math.max(13, Math.min(22, wide / 5))}px system-ui, sans-serif`;
  pen.lineWidth = 4;
  pen.strokeStyle = "#000";
  pen.fillStyle = "#fff";
  const number = `${part.log_odds > 0 ? "+" : "−"}${Math.abs(part.log_odds).toFixed(1)}`;
  pen.strokeText(number, x + wide / 2, y + high / 2);
  pen.fillText(number, x + wide / 2, y + high / 2);
}
