/** The code that the dashboard shows works as it stands: pasted, started, and sent to. */
import { execFile, spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { Webhook } from "svix";
import { afterEach, expect, test } from "vitest";
import { startReceiver } from "../../test/support/receiver.ts";
import {
  PUBLIC_KEY_VARIABLE,
  SECRET_VARIABLE,
  shellQuoted,
  snippetsFor,
} from "../src/pages/endpoints/verify-code.ts";

const run = promisify(execFile);
// In the repository, so that what the code imports is found.
const FOLDER = path.resolve(import.meta.dirname, "../../.amps/verify-code");
const BODY = '{"test":true}';
const secret = `whsec_${randomBytes(24).toString("base64")}`;
const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function textOf(id: string, url: string, type: "hmac256" | "ed25519" = "hmac256"): string {
  const found = snippetsFor(url, type).find((snippet) => snippet.id === id);
  if (found === undefined) throw new Error(`There is no code for ${id}.`);
  return found.text;
}

async function freePort(): Promise<number> {
  const receiver = await startReceiver();
  await receiver.close();
  return receiver.port;
}

type Post = (headers: Record<string, string>) => Promise<number>;

/** Starts the code as a program. @returns what posts to it, from when it listens */
async function start(url: string, text: string, env: Record<string, string>): Promise<Post> {
  const file = path.join(FOLDER, `${randomUUID()}.mjs`);
  await mkdir(FOLDER, { recursive: true });
  await writeFile(file, text);
  const child = spawn(process.execPath, [file], { env: { ...process.env, ...env } });
  const closed = once(child, "close");
  stops.push(async () => {
    child.kill();
    await closed;
    await rm(file);
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  return async (headers) => {
    while (child.exitCode === null) {
      try {
        const all = { "content-type": "application/json", "amps-event-type": "test", ...headers };
        return (await fetch(url, { method: "POST", headers: all, body: BODY })).status;
      } catch {
        await Promise.race([setImmediate(), closed]);
      }
    }
    throw new Error(`The code has ended:\n${errors}`);
  };
}

test("the receiver for Node takes what is signed, and nothing else", async () => {
  const url = `http://127.0.0.1:${await freePort()}/hooks`;
  const post = await start(url, textOf("node", url), { [SECRET_VARIABLE]: secret });
  const at = new Date();
  const headers = {
    "svix-id": "msg_1",
    "svix-timestamp": String(Math.floor(at.getTime() / 1000)),
    "svix-signature": new Webhook(secret).sign("msg_1", at, BODY),
  };
  expect(await post(headers)).toBe(204);
  expect(await post({ ...headers, "svix-id": "msg_2" })).toBe(400);
  expect(await post({})).toBe(400);
});

test("the receiver for Node verifies with a public key", async () => {
  const url = `http://127.0.0.1:${await freePort()}/hooks`;
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
  const key = `whpk_${raw.toString("base64")}`;
  const text = textOf("node", url, "ed25519");
  const post = await start(url, text, { [PUBLIC_KEY_VARIABLE]: key });
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = sign(null, Buffer.from(`msg_1.${timestamp}.${BODY}`), privateKey);
  const headers = {
    "webhook-id": "msg_1",
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,AAAA v1a,${signature.toString("base64")}`,
  };
  expect(await post(headers)).toBe(204);
  expect(await post({ ...headers, "webhook-id": "msg_2" })).toBe(400);
  expect(await post({})).toBe(400);
});

async function hasTools(): Promise<boolean> {
  try {
    await run("sh", ["-c", "command -v curl && command -v openssl && command -v od"]);
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!(await hasTools()))("the command for curl sends what verifies", async () => {
  const receiver = await startReceiver();
  stops.push(() => receiver.close());
  const command = textOf("curl", `${receiver.url}/it's?a=1`);
  await run("sh", ["-c", command], { env: { ...process.env, [SECRET_VARIABLE]: secret } });
  const { body, headers, url } = await receiver.nth(1);
  expect(url).toBe("/it's?a=1");
  new Webhook(secret).verify(body, headers as Record<string, string>);
});

test("nothing in a URL gets out of its quotes", async () => {
  const hostile = "https://example.com/'; touch /tmp/owned; '";
  const { stdout } = await run("sh", ["-c", `printf %s ${shellQuoted(hostile)}`]);
  expect(stdout).toBe(hostile);
});
