// The map panel: boundaries and points without tiles; the list beside it holds the same objects and does all the map does.
// Without WebGL the regions are drawn as SVG and the list stays. <div data-map data-region=… data-points=…>, docs/modules/ui.md, "Map".
import { all, announce, el, one, SHAPES, svg, t } from "./lib/dom.js";
import { boxOf, codeOf, collection, inOrder, KINDS, labelOf, LEVELS, nameOf, wordsOf } from "./lib/mapdata.js";

const POINTS_WAIT_MS = 200;
const SHOWN_IN_LIST = 100;
const ICON_PX = 22;
const CLUSTER_MIN = 2;
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function hasWebGL() {
  try { return Boolean(document.createElement("canvas").getContext("webgl2")); } catch { return false; }
}

/** One map panel on the page. */
class MapPanel {
  constructor(root) {
    this.root = root;
    const given = root.dataset;
    this.region = given.region || "0";
    this.pointsUrl = given.points;
    this.boundariesUrl = given.boundaries || `/geo/boundaries/${this.region}.json`;
    const layers = one('script[type="application/json"]', root);
    this.layers = layers ? JSON.parse(layers.textContent) : null;
    this.off = new Set((this.layers ?? []).filter((layer) => layer.on === false).map((layer) => layer.kind));
    this.points = { type: "FeatureCollection", features: [] };
    this.build();
  }

  build() {
    this.stage = el("div", { class: "map-stage" });
    this.canvas = el("div", { class: "map-canvas", role: "region", "aria-label": t("地图；右侧列表内容相同", "Map; the list beside it holds the same") });
    this.toggles = el("div", { class: "map-layers", role: "group", "aria-label": t("图层", "Layers"), hidden: true });
    this.note = el("div", { class: "map-note" }, this.root.dataset.note || t("坐标系 CGCS2000 · 审图号未配置，仅供内部使用", "CGCS2000 · no map approval number configured; internal use only"));
    this.list = el("div", { class: "map-list" });
    this.head = el("div", { class: "map-side-head" }, el("span", {}, t("图上对象", "On the map")), el("span", { class: "quiet" }));
    this.stage.append(this.canvas, el("div", { class: "map-tools" }, this.toggles), this.note);
    this.root.append(this.stage, el("section", { class: "map-side", "aria-label": t("图上对象列表", "List of what is on the map") }, this.head, this.list));
  }

  async start() {
    try {
      this.boundaries = await collection(this.boundariesUrl);
    } catch {
      this.boundaries = { type: "FeatureCollection", features: [] };
    }
    await this.draw();
    await this.load();
  }

  async draw() {
    if (!hasWebGL()) return this.drawPlain();
    try {
      const [maplibre, worker] = await Promise.all([import("maplibre-gl"), import("maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url"), import("maplibre-gl/dist/maplibre-gl.css")]);
      maplibre.setWorkerUrl(worker.default);
      await this.drawMap(maplibre);
    } catch (error) {
      console.warn("map drawn without WebGL:", error);
      this.drawPlain();
    }
  }

