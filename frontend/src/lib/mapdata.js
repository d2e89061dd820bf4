// What the map and its list are made of: boundaries, points, and their words. No drawing here.
import { language, t } from "./dom.js";

export const KINDS = {
  alarm: t("报警", "Alarms"), hazard: t("隐患", "Hazards"), unit: t("单位", "Units"), device: t("设备", "Devices"), region: t("区划", "Regions"),
};
export const LEVELS = { 4: t("极高", "extreme"), 3: t("高", "high"), 2: t("中", "medium"), 1: t("低", "low"), 0: t("正常", "normal") };
const NOTHING = { type: "FeatureCollection", features: [] };

/** Fetches JSON; an address that does not answer is an empty collection and a word of why. */
export async function collection(url, signal) {
  const answer = await fetch(url, { headers: { Accept: "application/json" }, signal });
  if (!answer.ok) throw new Error(String(answer.status));
  const body = await answer.json();
  return body.features ? body : NOTHING;
}

/** The name of a region feature, whatever its source calls it. */
export const nameOf = ({ properties }) => (language === "en" && properties?.name_en) || properties?.name || "";
export const codeOf = (feature) => String(feature.properties?.code ?? feature.id ?? "");

/** The box around features: [west, south, east, north]; null around nothing. */
export function boxOf(features) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  const grow = (coordinates) => {
    if (typeof coordinates[0] === "number") {
      const [x, y] = coordinates;
      box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y); box[2] = Math.max(box[2], x); box[3] = Math.max(box[3], y);
    } else coordinates.forEach(grow);
  };
  for (const feature of features) if (feature.geometry?.coordinates) grow(feature.geometry.coordinates);
  return box[0] === Infinity ? null : box;
}

/** A region's name as a point in the middle of its largest part: drawn once, however the map cuts the region into tiles. */
export function labelOf({ geometry, properties }) {
  const polygons = geometry?.type === "MultiPolygon" ? geometry.coordinates : geometry?.type === "Polygon" ? [geometry.coordinates] : [];
  const middles = polygons.map(([ring]) => middleOf(ring)).sort((a, b) => b.area - a.area);
  return { type: "Feature", properties, geometry: middles.length ? { type: "Point", coordinates: middles[0].at } : null };
}

/** Area and centre of mass of a ring, by the shoelace formula; units of the coordinates. */
function middleOf(ring) {
  let area = 0, x = 0, y = 0;
  for (let i = 0; i + 1 < ring.length; i += 1) {
    const [[ax, ay], [bx, by]] = [ring[i], ring[i + 1]];
    const part = ax * by - bx * ay;
    area += part; x += (ax + bx) * part; y += (ay + by) * part;
  }
  return area ? { area: Math.abs(area / 2), at: [x / (3 * area), y / (3 * area)] } : { area: 0, at: ring[0] };
}

/** The order of the list: worst level first, then the larger number, then the name. */
export function inOrder(features) {
  const level = (feature) => feature.properties.level ?? -1;
  return [...features].sort((a, b) => level(b) - level(a) || (b.properties.count ?? 1) - (a.properties.count ?? 1)
    || String(a.properties.label ?? "").localeCompare(String(b.properties.label ?? ""), "zh-CN"));
}

/** A point in words: its own label, or how many of what stand here. */
export function wordsOf({ label, kind, count }) {
  if (label) return label;
  const name = KINDS[kind] ?? kind ?? "";
  return (count ?? 1) > 1 ? t(`${name} ${count} 个`, `${count} ${name.toLowerCase()}`) : name;
}
