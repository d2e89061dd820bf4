// Bundles the pages' scripts and styles into the folder Django serves. Entries keep their names (templates link them);
// chunks and workers carry a hash, and every address among them is relative, so the folder can be served from anywhere.
import { defineConfig } from "vite";

// htmx holds one eval, which every page turns off (allowEval) and the content security policy forbids.
const isKnown = ({ code, id = "", loc }) => code === "EVAL" && /node_modules\/htmx\.org\//.test(id || loc?.file || "");

export default defineConfig({
  base: "./",
  publicDir: false,
  build: {
    outDir: "../src/wanghuo/kernel/ui/static/ui/dist",
    emptyOutDir: true,
    target: "chrome100",
    modulePreload: false,
    chunkSizeWarningLimit: 1200,
    rollupOptions: {
      checks: { pluginTimings: false },
      onwarn: (warning, warn) => isKnown(warning) || warn(warning),
      input: { app: "src/app.js", map: "src/map.js", charts: "src/charts.js", console: "src/console.js", seat: "src/seat.js", programmes: "src/programmes.js", scan: "src/scan.js" },
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "chunks/[name]-[hash].js",
        assetFileNames: (asset) => (/^(app|map|programmes)\.css$/.test(asset.names?.[0] ?? "") ? "[name][extname]" : "assets/[name]-[hash][extname]"),
      },
    },
  },
  worker: { format: "es", rollupOptions: { output: { entryFileNames: "chunks/[name]-[hash].js" } } },
});
