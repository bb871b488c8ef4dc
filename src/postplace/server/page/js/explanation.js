// What gave it away: modalities, words and tags marked in the post, heat over the images, and all of it in words.

import { bar, byId, make, show } from "./elements.js";
import { heatOver } from "./heat.js";
import { isolated, listed, named, percent, readSoFar, strength } from "./format.js";

const NOTICEABLE = 0.05; // nats
const LEAST_SHADED = 0.05; // of the strongest part
const ROWS = 12;

/** Show an explanation, or the button that asks for one (`found` is null); what it says, in a sentence. */
export function showReasons(found, { images = [], ask }) {
  byId("why").hidden = false;
  if (found === null) {
    const button = make("button", { type: "button", id: "explain", click: ask }, "Show what gave it away");
    show(byId("why-content"), make("p", { class: "hint" }, "Takes the post apart and asks again without each part."), button);
    return "";
  }
  const strongest = Math.max(...found.parts.map((part) => Math.abs(part.log_odds)), 1e-9);
  const said = sentence(found);
  show(byId("why-content"),
    make("p", {}, said),
    found.not_read ? make("p", { class: "hint not-read" }, `${readSoFar(found.not_read.said)} Words that were not are struck out: nothing is known of what they tell.`) : null,
    make("p", { class: "legend" }, make("mark", { class: "for" }, "speaks for it"), " ", make("mark", { class: "against" }, "speaks against it")),
    modalities(found),
    marked(found, strongest),
    make("div", { class: "heats" }, heats(found, images)),
    table(found),
    evidence(found),
    notes(found));
  return said;
}

/** Nothing is explained any more. */
export function clearReasons() {
  byId("why").hidden = true;
  show(byId("why-content"));
}

function sentence(found) {
  const parts = found.parts.filter((part) => part.kind !== "characters" && part.log_odds > NOTICEABLE);
  const whole = percent(found.whole.probability);
  if (!parts.length) {
    const sides = found.modalities.filter((own) => own.log_odds > NOTICEABLE).map(named);
    const others = sides.length ? `together, ${listed(sides)} do` : "the model believed in it from the start";
    return `${isolated(found.place)} has ${whole}. No single part speaks for it: ${others}.`;
  }
  const best = parts[0];
  const without = percent(Math.max(0, Math.min(1, found.whole.probability - best.probability)));
  const more = parts.slice(1, 3).map(named);
  const rest = more.length ? ` Then ${more.length === 1 ? "comes" : "come"} ${listed(more)}.` : "";
  return `${isolated(found.place)} has ${whole}. What speaks most for it is ${named(best)}: without it, it would be about ${without}.${rest}`;
}

function modalities(found) {
  const strongest = Math.max(...found.modalities.map((own) => Math.abs(own.log_odds)), 1e-9);
  const items = found.modalities.map((own) => make("li", {},
    make("span", { class: "called" }, named(own)),
    make("span", { class: "share" }, `${strength(own.log_odds)}`),
    bar(Math.abs(own.log_odds) / strongest, own.log_odds > 0 ? "for" : "against")));
  return make("ul", { class: "effects", "aria-label": "What each side of the post gave" }, items);
}

/** The text and the tags with what moved the answer shaded. */
function marked(found, strongest) {
  const letters = Array.from(found.text); // spans count characters, not the halves that some have here
  const unread = found.not_read?.parts ?? [];
  const words = [...found.parts, ...unread].filter((part) => part.kind === "word" && part.field === "text").sort((one, other) => one.start - other.start);
  const pieces = [];
  let end = 0;
  for (const word of words) {
    pieces.push(letters.slice(end, word.start).join(""), shaded(letters.slice(word.start, word.end).join(""), word, strongest));
    end = word.end;
  }
  pieces.push(letters.slice(end).join(""));
  const tags = found.hashtags.map((tag) => {
    const own = [...found.parts, ...unread].find((part) => part.kind === "hashtag" && part.name === tag);
    return make("li", { dir: "auto" }, own ? shaded(`#${tag}`, own, strongest) : `#${tag}`);
  });
  return make("div", { class: "marked" }, found.text ? make("p", { dir: "auto" }, pieces) : null, tags.length ? make("ul", { class: "tags" }, tags) : null);
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

function heats(found, images) {
  const regions = found.parts.filter((part) => part.kind === "region");
  const strongest = Math.max(...regions.map((part) => Math.abs(part.log_odds)), NOTICEABLE);
  return found.images.map((sent, readable) => {
    const own = regions.filter((part) => part.image === readable);
    return own.length && images[sent] ? heatOver(images[sent], own, { number: sent + 1, strongest }) : null;
  });
}

function table(found) {
  const told = found.parts.filter((part) => Math.abs(part.log_odds) >= NOTICEABLE);
  if (!told.length) {
    return null;
  }
  told.sort((one, other) => Math.abs(other.log_odds) - Math.abs(one.log_odds));
  const rows = told.slice(0, ROWS).map((part) => {
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

function evidence(found) {
  if (!found.evidence.length) {
    return null;
  }
  const items = found.evidence.map((near) => make("li", {}, `${near.id}, ${near.place} (similarity ${near.similarity.toFixed(2)})`));
  return make("details", {}, make("summary", {}, "Training posts most like it"), make("ul", {}, items));
}

function notes(found) {
  const said = found.notes.filter((note) => !found.not_read?.said.includes(note)); // that stands above
  return said.length ? make("p", { class: "hint" }, `To be known: ${said.join("; ")}.`) : null;
}
