// What to change: filled in with the adviser.

import { byId, show } from "./elements.js";

export function offerAdvice() {
  return "";
}

export function clearAdvice() {
  byId("advice").hidden = true;
  show(byId("advice-content"));
}
