/** How the dashboard is built: into dist, without an inline script or style (docs/security.md's policy). */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const HERE = import.meta.dirname;

/** The theme is set by a script that blocks the first paint: modules run after it, and would flash. */
function themeScript(): Plugin {
  const source = readFileSync(path.join(HERE, "theme.js"), "utf8");
  const hash = createHash("sha256").update(source).digest("base64url").slice(0, 8);
  const built = `assets/theme-${hash}.js`;
  let building = false;
  return {
    name: "amps-theme-script",
    configResolved: (config) => void (building = config.command === "build"),
    generateBundle() {
      this.emitFile({ type: "asset", fileName: built, source });
    },
    transformIndexHtml: () => [
      {
        tag: "script",
        attrs: { src: building ? `/${built}` : "/theme.js" },
        injectTo: "head-prepend",
      },
    ],
  };
}

// `vite build` obeys a NODE_ENV of the machine, and would then build React for developers.
if (process.argv.includes("build")) process.env["NODE_ENV"] = "production";

export default defineConfig({
  root: HERE,
  plugins: [themeScript(), react(), tailwindcss()],
  logLevel: "warn",
  build: {
    outDir: path.join(HERE, "dist"),
    emptyOutDir: true,
    // A data: URL of a script or style would be refused by the policy.
    assetsInlineLimit: 0,
    target: "es2022",
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [{ name: "react", test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/ }],
        },
      },
    },
  },
  server: {
    // `npm run dashboard:dev` beside a running `npm start`.
    proxy: Object.fromEntries(
      ["/api", "/battery", "/actions", "/devices"].map((prefix) => [
        prefix,
        process.env["AMPS_URL"] ?? "http://127.0.0.1:8071",
      ]),
    ),
  },
});
