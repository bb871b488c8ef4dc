// The post in the form: its text, hashtags and pictures, and the steps back from edits that were taken.

/** An undoable post. `changed` is called after whatever changes its pictures or its steps back. */
export class EditedPost {
  constructor(text, hashtags, changed) {
    Object.assign(this, { text, hashtags, changed, pictures: [], steps: [] });
  }

  /** The post as it stands. */
  get now() {
    return { text: this.text.value, hashtags: this.hashtags.value, pictures: [...this.pictures] };
  }

  get empty() {
    const { text, hashtags, pictures } = this.now;
    return !text.trim() && !hashtags.trim() && pictures.length === 0;
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

  add(pictures) {
    this.pictures = [...this.pictures, ...pictures];
    this.changed();
  }

  remove(picture) {
    this.pictures = this.pictures.filter((own) => own !== picture);
    this.changed();
  }

  #put({ text, hashtags, pictures }) {
    this.text.value = text;
    this.hashtags.value = hashtags;
    this.pictures = pictures;
    this.changed();
  }
}
