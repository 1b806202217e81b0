import { describe, expect, test } from "vitest";
import { readExposition, valueOf } from "../../test/support/exposition.ts";
import { Metrics, single } from "./metrics.ts";

describe("Metrics", () => {
  test("writes counters, gauges and histograms as Prometheus reads them", () => {
    const metrics = new Metrics();
    const requests = metrics.counter({
      name: "amps_requests_total",
      help: "Requests.",
      labels: ["method", "route"],
    });
    requests.of("GET", "/a").add();
    requests.of("GET", "/a").add(2);
    requests.of("POST", "/a").add();
    metrics.read({ name: "amps_depth", help: "Depth." }, "gauge", () => single(1.5));
    const times = metrics.histogram({ name: "amps_seconds", help: "Time.", bounds: [0.1, 1] });
    for (const seconds of [0.05, 0.1, 0.5, 7]) times.of().observe(seconds);
    expect(metrics.write()).toBe(`# HELP amps_requests_total Requests.
# TYPE amps_requests_total counter
amps_requests_total{method="GET",route="/a"} 3
amps_requests_total{method="POST",route="/a"} 1
# HELP amps_depth Depth.
# TYPE amps_depth gauge
amps_depth 1.5
# HELP amps_seconds Time.
# TYPE amps_seconds histogram
amps_seconds_bucket{le="0.1"} 2
amps_seconds_bucket{le="1"} 3
amps_seconds_bucket{le="+Inf"} 4
amps_seconds_sum 7.65
amps_seconds_count 4
`);
    expect(valueOf(readExposition(metrics.write()), "amps_seconds_count")).toBe(4);
  });

  test("escapes label values and help, and writes what is no plain number", () => {
    const metrics = new Metrics();
    const odd = 'a"b\\c\nd';
    metrics
      .counter({ name: "a_total", help: "Two\nlines\\.", labels: ["x"] })
      .of(odd)
      .add();
    metrics.read({ name: "b", help: "B.", labels: ["of"] }, "gauge", () => [
      { labels: ["none"], value: Number.NaN },
      { labels: ["most"], value: Infinity },
      { labels: ["tiny"], value: 1e-7 },
    ]);
    const read = readExposition(metrics.write());
    expect(valueOf(read, "a_total", { x: odd })).toBe(1);
    expect(valueOf(read, "b", { of: "none" })).toBeNaN();
    expect(valueOf(read, "b", { of: "most" })).toBe(Infinity);
    expect(valueOf(read, "b", { of: "tiny" })).toBe(1e-7);
  });

  test("leaves out what has no series yet", () => {
    const metrics = new Metrics();
    metrics.counter({ name: "a_total", help: "A.", labels: ["x"] });
    expect(metrics.write()).toBe("");
  });

  test("refuses names that are taken, malformed or do not fit the type", () => {
    const metrics = new Metrics();
    metrics.counter({ name: "a_total", help: "A." });
    expect(() => metrics.counter({ name: "a_total", help: "A." })).toThrow("taken");
    expect(() => metrics.counter({ name: "a-b_total", help: "A." })).toThrow("no name");
    expect(() => metrics.counter({ name: "a", help: "A." })).toThrow("_total");
    const gauge = { name: "b_total", help: "B." };
    expect(() => metrics.read(gauge, "gauge", () => single(1))).toThrow("_total");
    const labelled = metrics.counter({ name: "c_total", help: "C.", labels: ["x"] });
    expect(() => labelled.of()).toThrow("1 labels and got 0");
  });
});

test.each([
  ["a 1\n", "Out of place"],
  ["# HELP a A.\n# TYPE a gauge\na 1\na 2\n", "Twice"],
  ["# HELP a A.\n# TYPE a gauge\na 1", "does not end"],
  ["# HELP a A.\n# TYPE a counter\na 1\n", "is a counter"],
  ["# HELP a A.\na 1\n", "no TYPE"],
  ['# HELP a A.\n# TYPE a gauge\na{x="1} 1\n', "Not labels"],
  ["# HELP a A.\n# TYPE a gauge\na one\n", "Not a number"],
  ["# HELP a A.\n# TYPE a gauge\na 1\n# HELP a A.\n# TYPE a gauge\na 2\n", "two places"],
  [
    '# HELP a A.\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n',
    "cumulative",
  ],
  ['# HELP a A.\n# TYPE a histogram\na_bucket{le="1"} 1\na_sum 1\na_count 1\n', "+Inf"],
  ['# HELP a A.\n# TYPE a histogram\na_bucket{le="+Inf"} 1\na_sum 1\na_count 2\n', "last bucket"],
])("the reader of the tests refuses %j", (text, problem) => {
  expect(() => readExposition(text)).toThrow(problem);
});
