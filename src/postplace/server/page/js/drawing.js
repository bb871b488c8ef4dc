// What is drawn over the map's ground, in pixels, as SVG.

import { draw } from "./elements.js";
import { TILE, fromWorld, graticule, kmPerPixel, scaleBar, toWorld } from "./projection.js";
import { distance, isolated, percent, shortened } from "./format.js";

const BETWEEN = 110; // pixels from one line of the graticule to the next, at least
const LINE = 15; // pixels of a line of text
const NAMED = 6; // places with their name beside them

/** The parts of a map of {places, circle}: the circle below, places over it, the best one on top. `number`: a place's in the list. */
export function drawing({ places, circle }, { view, width, height, tiled, selected, chosen }) {
  const at = placing(view, width, height);
  const room = places.map((place) => taken(place, at));
  const dots = places.map((place) => dot(place, { at, selected, chosen }));
  const names = places.slice(0, NAMED).map((place) => name(place, { at, room, width, height }));
  return [
    ...(tiled ? [] : lines(view, at, width, height)),
    circle ? ring(circle, { at, view }) : null,
    ...places.map((place) => disc(place, { at, view, selected })),
    ...dots.reverse(),
    ...names,
    ...frame(view, width, height),
  ].filter((part) => part !== null);
}

function placing(view, width, height) {
  const world = TILE * 2 ** view.zoom;
  return (latitude, longitude) => {
    const { x, y } = toWorld(latitude, longitude);
    return { x: (x - view.x) * world + width / 2, y: (y - view.y) * world + height / 2 };
  };
}

function ring({ latitude, longitude, radius_km: km }, { at, view }) {
  const { x, y } = at(latitude, longitude);
  return draw("circle", { class: "ring", cx: x, cy: y, r: km / kmPerPixel(latitude, view.zoom) });
}

function disc({ number, latitude, longitude, radius_km: km }, { at, view, selected }) {
  if (!km) {
    return null;
  }
  const { x, y } = at(latitude, longitude);
  const kind = `disc${number === 0 ? " best" : ""}${number === selected ? " selected" : ""}`;
  return draw("circle", { class: kind, cx: x, cy: y, r: km / kmPerPixel(latitude, view.zoom) });
}

/** A numbered dot; the number is the place's rank, its size goes with the probability. */
function dot(place, { at, selected, chosen }) {
  const { number } = place;
  const { x, y } = at(place.latitude, place.longitude);
  const kind = `dot${number === 0 ? " best" : ""}${number === selected ? " selected" : ""}`;
  return draw("g", { class: kind, transform: `translate(${x} ${y})`, click: () => chosen(number) },
    draw("circle", { r: radius(place) }),
    draw("text", { "text-anchor": "middle", dy: ".35em" }, String(number + 1)),
    draw("title", {}, `${isolated(place.place)}: ${percent(place.probability)}`));
}

function taken(place, at) {
  const { x, y } = at(place.latitude, place.longitude);
  const half = radius(place);
  return { left: x - half, right: x + half, low: y - half, high: y + half };
}

function radius(place) {
  return 9 + 7 * Math.sqrt(place.probability);
}

/** The name beside its dot, on a side where no other one stands; none where there is no such side. */
function name(place, { at, room, width, height }) {
  const { x, y } = at(place.latitude, place.longitude);
  const text = shortened(place.place, 26);
  const long = [...text].reduce((sum, letter) => sum + (letter.codePointAt(0) > 0x2e80 ? 14 : 7.6), 4);
  const far = radius(place) + 5;
  const sides = [[x + far, y], [x - far - long, y], [x - long / 2, y - far - LINE / 2], [x - long / 2, y + far + LINE / 2]];
  const free = sides.find(([left, middle]) => left > 2 && left + long < width - 40 && middle > LINE && middle < height - 34
    && room.every((other) => middle + LINE / 2 < other.low || middle - LINE / 2 > other.high
      || left > other.right || left + long < other.left));
  if (!free) {
    return null;
  }
  room.push({ left: free[0], right: free[0] + long, low: free[1] - LINE / 2, high: free[1] + LINE / 2 });
  return draw("text", { class: place.number === 0 ? "name best" : "name", x: free[0], y: free[1], dy: ".35em" }, text);
}

function lines(view, at, width, height) {
  const world = TILE * 2 ** view.zoom;
  const edge = (dx, dy) => fromWorld(view.x + dx / world, view.y + dy / world);
  const [north, south] = [edge(0, -height / 2).latitude, edge(0, height / 2).latitude];
  const [west, east] = [edge(-width / 2, 0).longitude, edge(width / 2, 0).longitude];
  const least = ((east - west) / width) * BETWEEN;
  const parts = [];
  for (const [longitude, text] of graticule(west, east, least, ["E", "W"])) {
    const { x } = at(0, longitude);
    parts.push(draw("line", { class: "graticule", x1: x, y1: 0, x2: x, y2: height }));
    if (x > 30 && x < width - 185) { // its text ends before the scale begins
      parts.push(draw("text", { class: "degrees", x: x + 4, y: height - 6 }, text));
    }
  }
  for (const [latitude, text] of graticule(south, north, least, ["N", "S"])) {
    const { y } = at(latitude, 0);
    parts.push(draw("line", { class: "graticule", x1: 0, y1: y, x2: width, y2: y }));
    if (y > 64 && y < height - 24) {
      parts.push(draw("text", { class: "degrees", x: 5, y: y - 4 }, text));
    }
  }
  return parts;
}

/** The scale bar and the arrow to the north. */
function frame(view, width, height) {
  const { km, pixels } = scaleBar(fromWorld(view.x, view.y).latitude, view.zoom, 110);
  const [right, low] = [width - 12, height - 12];
  return [
    draw("g", { class: "scale" },
      draw("path", { d: `M${right - pixels} ${low - 6}v6h${pixels}v-6` }),
      draw("text", { x: right - pixels / 2, y: low - 8, "text-anchor": "middle" }, distance(km))),
    draw("g", { class: "north", transform: "translate(22 30)" },
      draw("path", { d: "M0 -18 L6 2 L0 -2 L-6 2 Z" }),
      draw("text", { y: 16, "text-anchor": "middle" }, "N")),
  ];
}
