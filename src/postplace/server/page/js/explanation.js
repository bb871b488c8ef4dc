// What gave it away: modalities, words and tags marked in the post, heat over the images, and all of it in words.

import { bar, byId, make, show } from "./elements.js";
import { heatOver } from "./heat.js";
import { isolated, listed, named, percent, readSoFar, strength } from "./format.js";

const NOTICEABLE = 0.05; // nats
const LEAST_SHADED = 0.05; // of the strongest part
const ROWS = 12;

/** Show an explanation, or the button that asks for one (`explanation` is null); what it says, in a sentence. */
export function showReasons(explanation, { images = [], ask }) {
  byId("why").hidden = false;
  if (explanation === null) {
    const button = make("button", { type: "button", id: "explain", click: ask }, "Show what gave it away");
    show(byId("why-content"), make("p", { class: "hint" }, "Takes the post apart and asks again without each part."), button);
    return "";
  }
  const strongest = Math.max(...explanation.parts.map((part) => Math.abs(part.log_odds)), 1e-9);
  const said = sentence(explanation);
  show(byId("why-content"),
    make("p", {}, said),
    explanation.not_read ? make("p", { class: "hint not-read" }, `${readSoFar(explanation.not_read.said)} Words that were not are struck out: nothing is known of what they give away.`) : null,
    make("p", { class: "legend" }, make("mark", { class: "for" }, "speaks for it"), " ", make("mark", { class: "against" }, "speaks against it")),
    modalities(explanation),
    marked(explanation, strongest),
    make("div", { class: "heats" }, heats(explanation, images)),
    table(explanation),
    evidence(explanation),
    notes(explanation));
  return said;
}

/** Nothing is explained any more. */
export function clearReasons() {
  byId("why").hidden = true;
  show(byId("why-content"));
}

function sentence(explanation) {
  const parts = explanation.parts.filter((part) => part.kind !== "characters" && part.log_odds > NOTICEABLE);
  const whole = percent(explanation.whole.probability);
  if (!parts.length) {
    const sides = explanation.modalities.filter((effect) => effect.log_odds > NOTICEABLE).map(named);
    const others = sides.length ? `together, ${listed(sides)} do` : "the model believed in it from the start";
    return `${isolated(explanation.place)} has ${whole}. No single part speaks for it: ${others}.`;
  }
  const best = parts[0];
  const without = percent(Math.max(0, Math.min(1, explanation.whole.probability - best.probability)));
  const more = parts.slice(1, 3).map(named);
  const rest = more.length ? ` Then ${more.length === 1 ? "comes" : "come"} ${listed(more)}.` : "";
  return `${isolated(explanation.place)} has ${whole}. What speaks most for it is ${named(best)}: without it, it would be about ${without}.${rest}`;
}

function modalities(explanation) {
  const strongest = Math.max(...explanation.modalities.map((effect) => Math.abs(effect.log_odds)), 1e-9);
  const items = explanation.modalities.map((effect) => make("li", {},
    make("span", { class: "called" }, named(effect)),
    make("span", { class: "share" }, `${strength(effect.log_odds)}`),
    bar(Math.abs(effect.log_odds) / strongest, effect.log_odds > 0 ? "for" : "against")));
  return make("ul", { class: "effects", "aria-label": "What each side of the post gave" }, items);
}

/** The text and the tags with what moved the answer shaded. */
function marked(explanation, strongest) {
  const letters = Array.from(explanation.text); // spans count characters, not the halves that some have here
  const unread = explanation.not_read?.parts ?? [];
  const words = [...explanation.parts, ...unread].filter((part) => part.kind === "word" && part.field === "text").sort((one, other) => one.start - other.start);
  const pieces = [];
  let end = 0;
  for (const word of words) {
    pieces.push(letters.slice(end, word.start).join(""), shaded(letters.slice(word.start, word.end).join(""), word, strongest));
    end = word.end;
  }
  pieces.push(letters.slice(end).join(""));
  const tags = explanation.hashtags.map((tag) => {
    const effect = [...explanation.parts, ...unread].find((part) => part.kind === "hashtag" && part.name === tag);
    return make("li", { dir: "auto" }, effect ? shaded(`#${tag}`, effect, strongest) : `#${tag}`);
  });
  return make("div", { class: "marked" }, explanation.text ? make("p", { dir: "auto" }, pieces) : null, tags.length ? make("ul", { class: "tags" }, tags) : null);
}

function shaded(text, part, strongest) {
  if (part.log_odds === undefined) { // nothing is known of what it tells
    return make("s", { class: "not-read", title: "not read" }, text);
  }
  const share = Math.abs(part.log_odds) / strongest;
  if (share < LEAST_SHADED || Math.abs(part.log_odds) < NOTICEABLE) {
    return text;
  }
  const mark = make("mark", { class: part.log_odds > 0 ? "for" : "against", title: `speaks ${strength(part.log_odds)} it` }, text);
  mark.style.setProperty("--strength", (0.12 + 0.5 * share).toFixed(2));
  return mark;
}

function heats(explanation, images) {
  const regions = explanation.parts.filter((part) => part.kind === "region");
  const strongest = Math.max(...regions.map((part) => Math.abs(part.log_odds)), NOTICEABLE);
  return explanation.images.map((sent, readable) => {
    const imageRegions = regions.filter((part) => part.image === readable);
    return imageRegions.length && images[sent] ? heatOver(images[sent], imageRegions, { number: sent + 1, strongest }) : null;
  });
}

function table(explanation) {
  const noticeable = explanation.parts.filter((part) => Math.abs(part.log_odds) >= NOTICEABLE);
  if (!noticeable.length) {
    return null;
  }
  noticeable.sort((one, other) => Math.abs(other.log_odds) - Math.abs(one.log_odds));
  const rows = noticeable.slice(0, ROWS).map((part) => {
    const change = Math.round(100 * part.probability);
    const points = change === 0 ? "under 1" : Math.abs(change);
    return make("tr", {}, make("th", { scope: "row" }, named(part)), make("td", {}, strength(part.log_odds)),
      make("td", { class: "n" }, `${part.probability < 0 ? "−" : "+"}${points} points`));
  });
  const head = ["Part", "Speaks", "Moves it by"].map((name, column) => make("th", { scope: "col", class: column === 2 ? "n" : null }, name));
  return make("details", {}, make("summary", {}, "Part by part, in words"),
    make("table", {}, make("caption", {}, "What is lost when this part alone is taken away, in points of probability"),
      make("thead", {}, make("tr", {}, head)), make("tbody", {}, rows)));
}

function evidence(explanation) {
  if (!explanation.evidence.length) {
    return null;
  }
  const items = explanation.evidence.map((neighbour) => make("li", {}, `${neighbour.id}, ${neighbour.place} (similarity ${neighbour.similarity.toFixed(2)})`));
  return make("details", {}, make("summary", {}, "Training posts most like it"), make("ul", {}, items));
}

function notes(explanation) {
  const said = explanation.notes.filter((note) => !explanation.not_read?.said.includes(note)); // that stands above
  return said.length ? make("p", { class: "hint" }, `To be known: ${said.join("; ")}.`) : null;
}
