// A receiver of Amps webhooks with express and the official `svix` library.
//
//   AMPS_WEBHOOK_SECRET=whsec_… DATABASE_URL=postgres://… PORT=3000 node receiver.mjs
//
// What a receiver has to do, in this order:
//   1. take the raw body: the signature covers the exact bytes, never re-serialised JSON
//   2. verify it (also refuses timestamps older than 5 minutes)
//   3. deduplicate on `svix-id`: the same event may arrive more than once
//   4. route on `result` (push.completed) or `error` (push.failed)
//   5. answer 2xx within 30 s; slow work belongs after the answer
import express from "express";
import { pathToFileURL } from "node:url";
import { Webhook, WebhookVerificationError } from "svix";
import { openOutcomes } from "./outcomes.mjs";

export function createReceiver({ secret, outcomes, log = console.log }) {
  const webhook = new Webhook(secret);
  const app = express();

  app.post("/webhooks", express.raw({ type: "application/json" }), async (request, response) => {
    try {
      webhook.verify(request.body, request.headers);
    } catch (error) {
      if (!(error instanceof WebhookVerificationError)) throw error;
      response.status(400).json({ status: "refused", reason: error.message });
      return;
    }

    const event = JSON.parse(request.body);
    const id = request.headers["svix-id"];
    const outcome =
      "result" in event
        ? { actionId: event.actionId, state: "completed", detail: event.result.message }
        : { actionId: event.actionId, state: "failed", detail: event.error.code };
    const isNew = await outcomes.storeOnce(id, outcome);

    response.json({ status: isNew ? "processed" : "duplicate" });
    if (isNew) log(`${id} action ${outcome.actionId} ${outcome.state}: ${outcome.detail}`);
  });

  return app;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { AMPS_WEBHOOK_SECRET, DATABASE_URL, PORT = "3000" } = process.env;
  const outcomes = await openOutcomes(DATABASE_URL);
  const app = createReceiver({ secret: AMPS_WEBHOOK_SECRET, outcomes });
  const server = app.listen(Number(PORT), "127.0.0.1", () => {
    console.log(`Receiving at http://127.0.0.1:${server.address().port}/webhooks`);
  });
}
