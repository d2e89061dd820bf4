// Charts one can interact with: <figure data-chart> with its numbers as JSON and as a table (docs/modules/ui.md, "Charts").
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { all, one, t } from "./lib/dom.js";

echarts.use([BarChart, LineChart, AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, SVGRenderer]);

const MOST_LINES = 4;
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
const charts = new Set();
const lonely = (values) => values.filter((value) => value !== null && value !== undefined).length === 1;
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function options(data) {
  const [text, quiet, line, surface] = ["--text", "--text-2", "--line", "--surface"].map(token);
  const family = getComputedStyle(document.body).fontFamily;
  const label = { color: quiet, fontFamily: family, fontSize: 12 };
  const unit = data.unit ? ` ${data.unit}` : "";
  const across = data.kind === "bar" && data.horizontal;
  const lone = data.kind === "bar" && data.series.length === 1 ? data.series[0].data : [];
  const labels = data.labels.map((name, i) => (lone[i] === null ? `${name}\n${t("未报", "no data")}` : name));
  const names = { type: "category", data: labels, axisLabel: label, axisTick: { show: false }, axisLine: { lineStyle: { color: line } }, inverse: Boolean(across) };
  const values = { type: "value", min: data.kind === "bar" ? 0 : data.min, axisLabel: label, splitLine: { lineStyle: { color: line, opacity: 0.6 } }, minInterval: data.integer ? 1 : 0 };
  if (data.kind !== "bar" && data.min === undefined) values.scale = true;
  return {
    animation: !still,
    animationDuration: 200,
    color: [1, 2, 3, 4, 5, 6].map((n) => token(`--chart-${n}`)),
    textStyle: { fontFamily: family, color: text },
    aria: { enabled: true, decal: { show: data.kind === "bar" && data.series.length > 1 } },
    grid: { left: 8, right: data.kind === "line" ? 64 : 24, top: data.series.length > 1 && data.kind === "bar" ? 36 : 20, bottom: 8, containLabel: true },
    legend: data.kind === "bar" && data.series.length > 1 ? { top: 0, right: 0, textStyle: label, itemWidth: 14, itemHeight: 10 } : undefined,
    tooltip: {
      trigger: "axis", renderMode: "richText", confine: true, backgroundColor: surface, borderColor: line, textStyle: { color: text, fontFamily: family, fontSize: 13 },
      valueFormatter: (value) => (value === null || value === undefined ? t("未报", "not reported") : `${value.toLocaleString("en-US")}${unit}`),
    },
    xAxis: across ? values : names,
    yAxis: across ? names : values,
    series: data.series.slice(0, data.kind === "line" ? MOST_LINES : undefined).map((series) => ({
      type: data.kind,
      name: series.name,
      data: series.data,
      barMaxWidth: 28,
      barMinHeight: 1,
      symbol: "circle",
      symbolSize: 5,
      showSymbol: series.data.length <= 40 && series.style !== "dashed",
      connectNulls: false,
      lineStyle: { width: 2, type: series.style ?? "solid" },
      endLabel: data.kind === "line" && !lonely(series.data) ? { show: true, formatter: "{a}", color: quiet, fontFamily: family, fontSize: 12 } : undefined,
      label: data.kind === "line" && lonely(series.data) // a line of one point has no end to put its name at
        ? { show: true, position: "right", formatter: "{a}", color: quiet, fontFamily: family, fontSize: 12 }
        : data.kind === "bar" && data.series.length === 1 && data.labels.length <= 16
        ? { show: true, position: across ? "right" : "top", color: quiet, formatter: ({ value }) => (value === null || value === undefined || value === "-" ? "" : value.toLocaleString("en-US")) } : undefined,
      markLine: data.target !== undefined && data.target !== null && series === data.series[0]
        ? { silent: true, symbol: "none", lineStyle: { color: quiet, type: "dashed" }, data: [across ? { xAxis: data.target } : { yAxis: data.target }], label: { color: quiet, formatter: t("目标 {c}", "target {c}"), position: "insideEndTop" } } : undefined,
    })),
  };
}

function mount(figure) {
  if (figure.dataset.mounted) return;
  figure.dataset.mounted = "1";
  const data = JSON.parse(one('script[type="application/json"]', figure).textContent);
  const [box, table, toggle] = ["[data-chart-box]", "[data-chart-table]", "[data-chart-toggle]"].map((selector) => one(selector, figure));
  if (!data.labels.length || data.series.every((series) => series.data.every((value) => value === null))) return; // the table says so
  box.hidden = false;
  table.hidden = true;
  const chart = echarts.init(box, null, { renderer: "svg" });
  chart.setOption(options(data));
  charts.add({ chart, data });
  if (figure.dataset.link) {
    chart.on("click", ({ dataIndex }) => { if (data.links?.[dataIndex]) location.href = data.links[dataIndex]; });
  }
  new ResizeObserver(() => box.offsetWidth && chart.resize()).observe(box);
  if (!toggle) return;
  toggle.hidden = false;
  toggle.setAttribute("aria-pressed", "false");
  toggle.addEventListener("click", () => {
    const asTable = table.hidden;
    table.hidden = !asTable;
    box.hidden = asTable;
    toggle.setAttribute("aria-pressed", String(asTable));
    if (!asTable) chart.resize();
  });
}

const mountAll = (root = document) => {
  if (root.matches?.("[data-chart]")) mount(root);
  all("[data-chart]", root).forEach(mount);
};
const redraw = () => charts.forEach(({ chart, data }) => chart.setOption(options(data), true));

mountAll();
document.body.addEventListener("htmx:load", ({ detail }) => mountAll(detail.elt));
document.addEventListener("wh:theme", redraw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
addEventListener("beforeprint", () => all("[data-chart] [data-chart-table]").forEach((table) => { table.hidden = false; }));
