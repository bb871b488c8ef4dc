// The page: what happens when something is asked, edited, taken back or clicked.

import { clearAdvice, offerAdvice } from "./advice.js";
import { clearAnswer, compare, markPlace, remark, showAnswer, summary } from "./answer.js";
import { runTask, cancelTask, showError, orAbort } from "./task.js";
import { byId, focusIsLost, intoView } from "./elements.js";
import { showExamples } from "./examples.js";
import { listenToForm } from "./form.js";
import { PlaceMap } from "./map.js";
import { acceptable, acceptImages, checkSize, showThumbnails } from "./images.js";
import { EditedPost } from "./post.js";
import { ask, read, useToken } from "./service.js";
import { clearProblem, announce, showProblem, showSettings, startBusy } from "./status.js";
import { clearReasons, showReasons } from "./explanation.js";
import { DEFAULT_OPTIONS } from "./options.js";
import { isolated, shortened } from "./format.js";

let settings = null;
let map = null;
let settingsPromise = null; // the promise of both
let lastAnswer = null; // the last answer
let answeredPost = null; // and of which post it is
let explained = false; // whether reasons stand under it
let chosenOptions = DEFAULT_OPTIONS; // what the adviser is asked for

const post = new EditedPost(byId("text"), byId("hashtags"), () => {
  showThumbnails(post.images, (image) => {
    post.remove(image);
    announce("Image removed.");
  });
  byId("undo").hidden = post.undoable === null;
  byId("undo").textContent = post.undoable === null ? "Undo" : shortened(`Undo: ${post.undoable}`);
});

/** Ask where the form's post was made; whether there is an answer. `announcement`, an edit of the same post, is said before it. */
async function predict(announcement = "") {
  if (post.empty) {
    cancelTask();
    clearResults();
    showProblem({ where: "post", found: "is empty", remedy: "give a text, hashtags or an image" });
    byId("text").focus();
    return false;
  }
  clearReasons();
  clearAdvice();
  explained = false;
  const now = post.now;
  byId("answered").inert = true; // the answer before this one: it is not asked about any more
  const answered = await runTask("Asking where it was made …", async (signal) => {
    await orAbort(signal, ready());
    checkSize(now, settings.limits);
    const floor = Number(byId("confidence").value) / 100;
    const options = { top_k: 8, min_confidence: floor, level: Number(byId("level").value) / 100 };
    lastAnswer = await ask("/predict", now, options, signal);
    answeredPost = now;
    if (!announcement && !lastAnswer.places.some((place) => place.place === chosenOptions.place)) { // it was chosen for another post
      chosenOptions = { ...chosenOptions, place: null };
    }
    map.present(lastAnswer.places, lastAnswer.prediction_circle ?? null);
    showAnswer(lastAnswer, { why: (place) => explain(place), chosen, floor });
    if (lastAnswer.places.length) {
      offerWhy();
    }
    announce(`${announcement}${summary(lastAnswer)}`);
    intoView(byId("answer"));
  });
  if (!answered) {
    clearResults();
  }
  byId("answered").inert = false;
  return answered;
}

/** Nothing is answered any more: what stood there was of another post than the form's. */
function clearResults() {
  [lastAnswer, answeredPost, explained] = [null, null, false];
  clearAnswer();
  clearReasons();
  clearAdvice();
  byId("map").hidden = true;
}

function offerWhy() {
  const [best] = lastAnswer.places;
  showReasons(null, { ask: () => explain(best.place) });
  adviser();
}

/** What can be changed, with what was found; what is said of it. */
function adviser(found = {}) {
  const onChange = (chosen) => { chosenOptions = chosen; };
  return offerAdvice({ ask: advise, chosenOptions, onChange, target: settings.target, places: lastAnswer.places, ...found });
}

