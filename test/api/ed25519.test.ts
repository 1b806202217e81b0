/** Endpoints that sign with ed25519: made, rotated both ways, verified by what the API shows, never given away. */
import { createPublicKey, randomBytes, verify } from "node:crypto";
import { type Svix, Webhook } from "svix";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatPrivateKey, verifyingKey } from "../../src/core/signing-secret.ts";
import type { SendRequest } from "../../src/core/send-result.ts";
import { type Answer, World } from "./world.ts";

let world: World;
let svix: Svix;
let appId: string;

beforeAll(async () => {
  world = await World.open();
  svix = await world.client();
  appId = await world.application();
});
afterAll(() => world.close());

const url = "http://127.0.0.1:9999/webhooks";
const pathOf = (endpointId: string): string => `/api/v1/app/${appId}/endpoint/${endpointId}`;
const rotate = (endpointId: string, body: object): Promise<Answer> =>
  world.call("POST", `${pathOf(endpointId)}/secret/rotate`, { body });
const secretOf = async (endpointId: string): Promise<Answer["body"]> =>
  (await world.call("GET", `${pathOf(endpointId)}/secret`)).body;

/** The next delivery of the application to this endpoint. */
async function delivered(endpointId: string): Promise<SendRequest> {
  await world.call("PATCH", pathOf(endpointId), { body: { url: `${url}/${endpointId}` } });
  const id = await world.message(appId);
  const found = (): SendRequest | undefined =>
    world.node.sender.requests.find(
      (request) => request.url.endsWith(endpointId) && request.headers["svix-id"] === id,
    );
  await world.node.events.until(() => found() !== undefined);
  const request = found();
  if (request === undefined) throw new Error("Nothing was sent.");
  return request;
}

