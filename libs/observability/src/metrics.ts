import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';

import { processLog } from './log-destination';

/**
 * Between two looks at whether the event loop is late, which is part of what is reported. A look wakes the process: at the
 * 10 ms that are usual an idle one spends more on them than on all else.
 */
const LOOP_LOOKS_MS = 50;
const NAME = /^kmip_[a-z][a-z0-9_]*$/;

/** What HealthServer serves at /metrics. */
export interface MetricsSource {
  readonly contentType: string;
  text(): Promise<string>;
}

/** Everything a process measures, as it is told to another one. */
export type MeasuredValues = readonly MetricObjectWithValues<MetricValue<string>>[];

/** What several processes of one program say together, where that is not the sum. */
export type Together = 'least' | 'most';

/** A registry of its own per process, so that tests and processes do not share one by accident. */
export class Metrics implements MetricsSource {
  readonly #registry = new Registry();

  constructor(options: { readonly processMetrics?: boolean; readonly labels?: Readonly<Record<string, string>> } = {}) {
    this.#registry.setDefaultLabels({ ...options.labels });
    if (options.processMetrics !== true) return;
    collectDefaultMetrics({ register: this.#registry, eventLoopMonitoringPrecision: LOOP_LOOKS_MS });
    const help = 'Log lines that were lost because standard output did not take them.';
    this.polledCounter('kmip_log_lines_dropped_total', help, () => processLog().dropped);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  values(): Promise<MeasuredValues> {
    return this.#registry.getMetricsAsJSON();
  }

  /** @param labelNames closed vocabularies only: never an identifier, address or tenant, which would grow without bound. */
  counter<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({ ...this.#common(name, help), labelNames: [...labelNames] });
  }

  gauge<L extends string = never>(name: string, help: string, labelNames: readonly L[] = []): Gauge<L> {
    return new Gauge({ ...this.#common(name, help), labelNames: [...labelNames] });
  }

  /** A gauge whose value is read when somebody asks for the metrics. */
  polledGauge(name: string, help: string, read: () => number, together?: Together): void {
    new Gauge({
      ...this.#common(name, help),
      ...(together && { aggregator: together === 'least' ? 'min' : 'max' }),
      collect() {
        this.set(read());
      },
    });
  }

  /** The same, by labels: of each combination that was ever read, since one that is missing keeps its value. */
  polledGauges<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    read: () => readonly { readonly labels: Readonly<Record<L, string>>; readonly value: number }[],
  ): void {
    new Gauge({
      ...this.#common(name, help),
      labelNames: [...labelNames],
      collect() {
        for (const { labels, value } of read()) this.set(labels, value);
      },
    });
  }

  /** A counter that is kept elsewhere and read when somebody asks for the metrics. */
  polledCounter(name: string, help: string, read: () => number): void {
    new Counter({
      ...this.#common(name, help),
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  /** @param buckets upper bounds in seconds. */
  histogram<L extends string = never>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    buckets: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  ): Histogram<L> {
    return new Histogram({ ...this.#common(name, help), labelNames: [...labelNames], buckets: [...buckets] });
  }

  #common(name: string, help: string): { name: string; help: string; registers: Registry[] } {
    if (!NAME.test(name)) throw new Error(`metric ${name} must be named kmip_…`);
    return { name, help, registers: [this.#registry] };
  }
}
