// Bundles the front-end: assets/src/main.ts and main.css -> static/dist/. Never talks to the network.
import { build } from "esbuild";
import { copyFileSync, mkdirSync } from "node:fs";

mkdirSync("static/dist", { recursive: true });
copyFileSync("assets/src/icon.svg", "static/dist/icon.svg");
await build({
  entryPoints: ["assets/src/main.ts", "assets/src/theme.ts", "assets/src/main.css"],
  outdir: "static/dist",
  bundle: true,
  minify: true,
  sourcemap: false,
  target: ["es2022", "chrome110", "firefox115", "safari16"],
  loader: { ".svg": "file" },
  logLevel: "warning",
});