/** As a receiver that has the public key; for each entry of the header whether it verifies. */
function verified(publicKey: string, { headers, body }: SendRequest): boolean[] {
  const x = Buffer.from(publicKey.replace(/^whpk_/, ""), "base64").toString("base64url");
  const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const lead = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.`;
  const signed = Buffer.concat([Buffer.from(lead), body]);
  const entries = headers["webhook-signature"]?.split(" ") ?? [];
  return entries.map(
    (entry) =>
      entry.startsWith("v1a,") &&
      verify(null, signed, key, Buffer.from(entry.slice("v1a,".length), "base64")),
  );
}

describe("an endpoint with a key pair", () => {
  test("is made by its type, and shows the public key only", async () => {
    const id = await world.endpoint(appId, { secretType: "ed25519" });
    const secret = await secretOf(id);
    expect(secret).toEqual({
      type: "ed25519",
      key: expect.stringMatching(/^whpk_[A-Za-z0-9+/]{43}=$/) as string,
    });
    expect((await svix.endpoint.getSecret(appId, id)).key).toBe(secret.key);
    expect(verified(secret.key, await delivered(id))).toEqual([true]);
  });

  test.each([
    ["seed and public key", (seed: Buffer) => formatPrivateKey(seed)],
    ["the seed", (seed: Buffer) => `whsk_${seed.toString("base64")}`],
  ])("is made of %s, by the official client", async (_, format) => {
    const secret = format(randomBytes(32));
    const { id } = await svix.endpoint.create(appId, { url, secret });
    const { key } = await svix.endpoint.getSecret(appId, id);
    expect(key).toBe(verifyingKey(secret).key);
    expect(verified(key, await delivered(id))).toEqual([true]);
  });

  test("stays one when it is rotated without a word of the type", async () => {
    const id = await world.endpoint(appId, { secretType: "ed25519" });
    const before = await secretOf(id);
    expect((await rotate(id, {})).status).toBe(204);
    const after = await secretOf(id);
    expect([after.type, after.key === before.key]).toEqual(["ed25519", false]);
    const request = await delivered(id);
    expect(verified(after.key, request)).toEqual([true, false]);
    expect(verified(before.key, request)).toEqual([false, true]);
  });

  test("is there for operational webhooks", async () => {
    const path = "/api/v1/operational-webhook/endpoint";
    const made = await world.call("POST", path, { body: { url, secretType: "ed25519" } });
    const secret = await world.call("GET", `${path}/${String(made.body.id)}/secret`);
    expect(secret.body.type).toBe("ed25519");
  });
});

describe("rotation from one kind to the other", () => {
  test("overlaps: both sign, the new one first, each verified by who knows it", async () => {
    const id = await world.endpoint(appId);
    const shared = await secretOf(id);
    expect(shared.type).toBe("hmac256");
    expect((await rotate(id, { secretType: "ed25519" })).status).toBe(204);
    const pair = await secretOf(id);
    const mixed = await delivered(id);
    expect(mixed.headers["svix-signature"]).toMatch(/^v1a,\S+ v1,\S+$/);
    expect(verified(pair.key, mixed)).toEqual([true, false]);
    new Webhook(shared.key).verify(Buffer.from(mixed.body), mixed.headers);

    const next = `whsec_${randomBytes(24).toString("base64")}`;
    expect((await rotate(id, { key: next })).status).toBe(204);
    expect(await secretOf(id)).toEqual({ type: "hmac256", key: next });
    const back = await delivered(id);
    expect(back.headers["svix-signature"]).toMatch(/^v1,\S+ v1a,\S+ v1,\S+$/);
    for (const key of [next, shared.key]) {
      new Webhook(key).verify(Buffer.from(back.body), back.headers);
    }
    expect(verified(pair.key, back)).toEqual([false, true, false]);
  });

  test("ends the old kind at once with a grace period of 0", async () => {
    const id = await world.endpoint(appId);
    await rotate(id, { secretType: "ed25519", gracePeriodSeconds: 0 });
    const { key } = await secretOf(id);
    expect(verified(key, await delivered(id))).toEqual([true]);
  });
});

describe("refused", () => {
  const pair = formatPrivateKey(randomBytes(32));
  const broken = `whsk_${randomBytes(64).toString("base64")}`;
  test.each([
    ["another's public key behind the seed", { secret: broken }, "secret", "second half"],
    ["a public key", { secret: verifyingKey(pair).key }, "secret", "public key"],
    ["48 bytes", { secret: `whsk_${randomBytes(48).toString("base64")}` }, "secret", "48 bytes"],
    ["a key of the other type", { secret: pair, secretType: "hmac256" }, "secretType", "ed25519"],
    ["an unknown type", { secretType: "rsa" }, "secretType", "one of"],
  ])("%s", async (_, fields, field, words) => {
    const made = await world.call("POST", `/api/v1/app/${appId}/endpoint`, {
      body: { url, ...fields },
    });
    expect([made.status, made.body.detail[0].loc]).toEqual([422, ["body", field]]);
    expect(made.body.detail[0].msg).toContain(words);
    expect(made.text).not.toContain(pair.slice(5, 40));
    const id = await world.endpoint(appId);
    const { secret, ...others } = fields as { secret?: string };
    const key = secret === undefined ? {} : { key: secret };
    const rotated = await rotate(id, { ...key, ...others });
    expect(rotated.status).toBe(422);
  });
});

test("the private key is in no answer, and lies open nowhere in the database", async () => {
  const seed = randomBytes(32);
  const secret = formatPrivateKey(seed);
  const made = await world.call("POST", `/api/v1/app/${appId}/endpoint`, { body: { url, secret } });
  const texts = [made.text];
  const id = String(made.body.id);
  for (const path of ["", "/secret", "/headers", "/retry-schedule"]) {
    texts.push((await world.call("GET", pathOf(id) + path)).text);
  }
  const rows = await world.node.storage.bypass(
    `SELECT s::text AS stored FROM endpoint_secret s WHERE endpoint_id = $1
     UNION ALL SELECT e::text FROM endpoint e WHERE endpoint_id = $1`,
    [id],
  );
  texts.push(JSON.stringify(rows));
  for (const text of texts) {
    expect(text).not.toContain(secret.slice("whsk_".length, 40));
    expect(text).not.toContain(seed.toString("hex"));
  }
});
