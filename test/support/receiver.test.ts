import { expect, onTestFinished, test } from "vitest";

import { type Handler, type Receiver, startReceiver } from "./receiver.ts";

async function receiver(handler?: Handler): Promise<Receiver> {
  const started = await startReceiver(handler);
  onTestFinished(() => started.close());
  return started;
}

test("records requests whole, and answers as scripted, then as the handler", async () => {
  const hook = await receiver(() => ({ status: 418, body: "tea" }));
  hook.script({ status: 201, headers: { "x-a": "b" } });
  const body = Buffer.from([0, 255, 10]);
  const first = await fetch(`${hook.url}/a?b=c`, {
    method: "POST",
    body,
    headers: { "X-Id": "7" },
  });
  const second = await fetch(hook.url);
  expect([first.status, first.headers.get("x-a")]).toEqual([201, "b"]);
  expect([second.status, await second.text()]).toEqual([418, "tea"]);
  const seen = await hook.nth(1);
  expect([seen.method, seen.url, seen.headers["x-id"]]).toEqual(["POST", "/a?b=c", "7"]);
  expect(seen.body.equals(body)).toBe(true);
});

test("waits for a future request, and says what arrived when it waits in vain", async () => {
  const hook = await receiver();
  const waiting = hook.matching((request) => request.url === "/late");
  await fetch(`${hook.url}/early`);
  await fetch(`${hook.url}/late`);
  expect((await waiting).n).toBe(2);
  await expect(hook.nth(3, 1)).rejects.toThrow(/Waited 1 ms for request 3; 2 arrived:\n.*\/early/);
});

test("reset breaks the connection, hang ends with close", async () => {
  const hook = await startReceiver();
  hook.script({ reset: true }, { hang: true });
  await expect(fetch(hook.url)).rejects.toThrow("fetch failed");
  const hanging = fetch(hook.url).catch(() => "broken");
  await hook.nth(2);
  await hook.close();
  expect(await hanging).toBe("broken");
});
