/** The built dashboard as browsers get it: pages, files, their headers, and the server without them. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadAssets } from "../../src/api/dashboard/assets.ts";
import { World } from "./world.ts";

const INDEX = '<!doctype html><script type="module" src="/assets/index-1a.js"></script>';
const SCRIPT = "console.log('amps');\n".repeat(500);
const BROWSER = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

let folder: string;
let world: World;
let bare: World;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "amps-dist-"));
  await mkdir(path.join(folder, "assets"));
  await writeFile(path.join(folder, "index.html"), INDEX);
  await writeFile(path.join(folder, "favicon.svg"), "<svg/>");
  await writeFile(path.join(folder, "assets", "index-1a.js"), SCRIPT);
  await writeFile(path.join(folder, "assets", "font.woff2"), Buffer.alloc(4_000));
  const assets = await loadAssets(folder);
  await assets?.compressed;
  world = await World.open({ pages: { assets, portalEmbed: ["https://shop.example"] } });
  bare = await World.open();
});
afterAll(async () => {
  await world.close();
  await bare.close();
  await rm(folder, { recursive: true, force: true });
});

const get = (route: string, headers: Record<string, string> = BROWSER) =>
  world.app.inject({ method: "GET", url: route, headers });

describe("pages", () => {
  test.each([
    "/dashboard",
    "/dashboard/",
    "/dashboard/endpoints/ep_1?a=b",
    "/portal/",
    "/portal/log",
  ])("%s is index.html, never kept, and runs only its own scripts", async (route) => {
    const page = await get(route);
    expect([page.statusCode, page.body]).toEqual([200, INDEX]);
    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(page.headers["cache-control"]).toBe("no-store");
    const policy = String(page.headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toContain("unsafe");
    const ancestors = route.startsWith("/portal") ? "https://shop.example" : "'none'";
    expect(policy).toContain(`frame-ancestors ${ancestors}`);
  });

  test("browsers that open / are sent to the dashboard, programs are not", async () => {
    const page = await get("/");
    expect([page.statusCode, page.headers["location"]]).toEqual([302, "/dashboard/"]);
    const plain = await get("/", {});
    expect(plain.statusCode).toBe(200);
    expect(plain.body).toContain('href="/dashboard/"');
  });

  test("the APIs' paths stay theirs, for browsers too", async () => {
    for (const route of ["/actions", "/battery", "/api/v1/app", "/nothing", "/dashboards"]) {
      expect((await get(route)).headers["content-type"], route).toMatch(/^application\/json/);
    }
    expect((await world.app.inject({ method: "POST", url: "/dashboard/login" })).statusCode).toBe(
      405,
    );
  });
});

describe("files", () => {
  test("are kept for ever, in the smallest form that the browser takes", async () => {
    const unpack = { br: brotliDecompressSync, gzip: gunzipSync };
    for (const [accepted, expected] of [
      ["gzip, deflate, br", "br"],
      ["gzip", "gzip"],
      ["*", "br"],
      ["br;q=0, gzip;q=0.5", "gzip"],
      ["identity", undefined],
      ["", undefined],
    ] as const) {
      const file = await get("/assets/index-1a.js", { "accept-encoding": accepted });
      expect(file.headers["content-encoding"], accepted).toBe(expected);
      const bytes = expected === undefined ? file.rawPayload : unpack[expected](file.rawPayload);
      expect(bytes.toString()).toBe(SCRIPT);
      expect(file.headers["content-type"]).toBe("text/javascript; charset=utf-8");
      expect(file.headers["cache-control"]).toContain("immutable");
      expect(file.headers["vary"]).toBe("accept-encoding");
      expect(file.headers["x-content-type-options"]).toBe("nosniff");
    }
    const font = await get("/assets/font.woff2", { "accept-encoding": "br" });
    expect(font.headers["content-encoding"]).toBeUndefined();
  });

  test("at the root are asked for again, and not sent again when they are the same", async () => {
    const icon = await get("/favicon.svg");
    expect([icon.statusCode, icon.headers["content-type"]]).toEqual([200, "image/svg+xml"]);
    expect(icon.headers["cache-control"]).not.toContain("immutable");
    const again = await get("/favicon.svg", { "if-none-match": String(icon.headers["etag"]) });
    expect([again.statusCode, again.body]).toEqual([304, ""]);
    expect((await world.app.inject({ method: "HEAD", url: "/favicon.svg" })).statusCode).toBe(200);
  });

  test.each([
    "/assets/nothing.js",
    "/assets/",
    "/assets/../index.html",
    "/assets/..%2f..%2fpackage.json",
    "/assets/%2e%2e/%2e%2e/etc/passwd",
    "/index.html",
  ])("%s is 404: what was not built there cannot be reached", async (route) => {
    expect((await get(route)).statusCode).toBe(404);
  });
});

describe("without a built dashboard", () => {
  test("its pages lead to one that says what to do", async () => {
    const page = await bare.app.inject({ url: "/dashboard/login", headers: BROWSER });
    expect([page.statusCode, page.headers["location"]]).toEqual([302, "/"]);
    const landing = await bare.app.inject({ url: "/", headers: BROWSER });
    expect(landing.statusCode).toBe(200);
    expect(landing.body).toContain("The dashboard is not built: <code>npm start</code>");
  });

  test("a folder without index.html is none, and one that is no build is refused", async () => {
    expect(await loadAssets(path.join(folder, "assets"))).toBeUndefined();
    expect(await loadAssets(path.join(folder, "nowhere"))).toBeUndefined();
    const large = await mkdtemp(path.join(tmpdir(), "amps-dist-"));
    await writeFile(path.join(large, "index.html"), INDEX);
    await writeFile(path.join(large, "video.bin"), Buffer.alloc(33 * 1024 * 1024));
    await expect(loadAssets(large)).rejects.toThrow("bytes");
    await rm(large, { recursive: true });
  });
});
