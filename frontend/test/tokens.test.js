// Contrast of the tokens, recomputed: text at least 4.5 : 1 on each surface it stands on, controls and marks at least 3 : 1.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const css = readFileSync(new URL("../src/css/tokens.css", import.meta.url), "utf8");
const blocks = { light: css.match(/:root \{([^}]*)\}/)[1], dark: css.match(/:root\[data-theme="dark"\] \{([^}]*)\}/)[1], auto: css.match(/prefers-color-scheme: dark\) \{\s*:root[^{]*\{([^}]*)\}/)[1] };
const tokens = Object.fromEntries(Object.entries(blocks).map(([name, block]) => [name, Object.fromEntries([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map((m) => [m[1], m[2]]))]));

function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
const contrast = (a, b) => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };

const TEXT = [
  ...["bg", "surface", "sunken"].flatMap((ground) => ["text", "text-2", "action"].map((ink) => [ink, ground])),
  ...[1, 2, 3, 4].map((shade) => [`heat-${shade}-on`, `heat-${shade}`]),
  ["action", "action-tint"], ["on-action", "action"], ["on-action", "action-hover"],
  ...["lv4", "lv3", "lv2", "lv1"].flatMap((level) => [[`${level}-on`, level], [`${level}-text`, "surface"]]),
  ...["done", "doing", "soon", "late", "idle"].flatMap((state) => [[`${state}-text`, `${state}-fill`], [`${state}-text`, "surface"]]),
];
const MARKS = [["control", "surface"], ["control", "bg"], ["focus", "surface"], ["focus", "bg"], ...["done", "doing", "soon", "late", "idle"].flatMap((state) => [[state, "surface"], [state, `${state}-fill`]])];

for (const theme of ["light", "dark"]) {
  test(`contrast, ${theme}`, () => {
    for (const [pairs, least] of [[TEXT, 4.5], [MARKS, 3]]) {
      for (const [ink, ground] of pairs) {
        const ratio = contrast(tokens[theme][ink], tokens[theme][ground]);
        assert.ok(ratio >= least, `${ink} on ${ground}: ${ratio.toFixed(2)} < ${least}`);
      }
    }
  });
}

test("the dark theme is the same by choice and by the system's wish", () => assert.deepEqual(tokens.dark, tokens.auto));

test("no chart colour is red, orange or yellow", () => {
  for (const theme of ["light", "dark"]) {
    for (let n = 1; n <= 6; n++) {
      const [r, g, b] = [1, 3, 5].map((at) => parseInt(tokens[theme][`chart-${n}`].slice(at, at + 2), 16));
      assert.ok(!(r > 200 && b < 110), `chart-${n} ${theme}`);
    }
  }
});
