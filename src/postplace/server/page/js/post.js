// The post in the form: its text, hashtags and images, and the steps back from edits that were taken.

import { typed } from "./format.js";

/** An undoable post. `changed` is called after whatever changes its images or its steps back. */
export class EditedPost {
  constructor(text, hashtags, changed) {
    Object.assign(this, { text, hashtags, changed, images: [], steps: [], tags: null });
    hashtags.addEventListener("input", () => this.#giveTags(null));
    text.addEventListener("input", () => this.tags?.length === 0 && this.#giveTags(null)); // "none" was said of another text
  }

  /** The post as it stands; its hashtags are a text as somebody typed it, or the list that was put there. */
  get now() {
    return { text: this.text.value, hashtags: this.tags ?? this.hashtags.value, images: [...this.images] };
  }

  get empty() {
    return !this.text.value.trim() && !this.hashtags.value.trim() && this.images.length === 0;
  }

  /** The last edit that can be undone, in words; null without one. */
  get undoable() {
    return this.steps.at(-1)?.label ?? null;
  }

  /** Another post in the form; the way back ends here. */
  replace(post) {
    this.steps = [];
    this.#put(post);
  }

  /** Take an edit: what the form holds afterwards, and what it is called. */
  take(post, label) {
    this.steps.push({ label, post: this.now });
    this.#put(post);
  }

  /** Go one edit back; its name. */
  undo() {
    const step = this.steps.pop();
    this.#put(step.post);
    return step.label;
  }

  add(images) {
    this.images = [...this.images, ...images];
    this.changed();
  }

  remove(image) {
    this.images = this.images.filter((other) => other !== image);
    this.changed();
  }

  #put({ text, hashtags, images }) {
    this.text.value = text;
    this.hashtags.value = Array.isArray(hashtags) ? typed(hashtags) : hashtags;
    this.#giveTags(Array.isArray(hashtags) ? hashtags : null);
    this.images = images;
    this.changed();
  }

  /** A list is sent as it is: what separates tags in a text may stand inside one of them, and none are none.
   *  The service adds those typed in the text to all but none. */
  #giveTags(tags) {
    this.tags = tags;
    this.hashtags.placeholder = tags?.length === 0 ? "none, nor from the text" : "";
  }
}
