/** The hours before now at Northwind Energy: batteries are pushed, tariffs change, one receiver breaks. */
import { type TestDevice } from "../../../test/battery/battery-node.ts";
import { answer, type Answer, REFUSED } from "../../../test/support/fake-sender.ts";
import { PastNode } from "./past-node.ts";

export interface PastOptions {
  url: string;
  masterKey: Buffer;
  hours: number;
  tenant: { environmentId: string; applicationId: string };
  devices: TestDevice[];
}

const MINUTE_MS = 60_000;
const STEP_MS = 2 * MINUTE_MS;
/** Billing has been down for so long; before, it was only slow at times. */
const OUTAGE_MS = 100 * MINUTE_MS;
const COMMANDS = [
  { command: "charge", parameters: '{"target":{"value":90,"unit":"percent"}}' },
  {
    command: "discharge",
    parameters: '{"target":{"value":25,"unit":"percent"},"power":{"value":3,"unit":"kw"}}',
  },
  { command: "auto.balanced", parameters: '{"reserve":{"value":20,"unit":"percent"}}' },
  { command: "auto.export", parameters: '{"power":{"value":2.5,"unit":"kw"}}' },
  { command: "idle", parameters: "{}" },
] as const;

/** The same story each time. */
function createRandom(): () => number {
  let state = 20_260_508;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const JSON_HEADERS = "content-type: application/json";

/** How each receiver answers; `failingMs` counts down to the outage of billing. */
function createAnswers(random: () => number, isDown: () => boolean): Answer {
  const ok = (fastMs: number, spreadMs: number) =>
    answer(200, {
      responseHeaders: JSON_HEADERS,
      body: Buffer.from('{"received":true}'),
      durationMs: Math.round(fastMs + spreadMs * random() ** 3),
    });
  return ({ url }) => {
    if (url.includes("billing")) {
      if (!isDown()) return random() < 0.04 ? REFUSED : ok(180, 900);
      const body = Buffer.from('{"error":"database is read-only","retry":"later"}');
      return answer(503, { responseHeaders: JSON_HEADERS, body, durationMs: 240 });
    }
    if (url.includes("legacy")) return answer(410, { body: Buffer.from("This hook has moved.") });
    if (url.includes("analytics")) return ok(60, 400);
    return random() < 0.01 ? answer(502, { durationMs: 31 }) : ok(38, 120);
  };
}

/** Leaves `hours` of history that ends now. */
export async function livePast(options: PastOptions): Promise<void> {
  const { url, masterKey, hours, tenant, devices } = options;
  const random = createRandom();
  const durationMs = hours * 60 * MINUTE_MS;
  const startMs = Date.now() - durationMs;
  const outageAt = startMs + durationMs - Math.min(OUTAGE_MS, durationMs / 2);
  const answers = createAnswers(random, () => node.clock.now() >= outageAt);
  const node = new PastNode({ url, masterKey, startMs, random, answer: answers });
  await node.start();

  const push = async (device: TestDevice): Promise<void> => {
    const fails = random() < 0.08;
    const errorCode = random() < 0.5 ? "DEVICE_UNREACHABLE" : "SCHEDULER_ACTIVE";
    const chosen = COMMANDS[Math.floor(random() * COMMANDS.length)] ?? COMMANDS[0];
    await node.acceptor.accept({
      ...device,
      ...chosen,
      actionId: node.ids.make("act_"),
      deviceType: "battery",
      userId: null,
      sandbox: JSON.stringify({
        outcome: fails ? "failed" : "completed",
        errorCode,
        delayMs: 2_000,
      }),
      idempotency: null,
    });
  };
  const tariff = async (): Promise<void> => {
    const price = (18 + 14 * random()).toFixed(2);
    const payload = { zone: "DE-LU", pricePerKwh: Number(price), currency: "EUR" };
    await node.engine.publish({
      ...tenant,
      eventId: null,
      eventType: "tariff.changed",
      channels: null,
      tags: null,
      payload: Buffer.from(JSON.stringify(payload)),
      idempotency: null,
    });
  };
  /** More by day than by night, as the sun has it. */
  const isBusy = (): boolean => {
    const hour = (node.clock.now() / (60 * MINUTE_MS)) % 24;
    return random() < 0.12 + 0.3 * Math.max(0, Math.sin(((hour - 5) / 15) * Math.PI));
  };
  await node.time.run(durationMs, STEP_MS, async () => {
    for (const device of devices) if (isBusy()) await push(device);
    if (random() < 0.03) await tariff();
  });
  await node.stop();
}
