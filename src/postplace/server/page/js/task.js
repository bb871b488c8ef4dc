// Whatever the page does that may go wrong or be given up: nothing of it ends in silence.

import { byId } from "./elements.js";
import { Problem } from "./service.js";
import { clearProblem, showProblem, startBusy } from "./status.js";

let current = null; // what gives up the attempt that runs

/** Give up whatever is being done; whether anything was. */
export function cancelTask() {
  const any = current !== null;
  current?.abort();
  current = null;
  return any;
}

/** Do `work` with the page busy, in the place of what is being done; show a problem where there is one. Whether it was done.
 *
 * `work` is given the signal that gives it up: whatever it waits for is to end with that.
 */
export async function runTask(what, work) {
  cancelTask();
  clearProblem();
  const controller = new AbortController();
  current = controller;
  const done = startBusy(what);
  try {
    await work(controller.signal);
    return true;
  } catch (error) {
    if (!controller.signal.aborted) {
      showError(error);
    }
    return false;
  } finally {
    current = current === controller ? null : current;
    done();
  }
}

/** What a promise gives, where nothing else could end it; throws an AbortError once `signal` gives up. */
export async function orAbort(signal, promise) {
  const end = new Promise((_, reject) => { signal.addEventListener("abort", () => reject(signal.reason)); });
  const result = await Promise.race([promise, end]);
  signal.throwIfAborted(); // both at once
  return result;
}

/** Say what went wrong; of what nobody foresaw the browser's console has the rest. */
export function showError(error) {
  if (error instanceof Problem) {
    showProblem(error);
  } else {
    console.error(error);
    showProblem({ where: "page", found: `something went wrong here (${error.message})`, remedy: "load the page again, then ask again" });
  }
  if (error.status === 401) {
    byId("token").focus();
  }
}
