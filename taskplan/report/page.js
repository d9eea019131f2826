// Draws the charts. Whatever they show stands in tables as well, so that the page is whole without this.

"use strict";

// Text in charts is measured before it is drawn; its colours are variables of the page's style.
const config = (width) => ({
  background: null,
  font: getComputedStyle(document.body).fontFamily,
  padding: 2,
  view: { stroke: null },
  axis: {
    domainColor: "var(--line)",
    gridColor: "var(--faint)",
    labelColor: "var(--quiet)",
    labelFontSize: 12,
    tickColor: "var(--line)",
    titleColor: "var(--quiet)",
    titleFontSize: 12,
    titleFontWeight: "normal",
  },
  axisX: { grid: false },
  axisTemporal: { tickCount: Math.max(2, Math.floor(width / 90)) },
  header: { labelColor: "var(--ink)", labelFontSize: 12, labelLimit: 300 },
});

async function draw(plot) {
  const figure = plot.parentElement;
  const spec = JSON.parse(figure.querySelector("script").textContent);
  if (spec.spec) {
    // Small multiples cannot fit themselves to a width.
    spec.spec.width = plot.clientWidth - 16;
  } else {
    spec.width = plot.clientWidth;
    spec.autosize = { type: "fit-x", contains: "padding" };
  }
  const compiled = vegaLite.compile(spec, { config: config(plot.clientWidth) }).spec;
  plot.view?.finalize();
  // Expressions are interpreted: the page's policy forbids to make code of text.
  plot.view = new vega.View(vega.parse(compiled, null, { ast: true }), {
    container: plot,
    expr: vegaInterpreter.expressionInterpreter,
    logLevel: vega.Warn,
    renderer: "svg",
  });
  await plot.view.runAsync();
}

// At once, as nothing is observed of a page in the background; and again when there is more room, or less.
const widths = new WeakMap();
function fit(plot) {
  if (!plot.clientWidth || widths.get(plot) === plot.clientWidth) return;
  widths.set(plot, plot.clientWidth);
  draw(plot);
}
const observer = new ResizeObserver((entries) => entries.forEach(({ target }) => fit(target)));
for (const plot of document.querySelectorAll(".plot")) {
  fit(plot);
  observer.observe(plot);
}

// Only what can be scrolled is a stop for the tab key.
function settle(box) {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
}
const boxes = new ResizeObserver((entries) => entries.forEach(({ target }) => settle(target)));
for (const box of document.querySelectorAll(".scroll")) {
  settle(box);
  boxes.observe(box);
}

// On paper nothing can be opened.
let closed = [];
addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open])")];
  for (const details of closed) details.open = true;
});
addEventListener("afterprint", () => {
  for (const details of closed) details.open = false;
});
