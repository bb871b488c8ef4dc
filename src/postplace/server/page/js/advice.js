// The adviser: what to hide and how well, and its suggestions as buttons that take the edits and ask again.

import { byId, focusIsLost, make, show } from "./elements.js";
import { edited } from "./edits.js";
import { count, distance, isolated, listed, percent } from "./format.js";
import { optionsForm } from "./options.js";

/** What the adviser says of options of its own, as this page has them. */
const REPHRASED = [
  ["name that place", "choose that place after “Hide” and look again"],
  ["the transfer model", "the other model"],
  ["give `transfer_model`, another model trained on the same posts", "whoever runs this service can have another model attack them"],
];

/** Show what advice can be asked for and, with `advice`, the suggestions; what is said of them.
 *
 * `chosenOptions`, `onChange`, `ask`, `target` and `places`: see `optionsForm`. `take` is given a function that makes the edited post,
 * what the edit is called, and the place that it hides.
 */
export function offerAdvice({ advice = null, images = [], take = null, ...options }) {
  byId("advice").hidden = false;
  const said = advice ? sentence(advice) : "";
  show(byId("advice-content"), optionsForm({ ...options, again: advice !== null }), advice ? make("p", {}, said) : null,
    advice ? suggestions(advice, { images, take }) : null, advice ? notes(advice) : null);
  return said;
}

/** Nothing is advised any more. */
export function clearAdvice() {
  byId("advice").hidden = true;
  show(byId("advice-content"));
}

function sentence(advice) {
  const asItIs = `${isolated(advice.place)} has ${shares(advice)}.`;
  if (advice.rest && !advice.rest.reached) {
    const alone = `Part of the post was not read; asked about alone, that part gives the place ${percent(advice.rest.probability)}.`;
    return `${asItIs} ${alone} ${advice.suggestions.length ? `${count(advice.suggestions.length, "suggestion")} for the rest.` : "Take the place out of it."}`;
  }
  if (advice.not_read && advice.reached && !advice.suggestions.some((suggestion) => suggestion.reached)) {
    return `Of what was read nothing gives the place away, but not all of the post was read, and others may read it. ${asItIs}`;
  }
  if (advice.reached && !advice.suggestions.some((suggestion) => suggestion.reached)) {
    return `Nothing needs to change: the place is hidden as it is. ${asItIs}`;
  }
  if (!advice.suggestions.length) {
    return `${asItIs} No edit that was tried hides the place${advice.transfer_before ? " from both" : ""}.`;
  }
  const end = advice.reached ? "" : " None of them is enough by itself.";
  return `${asItIs} ${count(advice.suggestions.length, "suggestion")}, the best first.${end}`;
}

/** What the place has in the post as it is; with a transfer model for both. */
function shares({ before, transfer_before: other }) {
  const probability = percent(before.probability);
  return other ? `${probability} for this model and ${percent(other.probability)} for another one that does not choose the edits` : probability;
}

function suggestions(advice, { images, take }) {
  if (!advice.suggestions.length) {
    return null;
  }
  const items = advice.suggestions.map((suggestion) => {
    const what = listed(suggestion.edits.map((edit) => edit.description));
    const button = make("button", { type: "button", class: "take" }, "Take it",
      make("span", { class: "unseen" }, `: ${what}, and ask again`));
    button.addEventListener("click", async () => {
      button.disabled = true;
      await take(() => edited(suggestion, { images, sent: advice.images }), what, advice.place);
      button.disabled = false;
      if (button.isConnected && focusIsLost()) { // the edit could not be made
        button.focus();
      }
    });
    return make("li", {}, make("div", {}, make("p", { class: "edits" }, sentenceCase(what)), make("p", {}, effect(advice, suggestion)),
      make("p", { class: "hint" }, cost(suggestion))), button);
  });
  return make("ol", { class: "suggestions", "aria-label": "Suggestions, the best first" }, items);
}

/** What is left to see; what an attacker has that did not guide the search stands first. */
function effect(advice, suggestion) {
  const drop = fall(advice.before, suggestion);
  const [before, other] = [advice.transfer_before, suggestion.transfer_view];
  if (!before || !other) {
    return [verdict(suggestion, false), `${drop} for this model${off(suggestion)}.`];
  }
  const km = advice.goal?.beyond_km ? off(other) : "";
  return [verdict(suggestion, other.probability >= before.probability && !hides(advice, before)),
    `${fall(before, other)} for another model that did not choose the edit${km}; ${drop} for this one.`];
}

/** Whether the place is hidden from one who sees this of the post as it is: then no edit need hide it from them. */
function hides({ goal, place }, { probability, answer, expected_km: km }) {
  return Boolean(goal) && (goal.below ?? 1) >= probability && (km ?? Infinity) >= (goal.beyond_km ?? 0)
    && !(goal.unanswered && answer === place);
}

function verdict({ reached }, rises) {
  if (reached) {
    return make("strong", { class: "hidden-well" }, "Hidden: ");
  }
  return rises ? make("strong", { class: "hides-nothing" }, "Hides nothing from another model: ") : "Not hidden yet: ";
}

function fall(before, after) {
  return `from ${percent(before.probability)} to ${percent(after.probability)}`;
}

function off({ expected_km: km }) {
  return km === undefined ? "" : `, whose guesses are then ${distance(km)} off on average`;
}

function cost({ loss, edits }) {
  const steps = [[0.02, "hardly anything"], [0.1, "a little"], [0.3, "some"], [0.6, "much"]];
  const step = steps.find(([most]) => loss <= most);
  return `Costs ${step ? step[1] : "most"} of what the post says; ${count(edits.length, "edit")}.`;
}

function notes(advice) {
  const said = advice.notes.map((note) => REPHRASED.reduce((text, [told, here]) => text.replace(told, here), note));
  return said.length ? make("p", { class: "hint" }, `To be known: ${said.join("; ")}.`) : null;
}

function sentenceCase(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
