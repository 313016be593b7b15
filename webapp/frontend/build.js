// Bundles what pages need into ../static/vendor, which git ignores and the wheel carries,
// with the licence text of every package that went in. Run by `make frontend`.
import { build } from "esbuild";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const vendor = join(here, "..", "static", "vendor");

// app: on every page. viewer: bpmn-js, fetched only by a page that shows a diagram.
const entries = { app: ["main.js", "main.css"], viewer: ["viewer.js", "viewer.css"] };

rmSync(vendor, { recursive: true, force: true });
mkdirSync(join(vendor, "licenses"), { recursive: true });

const packages = new Set();
for (const [name, files] of Object.entries(entries)) {
  for (const file of files.filter((file) => existsSync(join(here, file)))) {
    const result = await build({
      absWorkingDir: here,
      entryPoints: [{ in: file, out: name }],
      outdir: vendor,
      bundle: true,
      minify: true,
      sourcemap: false,
      metafile: true,
      format: "esm",
      // Chromium-based browsers of government desktops; syntax only, nothing is polyfilled.
      target: ["chrome93", "firefox92"],
      // Small icons stay inside the style sheet; fonts become files beside it.
      loader: { ".svg": "dataurl", ".woff": "file", ".woff2": "file", ".ttf": "file", ".eot": "file" },
      assetNames: "[name]",
      legalComments: "external",
      logLevel: "warning",
    }).catch(() => process.exit(1)); // esbuild has said why
    for (const input of Object.keys(result.metafile.inputs)) {
      const match = input.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//);
      if (match) packages.add(match[1]);
    }
  }
}

// A package without its licence text must not be shipped: fail rather than leave it out.
const lines = [];
for (const name of [...packages].sort()) {
  const folder = join(here, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((file) => /^(licen[cs]e|copying)(\.|$)/i.test(file));
  const own = join(here, "licenses", `${name.replace("/", "__")}.txt`);
  const text = file ? join(folder, file) : own;
  if (!existsSync(text)) throw new Error(`${name} ${version} (${license}) brings no licence text: add ${own}`);
  cpSync(text, join(vendor, "licenses", `${name.replace("/", "__")}.txt`));
  lines.push(`${name} ${version} ${license}`);
}
writeFileSync(join(vendor, "licenses", "PACKAGES.txt"), lines.join("\n") + "\n");
console.log(`webapp/static/vendor: ${Object.keys(entries).join(", ")}; ${lines.length} packages`);