  async drawMap(maplibre) {
    const box = boxOf(this.boundaries.features) ?? [73, 18, 135, 54];
    this.map = new maplibre.Map({
      container: this.canvas,
      style: this.style(),
      bounds: [[box[0], box[1]], [box[2], box[3]]],
      fitBoundsOptions: { padding: 28 },
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      fadeDuration: 0,
      cooperativeGestures: matchMedia("(pointer: coarse)").matches,
      locale: { "NavigationControl.ZoomIn": t("放大", "Zoom in"), "NavigationControl.ZoomOut": t("缩小", "Zoom out"),
        "CooperativeGesturesHandler.MobileHelpText": t("用两指移动地图", "Use two fingers to move the map") },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new maplibre.ScaleControl({ unit: "metric" }), "bottom-right");
    await new Promise((done) => this.map.once("load", done));
    this.addImages();
    this.addLayers();
    let timer = 0;
    this.map.on("moveend", () => { clearTimeout(timer); timer = setTimeout(() => this.load(), POINTS_WAIT_MS); });
    this.map.on("click", "points", ({ features }) => this.choose(features[0].properties.index));
    this.map.on("click", "regions", (event) => {
      if (this.map.queryRenderedFeatures(event.point, { layers: ["points"] }).length) return;
      this.enter(codeOf(event.features[0]));
    });
    for (const layer of ["points", "regions"]) {
      this.map.on("mouseenter", layer, () => { this.map.getCanvas().style.cursor = "pointer"; });
      this.map.on("mouseleave", layer, () => { this.map.getCanvas().style.cursor = ""; });
    }
    const again = () => { this.map.setStyle(this.style()); this.map.once("styledata", () => { this.addImages(); this.addLayers(); }); };
    document.addEventListener("wh:theme", again);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    new ResizeObserver(() => this.map.resize()).observe(this.stage);
  }

  style() {
    return {
      version: 8,
      sources: {},
      layers: [{ id: "ground", type: "background", paint: { "background-color": token("--sunken") } }],
    };
  }

  addLayers() {
    const width = { 2: 2.4, 4: 1.8, 6: 1.2 }[codeOf(this.boundaries.features[0] ?? {}).length] ?? 0.8;
    const features = this.boundaries.features.map((feature) => ({ ...feature, properties: { ...feature.properties, code: codeOf(feature), name: nameOf(feature) } }));
    this.map.addSource("regions", { type: "geojson", data: { type: "FeatureCollection", features } });
    this.map.addSource("points", { type: "geojson", data: this.shown() });
    this.map.addLayer({ id: "regions", type: "fill", source: "regions", filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": token("--bg") } });
    this.map.addLayer({ id: "edges", type: "line", source: "regions", paint: { "line-color": token("--control"), "line-width": width } });
    this.map.addSource("labels", { type: "geojson", data: { type: "FeatureCollection", features: features.map(labelOf) } });
    this.map.addLayer({ id: "names", type: "symbol", source: "labels",
      layout: { "text-field": ["get", "name"], "text-size": 12, "text-padding": 4 },
      paint: { "text-color": token("--text-2"), "text-halo-color": token("--bg"), "text-halo-width": 1.4 } });
    const count = ["coalesce", ["get", "count"], 1];
    this.map.addLayer({ id: "rings", type: "circle", source: "points", filter: [">=", count, CLUSTER_MIN],
      paint: { "circle-radius": ["interpolate", ["linear"], ["log10", count], 0, 17, 2, 22, 4, 30], "circle-color": token("--surface"), "circle-stroke-width": 1.5, "circle-stroke-color": token("--text") } });
    this.map.addLayer({ id: "points", type: "symbol", source: "points",
      layout: {
        "icon-image": ["concat", "level-", ["to-string", ["coalesce", ["get", "level"], "off"]]],
        "icon-size": ["case", [">=", count, CLUSTER_MIN], 0.6, 0.9], "icon-allow-overlap": true,
        "icon-offset": ["case", [">=", count, CLUSTER_MIN], ["literal", [0, -13]], ["literal", [0, 0]]],
        "text-field": ["case", [">=", count, CLUSTER_MIN], ["to-string", count], ""],
        "text-size": 12, "text-offset": [0, 0.35], "text-allow-overlap": true, "text-ignore-placement": true,
        "symbol-sort-key": ["coalesce", ["get", "level"], -1],
      },
      paint: { "text-color": token("--text") } });
  }

  addImages() {
    const scale = Math.max(2, Math.ceil(devicePixelRatio));
    for (const level of [4, 3, 2, 1, 0, "off"]) {
      const canvas = Object.assign(document.createElement("canvas"), { width: ICON_PX * scale, height: ICON_PX * scale });
      const pen = canvas.getContext("2d");
      pen.scale((ICON_PX / 16) * scale, (ICON_PX / 16) * scale);
      const path = new Path2D(SHAPES[level === "off" ? 4 : level]);
      pen.fillStyle = level === "off" ? token("--off") : token(`--lv${level}`);
      pen.strokeStyle = token("--text");
      pen.lineWidth = 1;
      pen.lineJoin = "round";
      pen.fill(path);
      pen.stroke(path);
      const name = `level-${level}`;
      if (this.map.hasImage(name)) this.map.removeImage(name);
      this.map.addImage(name, pen.getImageData(0, 0, canvas.width, canvas.height), { pixelRatio: scale });
    }
  }

  /** The regions as SVG, for devices without WebGL. */
  drawPlain() {
    this.canvas.remove();
    const box = boxOf(this.boundaries.features);
    if (!box) {
      this.stage.append(el("p", { class: "empty" }, t("没有可画的边界，请用右侧列表。", "No boundaries to draw; use the list.")));
      return;
    }
    const [west, south, east, north] = box;
    const stretch = Math.cos((((south + north) / 2) * Math.PI) / 180);
    const at = ([x, y]) => [((x - west) * stretch).toFixed(4), (north - y).toFixed(4)];
    const ring = (points) => `M${points.map((point) => at(point).join(" ")).join("L")}Z`;
    const pad = (north - south) * 0.04;
    this.plain = svg("svg", { class: "map-plain", viewBox: `${-pad} ${-pad} ${(east - west) * stretch + 2 * pad} ${north - south + 2 * pad}`, role: "img", "aria-label": t("区划图", "Map of the regions") });
    for (const feature of this.boundaries.features) {
      const { type, coordinates } = feature.geometry ?? {};
      if (!/Polygon$/.test(type ?? "")) continue;
      const polygons = type === "Polygon" ? [coordinates] : coordinates;
      const path = svg("path", { d: polygons.flat().map(ring).join("") }, svg("title", {}, nameOf(feature)));
      path.addEventListener("click", () => this.enter(codeOf(feature)));
      this.plain.append(path);
    }
    this.at = at;
    this.span = north - south;
    this.stage.prepend(this.plain);
  }

  plainPoints() {
    one("g.points", this.plain)?.remove();
    const size = this.span / 22;
    const group = svg("g", { class: "points" });
    for (const { geometry, properties } of this.shown().features) {
      const [x, y] = this.at(geometry.coordinates);
      const level = properties.level ?? 0;
      const shape = svg("svg", { x: x - size / 2, y: y - size / 2, width: size, height: size, viewBox: "0 0 16 16", class: `shape lv${level}` }, svg("path", { d: SHAPES[level] }));
      shape.addEventListener("click", () => this.choose(properties.index));
      group.append(shape);
    }
    this.plain.append(group);
  }

  /** Asks the server for what is in view, clustered for this zoom. */
  async load() {
    if (!this.pointsUrl) return;
    this.asking?.abort();
    this.asking = new AbortController();
    const url = new URL(this.pointsUrl, location.href);
    url.searchParams.set("region", this.region);
    if (this.map) {
      const bounds = this.map.getBounds();
      url.searchParams.set("bbox", [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()].map((n) => n.toFixed(5)).join(","));
      url.searchParams.set("zoom", this.map.getZoom().toFixed(1));
    }
    if (this.layers) url.searchParams.set("kinds", this.layers.map((layer) => layer.kind).filter((kind) => !this.off.has(kind)).join(","));
    try {
      this.points = await collection(url, this.asking.signal);
    } catch (error) {
      if (error.name === "AbortError") return;
      this.list.replaceChildren(el("p", { class: "empty" }, t("点位没有取到，稍后会再试。", "The points could not be fetched; it will be tried again.")));
      return;
    }
    this.points.features.forEach((feature, index) => { feature.properties.index = index; });
    this.show();
  }

  shown() {
    return { type: "FeatureCollection", features: this.points.features.filter((feature) => !this.off.has(feature.properties.kind)) };
  }

  show() {
    const data = this.shown();
    if (this.map) this.map.getSource("points")?.setData(data);
    else if (this.plain) this.plainPoints();
    this.showToggles();
    this.showList(data.features);
  }

  showToggles() {
    const known = this.layers ?? [...new Set(this.points.features.map((feature) => feature.properties.kind))].map((kind) => ({ kind, label: KINDS[kind] ?? kind }));
    if (this.toggles.childElementCount || known.length < 2) return;
    this.toggles.hidden = false;
    this.toggles.append(...known.map(({ kind, label }) => el("label", {},
      el("input", { type: "checkbox", checked: !this.off.has(kind), onchange: ({ target }) => {
        if (target.checked) this.off.delete(kind); else this.off.add(kind);
        if (this.layers) this.load(); else this.show();
      } }), label ?? KINDS[kind] ?? kind)));
  }

  showList(features) {
    const total = features.reduce((sum, feature) => sum + (feature.properties.count ?? 1), 0);
    this.head.lastChild.textContent = total.toLocaleString("en-US");
    if (!features.length) {
      this.list.replaceChildren(el("p", { class: "empty" }, t("这一片没有对象。", "Nothing here.")));
      return;
    }
    const shown = inOrder(features).slice(0, SHOWN_IN_LIST);
    this.list.replaceChildren(...shown.map(({ properties }) => this.line(properties)),
      ...(features.length > shown.length ? [el("p", { class: "quiet" }, t(`另有 ${features.length - shown.length} 处，放大看`, `${features.length - shown.length} more; zoom in`))] : []));
  }

  line(properties) {
    const { level, count = 1, url, index } = properties;
    const shape = svg("svg", { class: `shape ${level === null || level === undefined ? "off" : `lv${level}`}`, viewBox: "0 0 16 16", "aria-hidden": "true" }, svg("path", { d: SHAPES[level ?? 4] }));
    const words = [shape, el("span", {}, wordsOf(properties)), el("span", { class: "sr" }, LEVELS[level] ?? t("未报", "not reported"))];
    if (count < CLUSTER_MIN && url) return el("a", { href: url, "data-index": index, onfocus: () => this.mark(index) }, ...words);
    return el("button", { type: "button", "data-index": index, onclick: () => this.choose(index) }, ...words, count >= CLUSTER_MIN ? el("span", { class: "count" }, count.toLocaleString("en-US")) : null);
  }

  mark(index) {
    all("[aria-current]", this.list).forEach((line) => line.removeAttribute("aria-current"));
    const line = one(`[data-index="${index}"]`, this.list);
    line?.setAttribute("aria-current", "true");
    line?.scrollIntoView({ block: "nearest" });
  }

  /** A cluster opens by zooming in; one object is marked in the list, where its link is. */
  choose(index) {
    const feature = this.points.features.find((each) => each.properties.index === Number(index));
    if (!feature) return;
    const { count = 1, url } = feature.properties;
    this.mark(index);
    announce(wordsOf(feature.properties));
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (this.map && count >= CLUSTER_MIN) this.map[still ? "jumpTo" : "easeTo"]({ center: feature.geometry.coordinates, zoom: this.map.getZoom() + 2 });
    else if (this.map) this.map[still ? "jumpTo" : "easeTo"]({ center: feature.geometry.coordinates });
    else if (url) location.href = url;
    if (count < CLUSTER_MIN) one(`[data-index="${index}"]`, this.list)?.focus();
  }

  /** Pressing a region looks at that region, when the page wants it. */
  enter(code) {
    if (!("drill" in this.root.dataset) || !code || code === this.region) return;
    const url = new URL(location.href);
    url.searchParams.set("region", code);
    location.href = url.pathname + url.search;
  }
}

for (const root of all("[data-map]")) new MapPanel(root).start();
