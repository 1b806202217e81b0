/**
 * A strict reader of Prometheus' text format, with the rules that `promtool check metrics` has: HELP
 * and TYPE once and first, no series twice, no metric in two places, names by type, histograms whole.
 */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Metric {
  help: string;
  type: string;
  samples: Sample[];
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const HEAD = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/;
const TYPES = new Set(["counter", "gauge", "histogram"]);

function readLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== "";) {
    const [whole = "", name = "", value = ""] = LABEL.exec(rest) ?? [];
    if (whole === "") throw new Error(`Not labels: ${text}`);
    if (name in labels) throw new Error(`The label ${name} is given twice: ${text}`);
    labels[name] = value.replaceAll(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c));
    rest = rest.slice(whole.length);
  }
  return labels;
}

function readValue(text: string): number {
  if (text === "+Inf") return Infinity;
  if (text === "-Inf") return -Infinity;
  if (text === "NaN") return Number.NaN;
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) throw new Error(`Not a number: ${text}`);
  return Number(text);
}

function readSample(line: string): Sample {
  const match = SAMPLE.exec(line);
  if (match === null) throw new Error(`Not a sample: ${line}`);
  const [, name = "", labels = "", value = ""] = match;
  return { name, labels: readLabels(labels), value: readValue(value) };
}

const keyOf = ({ name, labels }: Sample): string =>
  `${name}{${Object.entries(labels).toSorted().flat().join("\0")}}`;

/** @throws naming the first thing that is wrong */
export function readExposition(text: string): Map<string, Metric> {
  if (text !== "" && !text.endsWith("\n")) throw new Error("The last line does not end.");
  const metrics = new Map<string, Metric>();
  const keys = new Set<string>();
  let open: [name: string, metric: Metric] | undefined;
  for (const line of text.split("\n").slice(0, -1)) {
    const [, word, name = "", rest = ""] = HEAD.exec(line) ?? [];
    if (word === "HELP") {
      if (metrics.has(name)) throw new Error(`${name} is in two places.`);
      open = [name, { help: rest, type: "", samples: [] }];
      metrics.set(...open);
    } else if (word === "TYPE") {
      if (open?.[0] !== name || open[1].type !== "" || open[1].samples.length > 0) {
        throw new Error(`TYPE of ${name} does not follow its HELP.`);
      }
      if (!TYPES.has(rest)) throw new Error(`${name} has the type ${rest}.`);
      open[1].type = rest;
    } else {
      const sample = readSample(line);
      if (open === undefined || !belongs(sample, open)) throw new Error(`Out of place: ${line}`);
      if (keys.has(keyOf(sample))) throw new Error(`Twice: ${line}`);
      keys.add(keyOf(sample));
      open[1].samples.push(sample);
    }
  }
  for (const [name, metric] of metrics) checkMetric(name, metric);
  return metrics;
}

function belongs({ name }: Sample, [metric, { type }]: [string, Metric]): boolean {
  if (type !== "histogram") return name === metric;
  return [`${metric}_bucket`, `${metric}_sum`, `${metric}_count`].includes(name);
}

function checkMetric(name: string, { type, samples }: Metric): void {
  if (type === "") throw new Error(`${name} has no TYPE.`);
  if (samples.length === 0) throw new Error(`${name} has no sample.`);
  if ((type === "counter") !== name.endsWith("_total")) throw new Error(`${name} is a ${type}.`);
  if (type === "counter" && samples.some(({ value }) => !(value >= 0))) {
    throw new Error(`${name} is below zero.`);
  }
  if (/_(ms|milliseconds|kb|percent)(_|$)/.test(name)) throw new Error(`${name}: not a base unit.`);
  if (type === "histogram") checkHistogram(name, samples);
}

function checkHistogram(name: string, samples: Sample[]): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le: _le, ...labels } = sample.labels;
    const key = keyOf({ ...sample, name, labels });
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const [key, group] of groups) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => readValue(labels["le"] ?? ""));
    const counts = buckets.map(({ value }) => value);
    const grows = (values: number[]): boolean =>
      values.every((value, index) => index === 0 || value >= (values[index - 1] ?? 0));
    if (bounds.at(-1) !== Infinity) throw new Error(`${key} has no bucket +Inf.`);
    if (!grows(bounds) || new Set(bounds).size !== bounds.length) {
      throw new Error(`${key}: bounds out of order.`);
    }
    if (!grows(counts)) throw new Error(`${key}: buckets are not cumulative.`);
    const count = group.find((sample) => sample.name === `${name}_count`)?.value;
    const sum = group.find((sample) => sample.name === `${name}_sum`)?.value;
    if (count !== counts.at(-1)) throw new Error(`${key}: count is not the last bucket.`);
    if (sum === undefined) throw new Error(`${key} has no sum.`);
  }
}

/** The value of one series. @throws when it is not there */
export function valueOf(
  metrics: Map<string, Metric>,
  name: string,
  labels: Record<string, string> = {},
): number {
  const wanted = Object.entries(labels);
  const family = metrics.get(name.replace(/_(bucket|sum|count)$/, "")) ?? metrics.get(name);
  const found = family?.samples.find(
    (sample) =>
      sample.name === name && wanted.every(([key, value]) => sample.labels[key] === value),
  );
  if (found === undefined) throw new Error(`There is no ${name} ${JSON.stringify(labels)}.`);
  return found.value;
}
