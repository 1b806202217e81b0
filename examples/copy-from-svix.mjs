/**
 * Copies event types, applications and endpoints, with their secrets and headers, from one server that speaks
 * Svix's API to another, so that receivers need no change: docs/migrating.md.
 *
 *     FROM_URL=https://svix.internal FROM_TOKEN=… TO_URL=http://127.0.0.1:8071 TO_TOKEN=sk_live_… \
 *       node examples/copy-from-svix.mjs [--disabled]
 *
 * It may be run again: what was copied is brought up to date. With --disabled no copied endpoint is sent
 * anything yet; a later run without it enables those that are enabled at the source. What it could not copy
 * is printed at the end, and the exit code is 1 then.
 */
import { readFileSync } from "node:fs";
import { ApiException, Svix } from "svix";

const { FROM_URL, FROM_TOKEN, TO_URL, TO_TOKEN } = process.env;
if (!FROM_URL || !FROM_TOKEN || !TO_URL || !TO_TOKEN) {
  console.error(/\/\*\*([\s\S]*?)\*\//.exec(readFileSync(import.meta.filename, "utf8"))[1]);
  process.exit(2);
}
const disabledForNow = process.argv.includes("--disabled");
const from = new Svix(FROM_TOKEN, { serverUrl: FROM_URL });
const to = new Svix(TO_TOKEN, { serverUrl: TO_URL });
const left = [];

/** Every item of a list, page by page. */
async function* all(list, options = {}) {
  let iterator = null;
  let page;
  do {
    page = await list({ ...options, limit: 100, iterator });
    yield* page.data;
    ({ iterator } = page);
  } while (!page.done);
}

/** The answer, or null when it is 404. */
async function orNull(promise) {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return null;
    throw error;
  }
}

/** Ids cannot be chosen, uids can: what had none is found again by its old id. */
function uidOf({ id, uid }) {
  return uid ?? `svix-${id}`;
}

async function copyEventTypes() {
  let count = 0;
  const options = { withContent: true, includeArchived: true };
  for await (const eventType of all((page) => from.eventType.list(page), options)) {
    const { name, description, archived, deprecated, schemas, groupName, featureFlags } = eventType;
    const fields = { description, archived, deprecated, schemas, groupName, featureFlags };
    await to.eventType.upsert(name, fields);
    count += 1;
  }
  return count;
}

async function copySecret(application, endpoint, target) {
  const { key } = await from.endpoint.getSecret(application.id, endpoint.id);
  if (!key.startsWith("whsec_")) {
    left.push(`${target}: its secret is of another kind (${key.slice(0, 5)}…): it has a new one`);
    return undefined;
  }
  return key;
}

async function copyHeaders(application, endpoint, { place, target }) {
  const { headers, sensitive } = await from.endpoint.getHeaders(application.id, endpoint.id);
  await to.endpoint.patchHeaders(...place, { headers });
  const known = await to.endpoint.getHeaders(...place);
  const missing = sensitive.filter((name) => !known.sensitive.includes(name));
  if (missing.length > 0) {
    left.push(`${target}: set these headers by hand, no API shows them: ${missing.join(", ")}`);
  }
}

async function copyEndpoint(application, endpoint) {
  const uid = uidOf(endpoint);
  const place = [uidOf(application), uid];
  const target = place.join(" / ");
  const key = await copySecret(application, endpoint, target);
  const { url, description, throttleRate, eventTypes, channels, metadata } = endpoint;
  const fields = { uid, url, description, throttleRate, eventTypes, channels, metadata };
  const disabled = disabledForNow || endpoint.disabled === true;
  const known = await orNull(to.endpoint.get(...place));
  if (known === null) {
    // Disabled until its headers are there, so that nothing is sent without them.
    await to.endpoint.create(place[0], { ...fields, secret: key, disabled: true });
  } else {
    await to.endpoint.upsert(...place, { ...fields, disabled: known.disabled });
    const current = await to.endpoint.getSecret(...place);
    if (key !== undefined && current.key !== key) await to.endpoint.rotateSecret(...place, { key });
  }
  await copyHeaders(application, endpoint, { place, target });
  await to.endpoint.patch(...place, { disabled });
}

async function copyApplications() {
  const rows = [];
  for await (const application of all((page) => from.application.list(page))) {
    const uid = uidOf(application);
    const { name, throttleRate, metadata } = application;
    const copied = await to.application.upsert(uid, { uid, name, throttleRate, metadata });
    let endpoints = 0;
    for await (const endpoint of all((page) => from.endpoint.list(application.id, page))) {
      try {
        await copyEndpoint(application, endpoint);
        endpoints += 1;
      } catch (error) {
        if (!(error instanceof ApiException)) throw error;
        left.push(`${uid} / ${uidOf(endpoint)}: ${error.code} ${JSON.stringify(error.body)}`);
      }
    }
    rows.push({ uid, from: application.id, to: copied.id, endpoints });
  }
  return rows;
}

console.log(`${await copyEventTypes()} event types`);
console.table(await copyApplications());
if (left.length > 0) {
  console.log(`Left to do by hand:\n${left.map((line) => `- ${line}`).join("\n")}`);
  process.exitCode = 1;
}
