// What the adviser can be asked for: which place to hide, with how many edits, and what is enough.

import { make } from "./elements.js";
import { count, distance } from "./format.js";

const MOST_EDITS = [1, 2, 3];
const DISTANCES = [null, 1, 5, 20, 100]; // km; null: another answer is enough

/** What is asked for before anything was chosen; `place` null: whatever the model answers. */
export const DEFAULT_OPTIONS = { place: null, max_edits: 2, beyond_km: null };

/** The choices and their button. `onChange` is given each choice as it is made, `ask` all of them. */
export function optionsForm({ ask, chosenOptions, onChange, target, places, again }) {
  const hide = choice("hide-place", hideable(places, chosenOptions.place), chosenOptions.place);
  const most = choice("max-edits", MOST_EDITS.map((number) => [number, count(number, "edit")]), chosenOptions.max_edits);
  const located = places.some((place) => place.latitude !== undefined);
  const far = located ? choice("beyond-km", DISTANCES.map((km) => [km, enough(km)]), chosenOptions.beyond_km) : null;
  const chosen = () => ({ place: hide.value || null, max_edits: Number(most.value), beyond_km: Number(far?.value) || null });
  [hide, most, far].forEach((select) => select?.addEventListener("change", () => onChange(chosen())));
  const button = make("button", { type: "button", id: "advise", click: () => ask(chosen()) }, again ? "Look again" : "Suggest edits");
  const goal = target === "category" ? "what kind of place it was" : "where it was made";
  return make("div", { class: "request" },
    make("p", { class: "hint" }, `Looks for the smallest change that hides ${goal} from the model. `,
      "If you know where that was, choose it: to hide a wrong answer may bring the right one up."),
    make("p", { class: "actions" }, labelled(hide, "Hide"), labelled(most, "with at most"), far && labelled(far, "until"), button));
}

/** The places on the screen, and the one that was chosen before, where an edit has taken it off the list. */
function hideable(places, chosen) {
  const names = places.map((place) => place.place);
  const all = chosen === null || names.includes(chosen) ? names : [...names, chosen];
  return [[null, "what the model answers"], ...all.map((name) => [name, name])];
}

function enough(km) {
  return km === null ? "it no longer says so" : `it is ${distance(km)} off on average`;
}

function choice(id, options, chosen) {
  const made = options.map(([value, said]) => {
    const option = make("option", { value: value ?? "", dir: "auto" }, said);
    option.selected = value === chosen;
    return option;
  });
  return make("select", { id }, made);
}

/** A choice and what it is called stay on one line. */
function labelled(select, name) {
  return make("span", { class: "choice" }, make("label", { for: select.id }, name), select);
}
