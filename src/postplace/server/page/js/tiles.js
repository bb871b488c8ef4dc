// Images of the ground from where the owner of the service says; without them the map is a plain plane.

import { make } from "./elements.js";
import { TILE } from "./projection.js";

const MOST_ZOOM = 19;
const FAILURES = 3; // in a row, and none ever seen: then there are no tiles

/** Tiles in `layer`, from an address with {z}, {x} and {y}; `failed` is called once where they cannot be loaded. */
export class Tiles {
  #shown = new Map();
  #failures = 0;
  #seen = false;

  constructor(layer, address, failed) {
    Object.assign(this, { layer, address, failed, working: true });
  }

  /** Show what a view {x, y, zoom} of `width` x `height` pixels needs, and nothing else. */
  draw(view, width, height) {
    if (!this.working) {
      return;
    }
    const zoom = Math.max(0, Math.min(MOST_ZOOM, Math.round(view.zoom)));
    const side = TILE * 2 ** (view.zoom - zoom);
    const all = 2 ** zoom;
    const left = view.x * all - width / 2 / side;
    const top = view.y * all - height / 2 / side;
    const wanted = new Set();
    for (let row = Math.floor(top); row < top + height / side; row += 1) {
      for (let column = Math.floor(left); column < left + width / side; column += 1) {
        if (row >= 0 && row < all) {
          const key = `${zoom}/${column}/${row}`;
          wanted.add(key);
          this.#place(this.#tile(key, zoom, ((column % all) + all) % all, row), (column - left) * side, (row - top) * side, side);
        }
      }
    }
    for (const [key, image] of this.#shown) {
      if (!wanted.has(key)) {
        image.remove();
        this.#shown.delete(key);
      }
    }
  }

  #tile(key, z, x, y) {
    if (!this.#shown.has(key)) {
      const address = this.address.replace("{z}", z).replace("{x}", x).replace("{y}", y);
      // the origin alone: many who give tiles want to know which site asks
      const image = make("img", { alt: "", referrerpolicy: "strict-origin", draggable: "false", src: address });
      image.addEventListener("load", () => this.#loaded(image));
      image.addEventListener("error", () => this.#lost(image));
      this.#shown.set(key, image);
      this.layer.append(image);
    }
    return this.#shown.get(key);
  }

  #place(image, left, top, side) {
    image.style.transform = `translate(${left}px, ${top}px)`;
    image.style.width = image.style.height = `${Math.ceil(side) + 0.5}px`;
  }

  #loaded(image) {
    this.#seen = true;
    image.classList.add("there");
  }

  #lost(image) {
    image.remove();
    this.#failures += 1;
    if (!this.#seen && this.#failures >= FAILURES && this.working) {
      this.working = false;
      this.layer.replaceChildren();
      this.failed();
    }
  }
}
