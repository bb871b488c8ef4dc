// The line that says what happens, what went wrong, and what this service was started with.

import { byId, make, show } from "./elements.js";
import { KINDS } from "./answer.js";

/** Say something to those who do not see the page; where nothing else on the page says it, `shown` to all. */
export function announce(text, { shown = false } = {}) {
  byId("status").textContent = text;
  byId("status").classList.toggle("unseen", !shown);
}

let running = 0; // pieces of work: one that is given up may end after the next has begun

/** The page is busy with `what`; the function that ends it is given back. */
export function startBusy(what) {
  if (what) {
    announce(what, { shown: true });
    byId("nothing-yet").hidden = true;
  }
  busy(1);
  return () => busy(-1);
}

/** The line that says so stands outside of what is busy: screen readers pass over what is inside. */
function busy(more) {
  running += more;
  byId("answered").setAttribute("aria-busy", String(running > 0));
  document.body.classList.toggle("busy", running > 0);
}

/** Say where something is wrong, what was found, and what to do. */
export function showProblem({ where, found, remedy, retry = null }) {
  const todo = retry ? `ask again in ${retry} s` : remedy;
  announce("");
  show(byId("problem"), make("div", { class: "problem" },
    make("p", {}, make("strong", {}, `${where}: `), found), make("p", {}, `What to do: ${todo}.`)));
}

/** Nothing is wrong any more. */
export function clearProblem() {
  show(byId("problem"));
}

/** The switches of the service and what is served, and the field for a token where one is wanted. */
export function showSettings(settings) {
  const [one, many] = KINDS[settings.granularity];
  const chip = (name, on, said) => make("li", {}, make("strong", {}, `${name}: ${on ? "on" : "off"}`), ` ${said}`);
  const coarse = settings.granularity === "district" ? "places are shown as districts of several" : `${many} are shown by name`;
  show(byId("switches"),
    chip("fine", settings.fine, coarse),
    chip("home", settings.home, settings.home ? "also where somebody lives is shown" : "what says where somebody lives is withheld"));
  byId("token-field").hidden = !settings.token;
  const classes = `${settings.classes} ${settings.target === "category" ? "kinds of places" : settings.target === "cell" ? "cells" : "places"}`;
  byId("made").textContent = `postplace ${settings.version}, model ${settings.model}, ${classes}, shown by ${one}.`;
}
