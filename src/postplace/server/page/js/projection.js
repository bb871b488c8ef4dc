// Web Mercator: degrees <-> a world of side 1, and what a map of it needs (scale, graticule). No page in here.

export const TILE = 256;
const EQUATOR_KM = 40075.017;
const MOST_LATITUDE = 85.0511;
const STEPS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30];

/** Degrees -> x, y of the world, 0 to 1, from the north-west. */
export function toWorld(latitude, longitude) {
  const held = Math.max(-MOST_LATITUDE, Math.min(MOST_LATITUDE, latitude)) * (Math.PI / 180);
  return { x: (longitude + 180) / 360, y: (1 - Math.asinh(Math.tan(held)) / Math.PI) / 2 };
}

/** The inverse of `toWorld`. */
export function fromWorld(x, y) {
  return { latitude: Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * (180 / Math.PI), longitude: x * 360 - 180 };
}

/** Circles with each longitude on the side of the world that is nearest to `around`: 179 beside -179 becomes -181. */
export function unwrapped(circles, around) {
  return circles.map((circle) => ({ ...circle, longitude: circle.longitude - 360 * Math.round((circle.longitude - around) / 360) }));
}

/** How many km a pixel is across at that latitude and zoom. */
export function kmPerPixel(latitude, zoom) {
  return (EQUATOR_KM * Math.cos(latitude * (Math.PI / 180))) / (TILE * 2 ** zoom);
}

/** The view {x, y, zoom} of `width` x `height` pixels that holds circles {latitude, longitude, km}, with a margin. */
export function fitted(circles, { width, height, margin = 36, mostZoom = 15 }) {
  const corners = circles.flatMap(({ latitude, longitude, km }) => {
    const up = km / 111.2;
    const across = up / Math.max(0.05, Math.cos(latitude * (Math.PI / 180)));
    return [toWorld(latitude + up, longitude - across), toWorld(latitude - up, longitude + across)];
  });
  const low = { x: Math.min(...corners.map((c) => c.x)), y: Math.min(...corners.map((c) => c.y)) };
  const high = { x: Math.max(...corners.map((c) => c.x)), y: Math.max(...corners.map((c) => c.y)) };
  const room = [(width - 2 * margin) / Math.max(high.x - low.x, 1e-9), (height - 2 * margin) / Math.max(high.y - low.y, 1e-9)];
  const zoom = Math.max(0, Math.min(mostZoom, Math.log2(Math.min(...room) / TILE)));
  return { x: (low.x + high.x) / 2, y: (low.y + high.y) / 2, zoom };
}

/** A round length for a scale bar of at most `most` pixels: its km and its pixels. */
export function scaleBar(latitude, zoom, most) {
  const longest = kmPerPixel(latitude, zoom) * most;
  const power = 10 ** Math.floor(Math.log10(longest));
  const km = [5, 2, 1].map((step) => step * power).find((length) => length <= longest) ?? power;
  return { km, pixels: km / kmPerPixel(latitude, zoom) };
}

/** The round degrees between two values, no closer than `least` degrees: [value, text] each; beyond 180 they begin anew. */
export function graticule(low, high, least, [positive, negative]) {
  const step = STEPS.find((size) => size >= least) ?? STEPS.at(-1);
  const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const lines = [];
  for (let n = Math.ceil(low / step); n * step <= high; n += 1) {
    const value = n * step;
    const degrees = value - 360 * Math.round(value / 360);
    const middle = Math.abs(degrees) < step / 2 || Math.abs(degrees) > 180 - step / 2;
    const side = middle ? "" : ` ${degrees > 0 ? positive : negative}`;
    lines.push([value, `${Math.abs(degrees).toFixed(digits)}°${side}`]);
  }
  return lines;
}
