"use strict";
(function () {
  const figures = JSON.parse(document.getElementById("figures").textContent);

  // Every string "var(--name)" becomes the colour that the style sheet gives that name now.
  function coloured(value, style) {
    if (typeof value === "string" && value.startsWith("var(--")) {
      return style.getPropertyValue(value.slice(4, -1)).trim();
    }
    if (Array.isArray(value)) {
      return value.map((each) => coloured(each, style));
    }
    if (value !== null && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, coloured(each, style)]));
    }
    return value;
  }

  function draw() {
    const style = getComputedStyle(document.documentElement);
    for (const [name, figure] of Object.entries(figures)) {
      const { data, layout, config } = coloured(figure, style);
      const scrolls = window.matchMedia("(pointer: coarse)").matches; // a finger scrolls the page, not the drawing
      const options = { responsive: true, displayModeBar: false, scrollZoom: false, staticPlot: scrolls, ...config };
      Plotly.react(document.getElementById("plot-" + name), data, layout, options);
    }
  }

  draw();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
