// Elements of the page made from plain data. Every text goes in as text: nothing here reads markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element. `attributes`: strings, true, or functions (listeners, by the name of their event); null leaves one out. */
export function make(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** As `make`, of a drawing. */
export function draw(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** The element of that id. */
export function byId(id) {
  return document.getElementById(id);
}

/** Show `children` in the place of whatever `parent` held. */
export function show(parent, ...children) {
  parent.replaceChildren(...children.flat().filter((child) => child !== null));
}

/** Whether what had the focus is gone or can have it no longer. */
export function focusIsLost() {
  const now = document.activeElement;
  return now === null || now === document.body || now.closest("[inert], :disabled") !== null;
}

/** Scroll to an element whose beginning is out of sight, as on a phone. */
export function intoView(element) {
  const { top } = element.getBoundingClientRect();
  if (top < 0 || top > window.innerHeight * 0.7) {
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    element.scrollIntoView({ behavior: still ? "instant" : "smooth", block: "start" });
  }
}

/** A bar as long as `share` (0 to 1) of its cell; those who do not see it have the number beside it. */
export function bar(share, side = "for") {
  const inner = make("span", { class: `bar ${side}` });
  inner.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return make("span", { class: "track", "aria-hidden": "true" }, inner);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      element.addEventListener(name, value);
    } else if (value === true) {
      element.setAttribute(name, "");
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}
