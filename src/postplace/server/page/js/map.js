// The map: places, districts and the circle over tiles, or over a plain plane with a scale, a graticule and north.

import { draw, make, show } from "./elements.js";
import { drawing } from "./drawing.js";
import { fitted, unwrapped } from "./projection.js";
import { Tiles } from "./tiles.js";
import { isolated } from "./format.js";

const STEP = 80; // pixels an arrow key moves
const MOST_ZOOM = 18;
const LEAST_KM = 0.4; // around a place that has no radius

/** A map in `container`. `tiles`: {address, attribution} or null. `chosen` is given the number of a place clicked on. */
export class PlaceMap {
  #view = { x: 0.5, y: 0.5, zoom: 1 };
  #content = { places: [], circle: null };
  #pointers = new Map();
  #waiting = false;

  constructor(container, { tiles = null, chosen = () => {} } = {}) {
    this.container = container;
    this.chosen = chosen;
    this.selected = null;
    this.layer = make("div", { class: "tiles", "aria-hidden": "true" });
    this.svg = draw("svg", { role: "application", "aria-roledescription": "map" });
    this.note = make("p", { class: "map-note hint", hidden: true }, "Map tiles cannot be loaded: places stand on a plain plane.");
    const attribution = tiles?.attribution ? make("p", { class: "attribution" }, tiles.attribution) : null;
    show(container, this.layer, this.svg, this.#controls(), attribution);
    container.after(this.note);
    this.tiles = tiles === null ? null : new Tiles(this.layer, tiles.address, () => this.#withoutTiles());
    this.#listen();
  }

  /** Show an answer's places and its circle, all of them in view. A place keeps its number in the list: some have no coordinates. */
  present(places, circle) {
    const located = places.map((place, number) => ({ ...place, number })).filter((place) => place.latitude !== undefined);
    const around = located[0]?.longitude ?? 0;
    this.#content = { places: unwrapped(located, around), circle: circle && unwrapped([circle], around)[0] };
    this.selected = null;
    this.container.hidden = this.#content.places.length === 0;
    if (!this.container.hidden) {
      this.fit();
    }
  }

  /** Everything into view. */
  fit() {
    const circles = this.#content.places.map((place) => ({ ...place, km: Math.max(LEAST_KM, place.radius_km ?? 0) }));
    if (this.#content.circle) {
      circles.push({ ...this.#content.circle, km: this.#content.circle.radius_km });
    }
    if (circles.length) {
      this.#view = fitted(circles, this.#size);
      this.#redraw();
    }
  }

  /** Mark the place of that number, or none. */
  select(number) {
    this.selected = number;
    this.#redraw();
  }

  get #size() {
    return { width: this.container.clientWidth || 320, height: this.container.clientHeight || 320 };
  }

  #redraw() {
    if (!this.#waiting) {
      this.#waiting = true;
      requestAnimationFrame(() => {
        this.#waiting = false;
        const { width, height } = this.#size;
        const tiled = this.tiles?.working ?? false;
        this.tiles?.draw(this.#view, width, height);
        this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
        this.svg.setAttribute("aria-label", this.#inWords());
        const parts = drawing(this.#content, { view: this.#view, width, height, tiled, selected: this.selected, chosen: this.chosen });
        show(this.svg, parts);
      });
    }
  }

  #inWords() {
    const named = this.#content.places.map(({ number, place }) => `${number + 1}: ${isolated(place)}`);
    const circle = this.#content.circle ? " and the circle around the answer" : "";
    return `Map of ${named.join(", ")}${circle}. The list after the map says the same in words.`;
  }

  #controls() {
    const button = (label, sign, act) => make("button", { type: "button", "aria-label": label, title: label, click: act }, sign);
    return make("div", { class: "map-controls" },
      button("Zoom in", "+", () => this.#zoom(1)),
      button("Zoom out", "−", () => this.#zoom(-1)),
      button("Show all places", "⤢", () => this.fit()));
  }

  #zoom(by, at = null) {
    const { width, height } = this.#size;
    const zoom = Math.max(0, Math.min(MOST_ZOOM, this.#view.zoom + by));
    if (at) { // what is under the pointer stays there
      const [dx, dy] = [at.x - width / 2, at.y - height / 2];
      const [before, after] = [256 * 2 ** this.#view.zoom, 256 * 2 ** zoom];
      this.#view = { ...this.#view, x: this.#view.x + dx / before - dx / after, y: this.#view.y + dy / before - dy / after };
    }
    this.#view = { ...this.#view, zoom };
    this.#redraw();
  }

  #move(dx, dy) {
    const world = 256 * 2 ** this.#view.zoom;
    const y = Math.max(0, Math.min(1, this.#view.y + dy / world));
    this.#view = { ...this.#view, x: this.#view.x + dx / world, y };
    this.#redraw();
  }

  #withoutTiles() {
    this.note.hidden = false;
    this.container.querySelector(".attribution")?.remove();
    this.#redraw();
  }

  #listen() {
    const keys = {
      ArrowLeft: () => this.#move(-STEP, 0), ArrowRight: () => this.#move(STEP, 0),
      ArrowUp: () => this.#move(0, -STEP), ArrowDown: () => this.#move(0, STEP),
      "+": () => this.#zoom(1), "=": () => this.#zoom(1), "-": () => this.#zoom(-1), 0: () => this.fit(),
    };
    this.svg.setAttribute("tabindex", "0");
    this.svg.setAttribute("aria-keyshortcuts", "ArrowLeft ArrowRight ArrowUp ArrowDown + - 0");
    this.svg.addEventListener("keydown", (event) => {
      if (keys[event.key] && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        keys[event.key]();
      }
    });
    this.svg.addEventListener("wheel", (event) => {
      if (event.ctrlKey || event.metaKey || document.activeElement === this.svg) { // else the page scrolls
        event.preventDefault();
        const box = this.svg.getBoundingClientRect();
        this.#zoom(-Math.sign(event.deltaY) * 0.5, { x: event.clientX - box.left, y: event.clientY - box.top });
      }
    }, { passive: false });
    this.svg.addEventListener("pointerdown", (event) => this.#pointers.set(event.pointerId, event));
    for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
      this.svg.addEventListener(name, (event) => this.#pointers.delete(event.pointerId));
    }
    this.svg.addEventListener("pointermove", (event) => this.#drag(event));
    new ResizeObserver(() => this.#redraw()).observe(this.container);
  }

  /** A mouse drags the map; of fingers two do, as one scrolls the page. */
  #drag(event) {
    const before = this.#pointers.get(event.pointerId);
    if (!before || (event.pointerType === "touch" && this.#pointers.size < 2)) {
      return;
    }
    const others = [...this.#pointers.values()].filter((other) => other.pointerId !== event.pointerId);
    this.#pointers.set(event.pointerId, event);
    this.#move((before.clientX - event.clientX) / (others.length + 1), (before.clientY - event.clientY) / (others.length + 1));
    if (others.length === 1) {
      const apart = (one) => Math.hypot(one.clientX - others[0].clientX, one.clientY - others[0].clientY);
      this.#zoom(Math.log2(Math.max(1, apart(event)) / Math.max(1, apart(before))));
    }
  }
}
