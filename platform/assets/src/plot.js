/** Draws `<figure data-plot>`: the series stand in the figure as JSON, the page's tokens give the colours.
 *
 * `{"series": [{"name": "loss", "x": null, "y": [0.9, 0.5, null]}], "xlabel": "epoch", "ylabel": "loss", "log": false}`
 * Without x the values count from 0; null is a gap. */
import uPlot from "uplot";

const INKS = ["--ink", "--red", "--green", "--amber", "--violet", "--muted"];
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3], [5, 2], [1, 4]]; // so that colour is never the only difference
const LEGEND = ["solid", "dashed", "dotted", "dashed", "dashed", "dotted"]; // the same as CSS says it
const HEIGHT = 280;

/** A token's colour as the browser computes it now: the canvas knows neither var() nor light-dark(). @param {string} name */
function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/** uPlot wants one rising x for all series. @param {{x?: number[]|null, y: (number|null)[]}[]} series */
function aligned(series) {
  const tables = series.map(({ x, y }) => {
    const points = y.map((value, index) => [x ? x[index] : index, value]).filter(([at]) => at !== null && at !== undefined);
    points.sort((a, b) => a[0] - b[0]);
    return [points.map(([at]) => at), points.map(([, value]) => value)];
  });
  return tables.length > 1 ? uPlot.join(tables) : tables[0];
}

/** @param {any} spec @param {number} width */
function options(spec, width) {
  const axis = (label) => ({
    label: label || undefined, labelSize: 22, labelFont: "13px Inter, system-ui, sans-serif",
    font: "12px Inter, system-ui, sans-serif", stroke: colour("--muted"), size: label === spec.ylabel ? 58 : 40,
    grid: { stroke: colour("--rule"), width: 1 }, ticks: { stroke: colour("--rule"), width: 1 },
  });
  const dense = spec.series.some(({ y }) => y.length > 30);
  const lines = spec.series.map(({ name }, index) => ({
    label: name, points: { show: dense ? false : undefined }, stroke: colour(INKS[index % INKS.length]), width: 2, dash: DASHES[index % DASHES.length], spanGaps: false,
    value: (_plot, value) => (value == null ? "–" : Number(value.toPrecision(4)).toString()),
  }));
  const positive = spec.series.every(({ y }) => y.every((value) => value === null || value > 0));
  return {
    width, height: HEIGHT, cursor: { drag: { x: false, y: false } },
    scales: { x: { time: false }, y: { distr: spec.log && positive ? 3 : 1 } },
    axes: [axis(spec.xlabel), axis(spec.ylabel)],
    series: [{ label: spec.xlabel || "x" }, ...lines],
    legend: { markers: { dash: (_plot, index) => LEGEND[(index - 1) % LEGEND.length] } },
  };
}

/** @param {HTMLElement} figure */
export function startPlot(figure) {
  const data = figure.querySelector("script[type='application/json']")?.textContent;
  const spec = JSON.parse(data || '{"series": []}');
  spec.series = spec.series.filter(({ y }) => Array.isArray(y) && y.length);
  if (!spec.series.length) return;
  const host = document.createElement("div");
  host.className = "plot-canvas";
  host.setAttribute("aria-hidden", "true"); // its text alternative is the figure's own caption and table
  figure.querySelector("script")?.before(host);
  for (const table of figure.querySelectorAll("[data-plot-fallback]")) table.classList.add("visually-hidden");
  const rows = aligned(spec.series);
  let plot = new uPlot(options(spec, host.clientWidth), rows, host);
  new ResizeObserver(() => {
    if (host.clientWidth && host.clientWidth !== plot.width) plot.setSize({ width: host.clientWidth, height: HEIGHT });
  }).observe(host);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    plot.destroy();
    plot = new uPlot(options(spec, host.clientWidth), rows, host);
  });
}
