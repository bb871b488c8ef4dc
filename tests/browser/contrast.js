// The texts of a page that are shown with too little contrast, as [text, ratio, colour, background].
// In drawings too: letters are `fill`, on the halo around them where they have one (`paint-order: stroke`), else on the
// circles that were drawn below their middle and the ground of the drawing. Those on images (plotly's heatmap) are not
// measured: what is below them is none of the page's elements.
(() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return { rgb: [r, g, b], alpha: a / 255 };
  };
  const over = (top, below) => top.rgb.map((value, i) => value * top.alpha + below[i] * (1 - top.alpha));
  const ground = (element) => {
    const layers = [];
    for (let own = element; own; own = own.parentElement) {
      layers.push(rgba(getComputedStyle(own).backgroundColor));
    }
    return layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255]);
  };
  const filled = (element) => {
    const { fill, fillOpacity, opacity } = getComputedStyle(element);
    const colour = rgba(fill);
    return { ...colour, alpha: colour.alpha * Number(fillOpacity) * Number(opacity) };
  };
  const middle = (element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return { x: x + width / 2, y: y + height / 2, radius: width / 2 };
  };
  const drawn = (text) => {
    const [own, style] = [middle(text), getComputedStyle(text)];
    const circles = [...text.ownerSVGElement.querySelectorAll("circle")].filter((circle) => {
      const { x, y, radius } = middle(circle);
      const before = circle.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING;
      return before && getComputedStyle(circle).fill !== "none" && Math.hypot(own.x - x, own.y - y) < radius;
    });
    const below = circles.reduce((under, circle) => over(filled(circle), under), ground(text.ownerSVGElement));
    const halo = style.paintOrder.startsWith("stroke") && style.stroke !== "none" && parseFloat(style.strokeWidth) >= 2;
    return halo ? over(rgba(style.stroke), below) : below;
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((value) => value / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const shown = box.width > 1 && box.height > 1 && style.visibility === "visible" && box.right > 0;
    const image = element.closest("svg");
    if (!own || !shown || element.closest("option, .heatmap-label") || (image && !element.closest("text"))) {
      continue;
    }
    const below = image ? drawn(element.closest("text")) : ground(element);
    const letters = image ? filled(element) : rgba(style.color);
    const [one, other] = [light(over(letters, below)), light(below)].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) {
      found.push([element.textContent.slice(0, 40), ratio.toFixed(2), image ? style.fill : style.color, below.map(Math.round).join(" ")]);
    }
  }
  return found;
})();
