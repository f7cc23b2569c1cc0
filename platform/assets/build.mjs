/** Builds ../static from src and the locked packages. The same input gives the same bytes. */
import { build } from "esbuild";
import { copyFile, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

process.chdir(dirname(fileURLToPath(import.meta.url)));
const OUT = "../static";
// Browsers that know light-dark(), :has() and nesting: nothing is rewritten for older ones.
const TARGET = ["chrome123", "firefox121", "safari17.5"];

const FONTS = {
  "inter.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
  "inter-ext.woff2": "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2",
  "source-serif-4.woff2": "@fontsource-variable/source-serif-4/files/source-serif-4-latin-wght-normal.woff2",
  "source-serif-4-ext.woff2": "@fontsource-variable/source-serif-4/files/source-serif-4-latin-ext-wght-normal.woff2",
  "source-serif-4-italic.woff2": "@fontsource-variable/source-serif-4/files/source-serif-4-latin-wght-italic.woff2",
  "source-serif-4-italic-ext.woff2": "@fontsource-variable/source-serif-4/files/source-serif-4-latin-ext-wght-italic.woff2",
  "jetbrains-mono.woff2": "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2",
  "jetbrains-mono-ext.woff2": "@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-ext-wght-normal.woff2",
  "stix-two-math.woff2": "@fontsource/stix-two-math/files/stix-two-math-latin-400-normal.woff2",
  "LICENSE-inter.txt": "@fontsource-variable/inter/LICENSE",
  "LICENSE-source-serif-4.txt": "@fontsource-variable/source-serif-4/LICENSE",
  "LICENSE-jetbrains-mono.txt": "@fontsource-variable/jetbrains-mono/LICENSE",
  "LICENSE-stix-two-math.txt": "@fontsource/stix-two-math/LICENSE",
};

const common = { bundle: true, minify: true, charset: "utf8", legalComments: "none", target: TARGET, outdir: OUT, metafile: true };
const scripts = await build({ ...common, entryPoints: { rendu: "src/main.js", "rendu-admin": "src/admin.js" }, format: "iife" });
const styles = await build({
  ...common, entryPoints: { rendu: "src/css/rendu.css", "admin-rendu": "src/css/admin.css" }, external: ["fonts/*"],
});

await mkdir(`${OUT}/fonts`, { recursive: true });
for (const [name, from] of Object.entries(FONTS)) await copyFile(`node_modules/${from}`, `${OUT}/fonts/${name}`);

/** The packages whose code is in the bundles, with their licences, as they ask for. */
const used = new Set();
for (const input of [...Object.keys(scripts.metafile.inputs), ...Object.keys(styles.metafile.inputs)]) {
  const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
  if (name) used.add(name);
}
let licences = "Packages inside rendu.js, rendu-admin.js and rendu.css\n";
for (const name of [...used].sort()) {
  const folder = `node_modules/${name}`;
  const { version } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`${name} has no licence file; add its text here before bundling it`);
  licences += `\n\n== ${name} ${version}\n\n${(await readFile(`${folder}/${file}`, "utf8")).trim()}\n`;
}
await writeFile(`${OUT}/licences.txt`, licences);

for (const [path, { bytes }] of Object.entries({ ...scripts.metafile.outputs, ...styles.metafile.outputs })) {
  console.log(`${path} ${Math.round(bytes / 1024)} KiB`);
}
