// The receiver of the quickstart: registers itself with a running Amps and prints what arrives.
//
//   AMPS_KEY=sk_test_… npm run receiver
//
// It keeps nothing: see node-express/ for a receiver as production needs it.
import { createServer } from "node:http";
import { Svix, Webhook } from "svix";

const { AMPS_KEY, AMPS_URL = "http://127.0.0.1:8071", PORT = "3000" } = process.env;
if (!AMPS_KEY) {
  console.error("Set AMPS_KEY to the sandbox key that `npm start` printed (sk_test_…).");
  process.exit(1);
}

const amps = new Svix(AMPS_KEY, { serverUrl: AMPS_URL });
const url = `http://127.0.0.1:${PORT}/webhooks`;
await amps.endpoint.upsert("default", "quickstart", { url, uid: "quickstart" });
const { key } = await amps.endpoint.getSecret("default", "quickstart");
const webhook = new Webhook(key);

createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  try {
    webhook.verify(body, request.headers);
  } catch (error) {
    response.writeHead(400).end(String(error));
    return;
  }
  response.writeHead(200).end();
  console.log(`\n${request.headers["amps-event-type"]}  ${request.headers["svix-id"]}  verified`);
  console.log(body.toString("utf8"));
}).listen(Number(PORT), "127.0.0.1", () => {
  console.log(`Registered ${url} as endpoint "quickstart"; waiting for events (Ctrl-C ends).`);
});
