/** Code that a receiver can start from, with the endpoint's own path and port in it. */

export interface Snippet {
  id: string;
  label: string;
  text: string;
}

interface Place {
  url: string;
  path: string;
  port: string;
}

export const SECRET_VARIABLE = "AMPS_WEBHOOK_SECRET";
export const PUBLIC_KEY_VARIABLE = "AMPS_WEBHOOK_PUBLIC_KEY";

function placeOf(url: string): Place {
  const { pathname, port } = new URL(url);
  return { url, path: pathname, port: port === "" ? "3000" : port };
}

function nodeHmac({ path, port }: Place): string {
  return `// npm install svix express
import express from "express";
import { Webhook } from "svix";

const webhook = new Webhook(process.env.${SECRET_VARIABLE});

express()
  .post("${path}", express.raw({ type: "application/json" }), (req, res) => {
    try {
      webhook.verify(req.body, req.headers);
    } catch {
      return res.sendStatus(400); // not from Amps
    }
    // The same svix-id comes again when an answer was lost: do each only once.
    console.log(req.headers["svix-id"], req.headers["amps-event-type"], JSON.parse(req.body));
    res.sendStatus(204);
  })
  .listen(${port});
`;
}

function pythonHmac({ path, port }: Place): string {
  return `# pip install svix flask
import os
from flask import Flask, request
from svix.webhooks import Webhook, WebhookVerificationError

webhook = Webhook(os.environ["${SECRET_VARIABLE}"])
app = Flask(__name__)

@app.post("${path}")
def receive():
    try:
        webhook.verify(request.get_data(), dict(request.headers))
    except WebhookVerificationError:
        return "", 400  # not from Amps
    # The same svix-id comes again when an answer was lost: do each only once.
    print(request.headers["svix-id"], request.headers["amps-event-type"], request.get_json())
    return "", 204

app.run(port=${port})
`;
}

/** One argument of a shell, whatever is in it. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function curlHmac({ url }: Place): string {
  return `# Sends your receiver a signed test event, as Amps would.
ID=msg_test TIMESTAMP=$(date +%s) BODY='{"test":true}'
KEY=$(printf %s "\${${SECRET_VARIABLE}#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n')
SIGNATURE=$(printf '%s.%s.%s' "$ID" "$TIMESTAMP" "$BODY" |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$KEY" -binary | openssl base64 -A)
curl -i ${shellQuoted(url)} -H 'content-type: application/json' \\
  -H "svix-id: $ID" -H "svix-timestamp: $TIMESTAMP" -H "svix-signature: v1,$SIGNATURE" -d "$BODY"
`;
}

function nodeEd25519({ path, port }: Place): string {
  return `// npm install express
import { createPublicKey, verify } from "node:crypto";
import express from "express";

const x = Buffer.from(process.env.${PUBLIC_KEY_VARIABLE}.slice("whpk_".length), "base64").toString("base64url");
const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });

function isGenuine({ headers, body }) {
  const signed = \`\${headers["webhook-id"]}.\${headers["webhook-timestamp"]}.\${body}\`;
  const fresh = Math.abs(Date.now() / 1000 - Number(headers["webhook-timestamp"])) < 300;
  return fresh && String(headers["webhook-signature"]).split(" ").some((one) => {
    const [version, signature = ""] = one.split(",");
    return version === "v1a" && verify(null, Buffer.from(signed), key, Buffer.from(signature, "base64"));
  });
}

express()
  .post("${path}", express.raw({ type: "application/json" }), (req, res) => {
    if (!isGenuine(req)) return res.sendStatus(400);
    console.log(req.headers["amps-event-type"], JSON.parse(req.body));
    res.sendStatus(204);
  })
  .listen(${port});
`;
}

function pythonEd25519({ path, port }: Place): string {
  return `# pip install cryptography flask
import base64, os, time
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from flask import Flask, request

raw = base64.b64decode(os.environ["${PUBLIC_KEY_VARIABLE}"].removeprefix("whpk_"))
key = Ed25519PublicKey.from_public_bytes(raw)
app = Flask(__name__)

def is_genuine(headers, body):
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    if abs(time.time() - int(headers["webhook-timestamp"])) > 300:
        return False
    for one in headers["webhook-signature"].split(" "):
        version, _, signature = one.partition(",")
        try:
            if version == "v1a":
                key.verify(base64.b64decode(signature), signed)
                return True
        except InvalidSignature:
            pass
    return False

@app.post("${path}")
def receive():
    if not is_genuine(request.headers, request.get_data()):
        return "", 400
    print(request.headers["amps-event-type"], request.get_json())
    return "", 204

app.run(port=${port})
`;
}

export function snippetsFor(url: string, type: "hmac256" | "ed25519"): Snippet[] {
  const place = placeOf(url);
  if (type === "ed25519") {
    return [
      { id: "node", label: "Node", text: nodeEd25519(place) },
      { id: "python", label: "Python", text: pythonEd25519(place) },
    ];
  }
  return [
    { id: "node", label: "Node", text: nodeHmac(place) },
    { id: "python", label: "Python", text: pythonHmac(place) },
    { id: "curl", label: "curl", text: curlHmac(place) },
  ];
}
