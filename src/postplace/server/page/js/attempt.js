// Whatever the page does that may go wrong or be given up: nothing of it ends in silence.

import { byId } from "./elements.js";
import { Problem, giveUp } from "./service.js";
import { clearProblem, showProblem, working } from "./telling.js";

/** Do `work` with the page busy; show a problem where there is one. Whether it was done. */
export async function attempt(what, work) {
  giveUp();
  clearProblem();
  const done = working(what);
  try {
    await work();
    return true;
  } catch (error) {
    if (error.name === "AbortError") {
      return false;
    }
    tell(error);
    return false;
  } finally {
    done();
  }
}

/** Say what went wrong; of what nobody foresaw the browser's console has the rest. */
export function tell(error) {
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
