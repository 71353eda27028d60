// Draws each figure that carries a Vega-Lite specification; its table stands beside it, so that nothing is lost without this.
// The expressions of Vega are interpreted (`ast`), never compiled: the content policy allows no text to become code.
const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const theme = () => ({
  background: "transparent",
  font: getComputedStyle(document.body).fontFamily,
  view: { stroke: null },
  axis: {
    labelColor: ink("--soft"), titleColor: ink("--soft"), domainColor: ink("--rule"), tickColor: ink("--rule"), gridColor: ink("--hair"),
    labelFontSize: 12, titleFontSize: 12, titleFontWeight: 500, titlePadding: 8, gridWidth: 1,
  },
  legend: { labelColor: ink("--ink"), titleColor: ink("--soft"), labelFontSize: 12, titleFontSize: 12, titleFontWeight: 500, orient: "top" },
  title: { color: ink("--ink"), fontSize: 13, fontWeight: 600, anchor: "start" },
  header: { labelColor: ink("--ink"), titleColor: ink("--soft") },
  mark: { color: ink("--under") },
  text: { color: ink("--ink") },
  rule: { color: ink("--soft") },
  range: { category: ["--under", "--over", "--won", "--gold", "--soft", "--bronze", "--lost", "--silver"].map(ink) },
});

const coloured = (value) => {
  // A colour is said by the name of the sheet's own, such as "--over": so one specification serves both palettes.
  if (typeof value === "string") return value.startsWith("--") ? ink(value) : value;
  if (Array.isArray(value)) return value.map(coloured);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, key === "values" ? inner : coloured(inner)]));
  return value;
};

const draw = async (figure) => {
  const stage = figure.querySelector(".stage");
  const specification = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  await window.vegaEmbed(stage, coloured(specification), {
    actions: false, ast: true, config: theme(), defaultStyle: false, renderer: "canvas", tooltip: { disableDefaultStyle: true },
  });
  figure.dataset.drawn = "yes";
};

const all = () => Promise.all([...document.querySelectorAll("figure.chart")].map(draw));
await all();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
document.body.addEventListener("htmx:afterSettle", (event) => event.target.querySelectorAll("figure.chart:not([data-drawn])").forEach(draw));
