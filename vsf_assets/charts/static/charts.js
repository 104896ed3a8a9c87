// Draws each chart of a page: <figure class="chart" hidden> with <div class="chart-place"> and a JSON block, which holds a
// Vega-Lite spec with its rows. Vega runs without eval, and adds no style of its own. Without this script the figure stays
// hidden: the table below it has the same figures.
"use strict";
(() => {
  const NARROW = 480, OF_A_NAME = 150, OF_A_LETTER = 7, OF_A_SYMBOL = 30;

  const text = (value) => typeof value === "number" ? value.toLocaleString("en-GB", { maximumFractionDigits: 6 }) : String(value);

  const tooltip = (figure) => {
    const tip = document.createElement("div");
    tip.className = "chart-tip";
    tip.hidden = true;
    tip.setAttribute("aria-hidden", "true"); // the table says it to those who do not point
    figure.append(tip);
    return (handler, event, item, value) => {
      tip.hidden = value === null || value === undefined || value === "";
      if (tip.hidden) return;
      tip.textContent = typeof value === "object"
        ? Object.entries(value).map(([name, found]) => `${name}: ${text(found)}`).join("\n") : text(value);
      const box = figure.getBoundingClientRect();
      const left = Math.min(event.clientX - box.left + 12, box.width - tip.offsetWidth);
      tip.style.left = `${Math.max(left, 0)}px`;
      tip.style.top = `${event.clientY - box.top + 16}px`;
    };
  };

  // Names of a legend that are in the rows need as much as the longest of them; short ones keep the usual columns.
  const column = (spec) => {
    const field = spec.encoding?.color?.field;
    const longest = Math.max(0, ...spec.data.values.map((row) => String(row[field] ?? "").length));
    return Math.max(OF_A_NAME, longest * OF_A_LETTER + OF_A_SYMBOL);
  };

  const fitted = (spec, width) => {
    const config = { ...spec.config };
    const columns = Math.max(1, Math.floor(width / column(spec)));
    config.legend = { ...config.legend, columns, labelLimit: Math.floor(width / columns) - OF_A_SYMBOL };
    if (width < NARROW) config.axis = { ...config.axis, labelLimit: 120 };
    return { ...spec, config };
  };

  const draw = async (figure) => {
    const spec = JSON.parse(figure.querySelector('script[type="application/json"]').textContent);
    const place = figure.querySelector(".chart-place");
    figure.hidden = false;
    try {
      await window.vegaEmbed(place, fitted(spec, place.clientWidth), {
        ast: true, renderer: "svg", actions: false, defaultStyle: false, mode: "vega-lite", logLevel: 1,
        tooltip: tooltip(figure), // logLevel 1: errors alone
      });
      figure.dataset.drawn = "yes";
    } catch (error) {
      place.textContent = "The chart cannot be drawn here. The table has its figures.";
      console.error(error);
    }
  };

  for (const figure of document.querySelectorAll("figure.chart")) draw(figure);
})();
