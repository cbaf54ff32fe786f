import { AggregatorRegistry, type MetricObjectWithValues, type MetricValue, Registry } from 'prom-client';

import { type MeasuredValues, type MetricsSource } from './metrics';

/** What grows for ever; a gauge ends with its process. */
const KEPT = ['counter', 'histogram'];

/**
 * What several processes measure, added up. What those have counted that ended stays in the sum: a counter that went back
 * would be taken for one that began anew, and all of it be counted once more.
 */
export class SummedMetrics implements MetricsSource {
  readonly #latest = new Map<number, MeasuredValues>();
  #ended: MeasuredValues = [];

  /** @param ask has every process that is there tell it its values, by {@link take}, before it resolves */
  constructor(private readonly ask: () => Promise<unknown>) {}

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;

  /** In place of what that process told before. */
  take(process: number, values: MeasuredValues): void {
    this.#latest.set(process, values);
  }

  /** It says no more; what it told last stands. */
  end(process: number): void {
    const last = this.#latest.get(process) ?? [];
    this.#latest.delete(process);
    const kept = last.filter(({ type }) => KEPT.includes(String(type)));
    this.#ended = added([this.#ended, kept]).getMetricsAsArray() as MetricObjectWithValues<MetricValue<string>>[];
  }

  async text(): Promise<string> {
    await this.ask();
    return await added([this.#ended, ...this.#latest.values()]).metrics();
  }
}

const added = (all: readonly MeasuredValues[]): Registry => AggregatorRegistry.aggregate([...all]);