/** Ask what speaks for a place. */
async function explain(place, { focus = true } = {}) {
  const about = answeredPost;
  return runTask(`Looking for what speaks for ${isolated(place)} …`, async (signal) => {
    const explanation = await ask("/explain", about, { place }, signal);
    explained = true;
    const said = showReasons(explanation, { images: about.images, ask: () => explain(place) });
    announce(said);
    if (focus) {
      byId("why-title").focus();
    }
  });
}

/** Ask what to change. */
async function advise(options) {
  const about = answeredPost;
  chosenOptions = options;
  return runTask("Looking for what to change; this takes some seconds …", async (signal) => {
    const advice = await ask("/advise", about, options, signal);
    announce(adviser({ advice, images: about.images, take }));
    byId("advice-title").focus();
  });
}

/** Put the post that `edit` makes into the form and ask again at once; `hidden` stays what is to be hidden. */
async function take(edit, label, hidden) {
  if (await runTask("", async (signal) => post.take(await orAbort(signal, edit()), label))) {
    chosenOptions = { ...chosenOptions, place: hidden }; // the model answers with another one now
    await predictAgain(`Edit taken: ${label}. `, lastAnswer?.places[0]);
  }
}

async function undo() {
  await predictAgain(`Taken back: ${post.undo()}. `);
}

/** Ask again, and for reasons where there were some; `before`: the place to compare with. The focus goes to the way back. */
async function predictAgain(announcement, before = null) {
  const again = explained;
  if (!await predict(announcement)) {
    refocus();
    return;
  }
  compare(before, lastAnswer.places);
  undoButton().focus();
  if (again && lastAnswer.places.length) {
    await explain(lastAnswer.places[0].place, { focus: false });
  }
}

/** The button that takes an edit back; where there is none, the one that asks. */
function undoButton() {
  return byId("undo").hidden ? byId("ask") : byId("undo");
}

/** Where what had the focus went with the answer. */
function refocus() {
  if (focusIsLost()) {
    undoButton().focus();
  }
}

function chosen(number) {
  map.select(number);
  markPlace(number);
}

function addFiles(files) {
  clearProblem();
  if (settings === null) {
    showProblem({ where: "service", found: "has not said yet how many images it takes", remedy: "load the page again" });
    return;
  }
  const { accepted, problem } = acceptable(files, { held: post.images.length, limits: settings.limits });
  post.add(accepted);
  if (problem) {
    showProblem(problem);
  } else {
    announce(`${accepted.length === 1 ? "1 image" : `${accepted.length} images`} added.`);
  }
}

function clear() {
  cancelTask();
  post.replace({ text: "", hashtags: "", images: [] });
  clearProblem();
  clearResults();
  chosenOptions = DEFAULT_OPTIONS;
  byId("nothing-yet").hidden = false;
  announce("Cleared.");
  byId("text").focus();
}

function listen() {
  listenToForm(() => predict());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing && cancelTask()) {
      announce("Given up.", { shown: true });
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
  acceptImages(addFiles);
}

/** Show the examples, beside whatever else is asked for. */
async function examples() {
  if (settings?.examples) {
    await showExamples(useExample).catch(showError);
  }
}

async function useExample(open) {
  let example = null;
  const opened = await runTask("", async (signal) => {
    example = await open(signal);
    post.replace(example);
    chosenOptions = { ...chosenOptions, place: null };
  });
  if (opened && await predict() && example.truth) {
    remark(`In truth this example is of ${isolated(example.truth)}.`);
  }
}

/** Wait until the service has told what it is; where it could not, ask again. */
function ready() {
  settingsPromise ??= loadSettings().catch((error) => {
    settingsPromise = null;
    throw error;
  });
  return settingsPromise;
}

async function loadSettings() {
  const loaded = await read("/page/settings.json");
  showSettings(loaded);
  map = new PlaceMap(byId("map"), { tiles: loaded.tiles, chosen });
  settings = loaded;
  if (!settings.token) {
    examples();
  }
}

listen();
ready().catch(showError).finally(startBusy(""));
