/**
 * Figures for operators: counters, histograms and values read at the moment of asking, written in
 * Prometheus' text format (version 0.0.4). Label values come from closed sets (routes, codes, states),
 * never from ids: every value is a series that the monitoring keeps for ever.
 *
 * Our own and not prom-client (4.5 MB, no release since 2024): this much of it is all we need.
 */

/** Values of a family's labels, in the order of its label names. */
export type LabelValues = readonly string[];

export interface Reading {
  labels: LabelValues;
  value: number;
}

export class Counter {
  value = 0;

  add(count = 1): void {
    this.value += count;
  }
}

export class Histogram {
  readonly bounds: readonly number[];
  /** Per bound, not yet cumulative; the last is for what is above all of them. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    let index = 0;
    while (index < this.bounds.length && value > (this.bounds[index] ?? Infinity)) index += 1;
    this.counts[index] = (this.counts[index] ?? 0) + 1;
    this.sum += value;
  }
}

interface Series<T> {
  labels: LabelValues;
  value: T;
}

/** Found label by label: a key of all of them would be put together and hashed for each request. */
interface Branch<T> {
  below: Map<string, Branch<T>>;
  series: Series<T> | undefined;
}

/** One metric with a series per combination of label values. */
export class Family<T> {
  readonly #series: Series<T>[] = [];
  readonly #root: Branch<T> = { below: new Map(), series: undefined };
  readonly #labelCount: number;
  readonly #make: () => T;

  constructor(labelCount: number, make: () => T) {
    this.#labelCount = labelCount;
    this.#make = make;
  }

  /** The series of these label values; made when it is first named. */
  of(...labels: string[]): T {
    let branch = this.#root;
    for (const label of labels) {
      let next = branch.below.get(label);
      if (next === undefined) {
        next = { below: new Map(), series: undefined };
        branch.below.set(label, next);
      }
      branch = next;
    }
    branch.series ??= this.#add(labels);
    return branch.series.value;
  }

  *[Symbol.iterator](): IterableIterator<Series<T>> {
    yield* this.#series;
  }

  #add(labels: string[]): Series<T> {
    if (labels.length !== this.#labelCount) {
      throw new Error(`A series needs ${this.#labelCount} labels and got ${labels.length}.`);
    }
    const series = { labels, value: this.#make() };
    this.#series.push(series);
    return series;
  }
}

export interface Declaration {
  /** Base units (seconds, bytes); counters end in `_total`. */
  name: string;
  help: string;
  labels?: readonly string[];
}

const NAME = /^[a-z][a-z0-9_]*$/;

function formatNumber(value: number): string {
  if (Number.isFinite(value)) return String(value);
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "+Inf" : "-Inf";
}

function escapeLabel(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function sample(name: string, labels: readonly string[], reading: Reading): string {
  const pairs = labels.map(
    (label, index) => `${label}="${escapeLabel(reading.labels[index] ?? "")}"`,
  );
  const braces = pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
  return `${name}${braces} ${formatNumber(reading.value)}\n`;
}

export class Metrics {
  readonly #names = new Set<string>();
  readonly #writers: (() => string)[] = [];

  counter(declared: Declaration): Family<Counter> {
    const { labels = [] } = declared;
    const family = new Family(labels.length, () => new Counter());
    this.#add(declared, "counter", () => {
      let text = "";
      for (const series of family) {
        const reading = { labels: series.labels, value: series.value.value };
        text += sample(declared.name, labels, reading);
      }
      return text;
    });
    return family;
  }

  histogram(declared: Declaration & { bounds: readonly number[] }): Family<Histogram> {
    const { name, labels = [], bounds } = declared;
    const family = new Family(labels.length, () => new Histogram(bounds));
    this.#add(declared, "histogram", () => {
      let text = "";
      for (const { labels: values, value } of family) {
        let below = 0;
        for (const [index, count] of value.counts.entries()) {
          below += count;
          const bound = formatNumber(bounds[index] ?? Infinity);
          const reading = { labels: [...values, bound], value: below };
          text += sample(`${name}_bucket`, [...labels, "le"], reading);
        }
        text += sample(`${name}_sum`, labels, { labels: values, value: value.sum });
        text += sample(`${name}_count`, labels, { labels: values, value: below });
      }
      return text;
    });
    return family;
  }

  /** A value that is kept elsewhere and read when asked for. */
  read(declared: Declaration, type: "counter" | "gauge", read: () => Iterable<Reading>): void {
    const { name, labels = [] } = declared;
    this.#add(declared, type, () => {
      let text = "";
      for (const reading of read()) text += sample(name, labels, reading);
      return text;
    });
  }

  /** Everything, in the order of declaration; a metric without series is left out. */
  write(): string {
    return this.#writers.map((write) => write()).join("");
  }

  #add({ name, help }: Declaration, type: string, write: () => string): void {
    if (!NAME.test(name) || this.#names.has(name)) {
      throw new Error(`${name} is no name for a metric, or is taken; choose another.`);
    }
    if ((type === "counter") !== name.endsWith("_total")) {
      throw new Error(`${name}: counters, and only they, end in _total.`);
    }
    this.#names.add(name);
    const text = help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
    const head = `# HELP ${name} ${text}\n# TYPE ${name} ${type}\n`;
    this.#writers.push(() => {
      const samples = write();
      return samples === "" ? "" : head + samples;
    });
  }
}

/** The reading of a metric without labels. */
export function single(value: number): Reading[] {
  return [{ labels: [], value }];
}
