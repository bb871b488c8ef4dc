// The page: what happens when something is asked, edited, taken back or clicked.

import { clearAdvice, offerAdvice } from "./advice.js";
import { clearAnswer, compare, markPlace, remark, showAnswer, summary } from "./answer.js";
import { attempt, giveUp, tell, until } from "./attempt.js";
import { byId, focusIsLost, intoView } from "./elements.js";
import { showExamples } from "./examples.js";
import { listenToForm } from "./form.js";
import { PlaceMap } from "./map.js";
import { acceptable, acceptPictures, checkSize, showThumbnails } from "./pictures.js";
import { EditedPost } from "./post.js";
import { ask, read, useToken } from "./service.js";
import { clearProblem, say, showProblem, showSettings, working } from "./telling.js";
import { clearReasons, showReasons } from "./why.js";
import { WISHES } from "./wishes.js";
import { isolated, shortened } from "./words.js";

let settings = null;
let map = null;
let learned = null; // the promise of both
let last = null; // the last answer
let asked = null; // and of which post it is
let explained = false; // whether reasons stand under it
let wished = WISHES; // what the adviser is asked for

const post = new EditedPost(byId("text"), byId("hashtags"), () => {
  showThumbnails(post.pictures, (picture) => {
    post.remove(picture);
    say("Picture removed.");
  });
  byId("undo").hidden = post.undoable === null;
  byId("undo").textContent = post.undoable === null ? "Undo" : shortened(`Undo: ${post.undoable}`);
});

/** Ask where the form's post was made; whether there is an answer. `told`, an edit of the same post, is said before it. */
async function predict(told = "") {
  if (post.empty) {
    giveUp();
    forget();
    showProblem({ where: "post", found: "is empty", remedy: "give a text, hashtags or a picture" });
    byId("text").focus();
    return false;
  }
  clearReasons();
  clearAdvice();
  explained = false;
  const now = post.now;
  byId("answered").inert = true; // the answer before this one: it is not asked about any more
  const answered = await attempt("Asking where it was made …", async (signal) => {
    await until(signal, ready());
    checkSize(now, settings.limits);
    const floor = Number(byId("confidence").value) / 100;
    const options = { top_k: 8, min_confidence: floor, level: Number(byId("level").value) / 100 };
    last = await ask("/predict", now, options, signal);
    asked = now;
    if (!told && !last.places.some((place) => place.place === wished.place)) { // it was chosen for another post
      wished = { ...wished, place: null };
    }
    map.present(last.places, last.prediction_circle ?? null);
    showAnswer(last, { why: (place) => explain(place), chosen, floor });
    if (last.places.length) {
      offerWhy();
    }
    say(`${told}${summary(last)}`);
    intoView(byId("answer"));
  });
  if (!answered) {
    forget();
  }
  byId("answered").inert = false;
  return answered;
}

/** Nothing is answered any more: what stood there was of another post than the form's. */
function forget() {
  [last, asked, explained] = [null, null, false];
  clearAnswer();
  clearReasons();
  clearAdvice();
  byId("map").hidden = true;
}

function offerWhy() {
  const [best] = last.places;
  showReasons(null, { ask: () => explain(best.place) });
  adviser();
}

/** What can be changed, with what was found; what is said of it. */
function adviser(found = {}) {
  const wish = (chosen) => { wished = chosen; };
  return offerAdvice({ ask: advise, wished, wish, target: settings.target, places: last.places, ...found });
}

/** Ask what speaks for a place. */
async function explain(place, { focus = true } = {}) {
  const about = asked;
  return attempt(`Looking for what speaks for ${isolated(place)} …`, async (signal) => {
    const found = await ask("/explain", about, { place }, signal);
    explained = true;
    const said = showReasons(found, { pictures: about.pictures, ask: () => explain(place) });
    say(said);
    if (focus) {
      byId("why-title").focus();
    }
  });
}

/** Ask what to change. */
async function advise(options) {
  const about = asked;
  wished = options;
  return attempt("Looking for what to change; this takes some seconds …", async (signal) => {
    const advice = await ask("/advise", about, options, signal);
    say(adviser({ advice, pictures: about.pictures, take }));
    byId("advice-title").focus();
  });
}

/** Put the post that `edit` makes into the form and ask again at once; `hidden` stays what is to be hidden. */
async function take(edit, label, hidden) {
  if (await attempt("", async (signal) => post.take(await until(signal, edit()), label))) {
    wished = { ...wished, place: hidden }; // the model answers with another one now
    await predictAgain(`Edit taken: ${label}. `, last?.places[0]);
  }
}

async function undo() {
  await predictAgain(`Taken back: ${post.undo()}. `);
}

/** Ask again, and for reasons where there were some; `before`: the place to compare with. The focus goes to the way back. */
async function predictAgain(told, before = null) {
  const again = explained;
  if (!await predict(told)) {
    refocus();
    return;
  }
  compare(before, last.places);
  stepBack().focus();
  if (again && last.places.length) {
    await explain(last.places[0].place, { focus: false });
  }
}

/** The button that takes an edit back; where there is none, the one that asks. */
function stepBack() {
  return byId("undo").hidden ? byId("ask") : byId("undo");
}

/** Where what had the focus went with the answer. */
function refocus() {
  if (focusIsLost()) {
    stepBack().focus();
  }
}

function chosen(number) {
  map.select(number);
  markPlace(number);
}

function addFiles(files) {
  clearProblem();
  if (settings === null) {
    showProblem({ where: "service", found: "has not said yet how many pictures it takes", remedy: "load the page again" });
    return;
  }
  const { kept, problem } = acceptable(files, { held: post.pictures.length, limits: settings.limits });
  post.add(kept);
  if (problem) {
    showProblem(problem);
  } else {
    say(`${kept.length === 1 ? "1 picture" : `${kept.length} pictures`} added.`);
  }
}

function clear() {
  giveUp();
  post.replace({ text: "", hashtags: "", pictures: [] });
  clearProblem();
  forget();
  wished = WISHES;
  byId("nothing-yet").hidden = false;
  say("Cleared.");
  byId("text").focus();
}

function listen() {
  listenToForm(() => predict());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing && giveUp()) {
      say("Given up.", { shown: true });
    }
  });
  byId("undo").addEventListener("click", undo);
  byId("clear").addEventListener("click", clear);
  byId("token").addEventListener("change", () => {
    useToken(byId("token").value);
    clearProblem();
    examples();
  });
  byId("token").addEventListener("input", () => useToken(byId("token").value));
  acceptPictures(addFiles);
}

/** Show the examples, beside whatever else is asked for. */
async function examples() {
  if (settings?.examples) {
    await showExamples(useExample).catch(tell);
  }
}

async function useExample(open) {
  let example = null;
  const opened = await attempt("", async (signal) => {
    example = await open(signal);
    post.replace(example);
    wished = { ...wished, place: null };
  });
  if (opened && await predict() && example.truth) {
    remark(`In truth this example is of ${isolated(example.truth)}.`);
  }
}

/** Wait until the service has told what it is; where it could not, ask again. */
function ready() {
  learned ??= learn().catch((error) => {
    learned = null;
    throw error;
  });
  return learned;
}

async function learn() {
  const found = await read("/page/settings.json");
  showSettings(found);
  map = new PlaceMap(byId("map"), { tiles: found.tiles, chosen });
  settings = found;
  if (!settings.token) {
    examples();
  }
}

listen();
ready().catch(tell).finally(working(""));
