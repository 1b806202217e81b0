/** The traces of one event's life, as an operator's SDK gets them; and nothing at all without one. */
import { context, propagation, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { afterEach, beforeEach, expect, test } from "vitest";
import { World } from "../../test/api/world.ts";
import { addDevice, BatteryNode } from "../../test/battery/battery-node.ts";
import { createTestDatabase } from "../../test/support/database.ts";
import { createEndpoint, createTenant, sql } from "../../test/support/factories.ts";
import { answer } from "../../test/support/fake-sender.ts";
import { createTracer } from "./otel-tracer.ts";

const exporter = new InMemorySpanExporter();

function listen(): void {
  const spanProcessors = [new SimpleSpanProcessor({ exporter })];
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
}

beforeEach(() => exporter.reset());
afterEach(() => {
  for (const api of [trace, context, propagation]) api.disable();
});

const named = (name: string): ReadableSpan[] =>
  exporter.getFinishedSpans().filter((span) => span.name === name);

function only(name: string): ReadableSpan {
  const [span, ...more] = named(name);
  if (span === undefined || more.length > 0) {
    throw new Error(`${more.length + (span === undefined ? 0 : 1)} spans ${name}`);
  }
  return span;
}

const parentOf = (span: ReadableSpan): string | undefined => span.parentSpanContext?.spanId;
const idOf = (span: ReadableSpan): string => span.spanContext().spanId;

test("without an SDK there is no tracer", () => {
  expect(createTracer("1")).toBeUndefined();
});

test("request, publish, commit and attempt are one trace, below the caller's; a retry is its own", async () => {
  listen();
  const tracer = createTracer("1");
  const world = await World.open({ tracer }, { tracer, retryScheduleMs: [1_000] });
  const appId = await world.application();
  const endpointId = await world.endpoint(appId, { headers: { "x-secret": "hunter22" } });
  world.node.sender.answer = (_, n) => answer(n === 1 ? 500 : 200);
  exporter.reset();
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const published = await world.call("POST", `/api/v1/app/${appId}/msg`, {
    headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    body: { eventType: "a.b", payload: { private: "payload" } },
  });
  const messageId = String(published.body.id);
  await world.node.sender.nth(1);
  await world.node.sender.nth(2);
  await world.node.events.until(() => named("amps.attempt").length === 2);
  await world.close();

  const request = only("amps.request");
  expect(parentOf(request)).toBe("b7ad6b7169203331");
  expect(request.attributes).toMatchObject({
    "http.request.method": "POST",
    "http.route": "/api/v1/app/:appId/msg",
    "http.response.status_code": 202,
  });
  const publish = only("amps.publish");
  expect(parentOf(publish)).toBe(idOf(request));
  expect(publish.attributes).toMatchObject({
    "amps.message_id": messageId,
    "amps.outcome": "stored",
  });
  expect(parentOf(only("amps.commit"))).toBe(idOf(publish));
  const [first, retry] = named("amps.attempt");
  if (first === undefined || retry === undefined) throw new Error("There were no two attempts.");
  expect(parentOf(first)).toBe(idOf(publish));
  expect(first.attributes).toMatchObject({
    "amps.message_id": messageId,
    "amps.endpoint_id": endpointId,
    "amps.trigger": "scheduled",
    "amps.failures_before": 0,
    "http.response.status_code": 500,
  });
  expect(first.status).toMatchObject({ code: 2, message: "status" });
  for (const span of [request, publish, only("amps.commit"), first]) {
    expect(span.spanContext().traceId).toBe(traceId);
  }
  // Another node may make it: what is not stored cannot be continued, but it names the message.
  expect(parentOf(retry)).toBeUndefined();
  expect(retry.attributes).toMatchObject({
    "amps.message_id": messageId,
    "amps.failures_before": 1,
    "http.response.status_code": 200,
  });
  expect(named("amps.claim").length).toBeGreaterThan(0);
  for (const claim of named("amps.claim")) expect(parentOf(claim)).toBeUndefined();

  const told = JSON.stringify(exporter.getFinishedSpans().map(({ attributes }) => attributes));
  for (const secret of ["hunter22", "private", world.sandboxKey, "whsec_"]) {
    expect(told).not.toContain(secret);
  }
});

test("driving an action is a span, and its event's attempt belongs below it", async () => {
  listen();
  const database = await createTestDatabase();
  const node = new BatteryNode({ url: database.url, tracer: createTracer("1") });
  const tenant = await createTenant(node.storage);
  await sql(node.storage, "UPDATE environment SET default_application_id = $1", [
    tenant.applicationId,
  ]);
  await createEndpoint(node.storage, tenant);
  await node.start();
  const action = await node.drive(await addDevice(node.storage, tenant.environmentId));
  await node.events.until(() => named("amps.drive").length === 1);
  const drive = only("amps.drive");
  expect(drive.attributes).toMatchObject({
    "amps.action_id": action.actionId,
    "amps.outcome": "completed",
  });
  const [handedOff] = node.handedOff;
  if (handedOff?.trace === undefined) throw new Error("The event has no trace.");
  createTracer("1")?.begin("amps.attempt", {}, handedOff.trace).end();
  expect(parentOf(only("amps.attempt"))).toBe(idOf(drive));
  await node.stop();
  await database.drop();
});
