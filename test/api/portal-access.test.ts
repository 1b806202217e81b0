/** Access for portals (`svix-api.md` §8.7): links, lifetimes, sessions and their ends. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { signToken } from "../../src/api/tokens/jwt.ts";
import { secretKey } from "../../src/api/tokens/token-key.ts";
import { sql } from "../support/factories.ts";
import { type Answer, JWT_SECRET, PUBLIC_URL, World } from "./world.ts";

let world: World;
let appId: string;
let otherAppId: string;

beforeAll(async () => {
  world = await World.open();
  appId = await world.application({ uid: "portal-app" });
  otherAppId = await world.application({ uid: "other-app" });
});
afterAll(() => world.close());

const seconds = (): number => Math.floor(Date.now() / 1_000);
const sign = (claims: object): string =>
  signToken(secretKey("HS256", Buffer.from(JWT_SECRET)), { exp: seconds() + 60, ...claims });

async function open(body: object = {}, id = appId): Promise<string> {
  const answer = await world.call("POST", `/api/v1/auth/app-portal-access/${id}`, { body });
  if (answer.status !== 200) throw new Error(answer.text);
  return String(answer.body.token);
}

function get(key: string, path = `/api/v1/app/${appId}`): Promise<Answer> {
  return world.call("GET", path, { key });
}

describe("access for a portal", () => {
  test("is a link to this server, whatever Host says, with the token in its fragment", async () => {
    const answer = await world.call("POST", `/api/v1/auth/app-portal-access/${appId}`, {
      body: {},
      headers: { host: "evil.example", "x-forwarded-host": "evil.example" },
    });
    const { url, token } = answer.body as { url: string; token: string };
    expect(url.startsWith(`${PUBLIC_URL}/portal/#key=`)).toBe(true);
    const key = Buffer.from(url.split("#key=")[1] ?? "", "base64url").toString();
    expect(JSON.parse(key)).toEqual({ appId, token });
    expect(token.split(".")).toHaveLength(3);
  });

  test("lives for a week, or as long as it is told", async () => {
    const lifetime = async (body: object): Promise<number> => {
      const [, claims = ""] = (await open(body)).split(".");
      const { exp, iat } = JSON.parse(Buffer.from(claims, "base64url").toString()) as {
        exp: number;
        iat: number;
      };
      return exp - iat;
    };
    // The row's clock is the database's; both are cut to seconds.
    for (const [body, expected] of [
      [{}, 604_800],
      [{ expiry: 3_600 }, 3_600],
    ] as const) {
      expect(Math.abs((await lifetime(body)) - expected)).toBeLessThanOrEqual(2);
    }
    for (const body of [{ expiry: 3_599 }, { expiry: 604_801 }, { capabilities: ["All"] }]) {
      const answer = await world.call("POST", `/api/v1/auth/app-portal-access/${appId}`, { body });
      expect(answer.status).toBe(422);
    }
  });

  test("makes the application that it brings along", async () => {
    const path = "/api/v1/auth/app-portal-access/brought-along";
    expect((await world.call("POST", path, { body: {} })).status).toBe(404);
    const body = { application: { name: "Brought", uid: "brought-along" } };
    const answer = await world.call("POST", path, { body });
    const key = String(answer.body.token);
    expect((await get(key, "/api/v1/app/brought-along")).body.name).toBe("Brought");
  });

  test("comes by dashboard-access too, with and without a body", async () => {
    const path = `/api/v1/auth/dashboard-access/${appId}`;
    for (const options of [{}, { body: {} }]) {
      const answer = await world.call("POST", path, options);
      expect(answer.status).toBe(200);
      expect((await get(String(answer.body.token))).status).toBe(200);
    }
  });

  test("is new each time and kept nowhere, with an idempotency key too", async () => {
    const ask = (): Promise<Answer> =>
      world.call("POST", `/api/v1/auth/app-portal-access/${appId}`, {
        body: {},
        headers: { "idempotency-key": "portal" },
      });
    const [one, two] = [await ask(), await ask()];
    expect(one.body.token).not.toBe(two.body.token);
    const rows = await sql<{ body: string | null }>(
      world.node.storage,
      "SELECT body FROM idempotency",
    );
    expect(rows.filter(({ body }) => body?.includes("token"))).toEqual([]);
  });

  const expireAll = async (body: object, id = appId): Promise<void> => {
    const answer = await world.call("POST", `/api/v1/auth/app/${id}/expire-all`, { body });
    expect(answer.status).toBe(204);
  };

  test("ends at once for everybody, or for the named sessions, and not for other applications", async () => {
    const [a, b, none, other] = [
      await open({ sessionId: "a" }),
      await open({ sessionId: "b" }),
      await open(),
      await open({}, otherAppId),
    ];
    const alive = async (): Promise<boolean[]> => {
      const answers = [await get(a), await get(b), await get(none)];
      answers.push(await get(other, `/api/v1/app/${otherAppId}`));
      return answers.map(({ status }) => status === 200);
    };
    expect(await alive()).toEqual([true, true, true, true]);
    await expireAll({ sessionIds: ["a"] });
    expect(await alive()).toEqual([false, true, true, true]);
    await expireAll({ expiry: 3_600 });
    expect(await alive()).toEqual([false, true, true, true]);
    await expireAll({});
    expect(await alive()).toEqual([false, false, false, true]);
    expect((await get(await open())).status).toBe(200);
  });

  test("ends with a longer grace no later than it would have", async () => {
    const id = await world.application();
    await open({ expiry: 3_600 }, id);
    await expireAll({ expiry: 259_200 }, id);
    const [row] = await sql<{ within: boolean }>(
      world.node.storage,
      "SELECT expires_at <= now() + interval '1 hour' AS within FROM portal_session WHERE application_id = $1",
      [id],
    );
    expect(row?.within).toBe(true);
  });

  test("of a token signed elsewhere with the same secret ends with all others", async () => {
    const id = await world.application();
    const { environmentId } = world.environments.sandbox;
    const make = (iat: number): string => sign({ sub: id, org: environmentId, iat });
    const [old, later] = [make(seconds() - 60), make(seconds() + 3_600)];
    expect((await get(old, `/api/v1/app/${id}`)).status).toBe(200);
    await expireAll({ expiry: 3_600 }, id);
    expect((await get(old, `/api/v1/app/${id}`)).status).toBe(401);
    expect((await get(later, `/api/v1/app/${id}`)).status).toBe(200);
  });

  test("ends by logout for that token alone; a key has nothing to log out of", async () => {
    const [one, two] = [await open({ capabilities: [] }), await open()];
    const logout = (key: string): Promise<Answer> =>
      world.call("POST", "/api/v1/auth/logout", { key });
    expect((await logout(one)).status).toBe(204);
    expect([(await get(one)).status, (await get(two)).status]).toEqual([401, 200]);
    expect((await logout(world.sandboxKey)).status).toBe(403);
  });
});
