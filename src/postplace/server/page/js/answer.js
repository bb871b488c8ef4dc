// The answer in words and as a list of places with bars.

import { bar, byId, make, show } from "./elements.js";
import { count, distance, isolated, likelihood, listed, percent, readSoFar } from "./format.js";

/** What an answer's places are called, one and several. */
export const KINDS = {
  place: ["place", "places"],
  cell: ["cell of the map", "cells of the map"],
  district: ["district", "districts"],
  category: ["kind of place", "kinds of places"],
};

/** The answer in a sentence or two, for the line that screen readers say. */
export function summary(answer) {
  const [best, second] = answer.places;
  if (!best) {
    return "Not enough to tell: the post gave nothing to go by.";
  }
  const rest = second ? ` Next comes ${isolated(second.place)}, ${percent(second.probability)}.` : "";
  const start = answer.confident ? "" : "Not enough to tell. ";
  return `${start}${isolated(best.place)}: ${percent(best.probability)}.${rest}`;
}

/** Show the answer; `why` is given a place that reasons are asked for, `chosen` the number of one to show on the map. */
export function showAnswer(answer, { why, chosen, floor }) {
  const [best] = answer.places;
  show(byId("verdict"), best ? verdict(answer, best, floor) : nothing(), unread(answer), notRead(answer));
  show(byId("places"), answer.places.length ? list(answer, { why, chosen }) : null, promise(answer));
}

/** Mark the place of that number in the list. */
export function markPlace(number) {
  [...document.querySelectorAll(".ranked > li")].forEach((item, own) => item.classList.toggle("selected", own === number));
}

/** Say what an edit did to the place that was the answer before it. */
export function compare(before, places) {
  if (before) {
    const now = places.find((place) => place.place === before.place)?.probability;
    const after = now === undefined ? "not among the likeliest any more" : percent(now);
    remark(`${isolated(before.place)}: ${percent(before.probability)} before the edit, ${after} now.`);
  }
}

/** A line under the verdict. */
export function remark(text) {
  byId("verdict").append(make("p", { class: "compared" }, text));
}

/** Nothing is answered any more. */
export function clearAnswer() {
  show(byId("verdict"));
  show(byId("places"));
}

function verdict(answer, best, floor) {
  const [one] = KINDS[answer.granularity];
  if (!answer.confident) {
    return make("p", { class: "verdict unsure" }, make("strong", {}, "Not enough to tell. "),
      `The likeliest ${one}, ${isolated(best.place)}, has ${percent(best.probability)}, below the ${percent(floor)} you asked for.`);
  }
  return make("p", { class: "verdict" }, "It was ", likelihood(best.probability), " made in ",
    make("strong", { dir: "auto" }, best.place), `: ${percent(best.probability)}, going by ${listed(answer.modalities.map(called))}.`);
}

function called(modality) {
  return modality === "image" ? "images" : modality;
}

function nothing() {
  return make("p", { class: "verdict unsure" }, make("strong", {}, "Not enough to tell. "),
    "The post gave nothing to go by: add words, hashtags or an image.");
}

function unread(answer) {
  if (!answer.unread.length) {
    return null;
  }
  const said = `${count(answer.unread.length, "image")} could not be read: ${answer.unread.join("; ")}. `;
  return make("p", { class: "hint" }, `${said}The answer is about the rest.`);
}

/** How far the post was read, where that is not to its end. */
function notRead(answer) {
  return answer.not_read ? make("p", { class: "hint not-read" }, readSoFar(answer.not_read.said)) : null;
}

function list(answer, { why, chosen }) {
  const items = answer.places.map((place, number) => {
    const rank = make("span", { class: "rank", "aria-hidden": "true" }, String(number + 1));
    const where = place.radius_km ? make("span", { class: "hint" }, `within ${distance(place.radius_km)}`) : null;
    const share = make("span", { class: "share" }, percent(place.probability));
    const button = make("button", { type: "button", class: "quiet small", click: () => why(place.place) },
      "Why?", make("span", { class: "unseen" }, ` What speaks for ${place.place}?`));
    const item = make("li", {}, rank, make("span", { class: "what" }, make("span", { class: "called", dir: "auto" }, place.place), where),
      share, button, bar(place.probability));
    item.addEventListener("pointerenter", () => chosen(number));
    button.addEventListener("focus", () => chosen(number));
    return item;
  });
  const named = `${KINDS[answer.granularity][1]}, the likeliest first`;
  return make("ol", { class: "ranked", "aria-label": named }, items);
}

function promise(answer) {
  if (!answer.prediction_set) {
    return null;
  }
  const [one, many] = KINDS[answer.granularity];
  const share = percent(answer.level);
  const circle = answer.prediction_circle ? ` The dashed circle, ${distance(answer.prediction_circle.radius_km)} in radius, does so too.` : "";
  const set = answer.prediction_set.map(isolated);
  const names = set.length > 6 ? `${set.slice(0, 6).join(", ")} and ${set.length - 6} more` : listed(set);
  const caveat = answer.caveat ? ` Note: ${answer.caveat}.` : "";
  return make("p", { class: "hint promise" },
    `With ${share}, on average over people however much they post, the true ${one} is in a set like this one of ${count(answer.prediction_set.length, one, many)}: ${names}.${circle}${caveat}`);
}
