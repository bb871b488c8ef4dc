// The adviser: what to protect and how well, and its suggestions as buttons that take the edits and ask again.

import { byId, make, show } from "./elements.js";
import { edited } from "./edits.js";
import { count, distance, isolated, listed, percent } from "./words.js";

const DISTANCES = [1, 5, 20, 100]; // km

/** Show what advice can be asked for and, with `advice`, the suggestions; what is said of them.
 *
 * `take` is given a function that makes the edited post, and what the edit is called.
 */
export function offerAdvice({ ask, target, located, advice = null, pictures = [], take = null }) {
  byId("advice").hidden = false;
  const said = advice ? sentence(advice) : "";
  show(byId("advice-content"), request(ask, { target, located, advice }), advice ? make("p", {}, said) : null,
    advice ? suggestions(advice, { pictures, take }) : null, advice ? notes(advice) : null);
  return said;
}

/** Nothing is advised any more. */
export function clearAdvice() {
  byId("advice").hidden = true;
  show(byId("advice-content"));
}

function request(ask, { target, located, advice }) {
  const most = make("select", { id: "max-edits" }, [1, 2, 3].map((number) => {
    const option = make("option", { value: number }, count(number, "edit"));
    option.selected = number === (advice?.asked_with.max_edits ?? 2);
    return option;
  }));
  const goal = target === "category" ? "what kind of place it was" : "where it was made";
  const far = !located ? null : distances(advice?.asked_with.beyond_km ?? null);
  const button = make("button", { type: "button", id: "advise" }, advice ? "Look again" : "Suggest edits");
  button.addEventListener("click", () => ask({ max_edits: Number(most.value), beyond_km: Number(far?.value) || null }));
  return make("div", { class: "request" },
    make("p", { class: "hint" }, `Looks for the smallest change that hides ${goal} from the model.`),
    make("p", { class: "actions" }, make("label", { for: "max-edits" }, "At most"), most,
      far && make("label", { for: "beyond-km" }, "until"), far, button));
}

/** What is enough: another answer, or answers that are so many km off. */
function distances(asked) {
  const options = [null, ...DISTANCES].map((km) => {
    const said = km === null ? "it no longer says so" : `it is ${distance(km)} off on average`;
    const option = make("option", { value: km ?? "" }, said);
    option.selected = km === asked;
    return option;
  });
  return make("select", { id: "beyond-km" }, options);
}

function sentence(advice) {
  if (!advice.suggestions.length) {
    return advice.reached ? "Nothing needs to change: the place is hidden as it is." : "No edit that was tried hides the place.";
  }
  const before = percent(advice.before.probability);
  const end = advice.reached ? "" : " None of them is enough by itself.";
  return `${isolated(advice.place)} has ${before}. ${count(advice.suggestions.length, "suggestion")}, the best first.${end}`;
}

function suggestions(advice, { pictures, take }) {
  const items = advice.suggestions.map((suggestion) => {
    const what = listed(suggestion.edits.map((edit) => edit.description));
    const button = make("button", { type: "button", class: "take" }, "Take it",
      make("span", { class: "unseen" }, `: ${what}, and ask again`));
    button.addEventListener("click", async () => {
      button.disabled = true;
      await take(() => edited(suggestion, { pictures, sent: advice.pictures }), what);
      button.disabled = false;
    });
    return make("li", {}, make("div", {}, make("p", { class: "edits" }, sentenceCase(what)), make("p", {}, effect(advice, suggestion)),
      make("p", { class: "hint" }, cost(suggestion))), button);
  });
  return make("ol", { class: "suggestions", "aria-label": "Suggestions, the best first" }, items);
}

/** What is left to see; what an attacker has that did not guide the search stands first. */
function effect(advice, suggestion) {
  const drop = (before, after) => `from ${percent(before.probability)} to ${percent(after.probability)}`;
  const hidden = suggestion.reached ? make("strong", { class: "hidden-well" }, "Hidden: ") : "Not hidden yet: ";
  const own = drop(advice.before, suggestion);
  if (suggestion.judged) {
    return [hidden, `${drop(suggestion.judged_before, suggestion.judged)} for another model that did not choose the edit; ${own} for this one.`];
  }
  const far = suggestion.expected_km === undefined ? "" : `, whose guesses are then ${distance(suggestion.expected_km)} off on average`;
  return [hidden, `${own} for this model${far}.`];
}

function cost({ loss, edits }) {
  const steps = [[0.02, "hardly anything"], [0.1, "a little"], [0.3, "some"], [0.6, "much"]];
  const found = steps.find(([most]) => loss <= most);
  return `Costs ${found ? found[1] : "most"} of what the post says; ${count(edits.length, "edit")}.`;
}

function notes(advice) {
  return advice.notes.length ? make("p", { class: "hint" }, `To be known: ${advice.notes.join("; ")}.`) : null;
}

function sentenceCase(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
