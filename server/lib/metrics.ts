import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';

export type Sample = { readonly labels: Readonly<Record<string, string>>; readonly value: number };

/** One metric whose samples are read when somebody asks for them. */
export type Metric = {
  /** As Prometheus wants it: base unit last, `_total` on counters. */
  readonly name: string;
  readonly help: string;
  /** A counter's samples never fall while the process lives. */
  readonly type: 'counter' | 'gauge';
  readonly labels: readonly string[];
  /** Whoever writes this bounds how many samples there can be. */
  readonly read: () => readonly Sample[];
};

export type Metrics = {
  readonly contentType: string;
  /** All metrics in the text format of Prometheus. */
  render(): Promise<string>;
};

/** Puts metrics together with those of the process: memory, CPU, file handles, event-loop delay, collections. */
export function createMetrics(metrics: readonly Metric[]): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const metric of metrics) register(registry, metric);
  return { contentType: registry.contentType, render: () => registry.metrics() };
}

function register(registry: Registry, { name, help, type, labels, read }: Metric): void {
  const options = { name, help, labelNames: [...labels], registers: [registry] };
  if (type === 'gauge') {
    const gauge: Gauge = new Gauge({
      ...options,
      collect() {
        // A source that is gone leaves no sample behind.
        gauge.reset();
        if (labels.length === 0) gauge.remove();
        for (const sample of read()) gauge.set(sample.labels, sample.value);
      },
    });
    return;
  }
  const counter: Counter = new Counter({
    ...options,
    collect() {
      // The count is kept where it is made; this library would only let us add to it.
      counter.reset();
      for (const sample of read()) counter.inc(sample.labels, sample.value);
    },
  });
}

/** The one sample of a metric without labels; none where the value is not known. */
export const single = (value: number | undefined): readonly Sample[] =>
  value === undefined ? [] : [{ labels: {}, value }];
