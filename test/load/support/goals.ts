import { parseArgs } from 'node:util';

/** How a figure and its goal are told. */
export interface Options {
  /** Machine-readable, instead of a table. */
  readonly json: boolean;
  /** A missed goal is a failure: for who changes what it measures. */
  readonly assert: boolean;
  /** Only what is called so; all without it. */
  readonly only: readonly string[];
  readonly rounds: number;
  /** Also into `docs/performance/`, for the bench that has a place there. */
  readonly write: boolean;
}

/** @param names that `--only` knows, where these are all known beforehand */
export function readOptions(rounds: number, names?: readonly string[]): Options {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      assert: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string', default: String(rounds) },
      write: { type: 'boolean', default: false },
    },
  });
  const unknown = values.only.filter((name) => names?.includes(name) === false);
  if (unknown.length > 0) throw new Error(`--only knows ${names?.join(', ')}; not ${unknown.join(', ')}`);
  if (values.write && names === undefined) throw new Error('only `npm run bench` writes');
  return { ...values, rounds: Number(values.rounds) };
}

/** By the nearest rank. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Median, and from the least to the most. */
export function spread(values: readonly number[], digits = 0): string {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return `${median(values).toFixed(digits)} (${least.toFixed(digits)}-${most.toFixed(digits)})`;
}

/** Says what was missed, and makes it a failure where that was asked for. */
export function judge(missed: readonly string[], { assert }: Options): void {
  for (const each of missed) console.error(`goal missed: ${each}`);
  if (assert && missed.length > 0) process.exitCode = 1;
}
