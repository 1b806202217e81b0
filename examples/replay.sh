#!/bin/sh
# The replay test: sends an event again under the same svix-id, with a fresh timestamp and signature.
# A receiver that deduplicates answers that it has seen it.
#
#   AMPS_WEBHOOK_SECRET=whsec_… ./replay.sh http://127.0.0.1:3000/webhooks msg_… '{"actionId":…}'
set -eu
url=$1 id=$2 body=$3
timestamp=$(date +%s)
key=$(printf %s "${AMPS_WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
signature=$(printf %s "$id.$timestamp.$body" |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
exec curl -sS -X POST "$url" \
  -H "content-type: application/json" \
  -H "svix-id: $id" -H "svix-timestamp: $timestamp" -H "svix-signature: v1,$signature" \
  --data-binary "$body"
