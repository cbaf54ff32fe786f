import { median, type Options } from './goals';
import { type Goal, type Line, type Pair, reaches, valueOf } from './line';
import { type Peers } from './peers';
import { Missing } from './pykmip-server';
import { conditions, table } from './table';

/** What is kept of a line: `docs/performance/results.json`. */
export interface Result {
  readonly name: string;
  readonly what: string;
  readonly goal: Goal;
  readonly unit: string;
  readonly conditions: string;
  readonly secondsEach: number;
  /** Empty when it could not be measured. */
  readonly pairs: readonly Pair[];
  /** Why it was not measured. */
  readonly missing?: string;
  readonly failed?: string;
}

/** All rounds of a line. One that cannot be measured takes nothing from the others. */
export async function resultOf(line: Line, peers: Peers, { rounds }: Options): Promise<Result> {
  const { name, what, goal, unit } = line;
  const pairs: Pair[] = [];
  const result = { name, what, goal, unit, conditions: conditions(), secondsEach: peers.seconds, pairs };
  try {
    for (let round = 0; round < rounds; round += 1) {
      const pair = await line.measure(peers, round);
      pairs.push(pair);
      console.error(`${name} ${round + 1}/${rounds}: ${short(valueOf(pair))}`);
    }
    return result;
  } catch (error) {
    console.error(`${name}:`, error);
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
    return { ...result, pairs: [], ...(error instanceof Missing ? { missing: reason } : { failed: reason }) };
  }
}

export const medianOf = ({ pairs }: Result): number => median(pairs.map(valueOf));

/** Of the goal: 1 reaches it, whichever side of it is the good one. */
export function reached(result: Result): number {
  const { bound, value } = result.goal;
  return bound === 'at least' ? medianOf(result) / value : value / medianOf(result);
}

export function missedIn(result: Result): string[] {
  const { what, goal, pairs, failed } = result;
  if (failed !== undefined) return [`${what}: ${failed}`];
  if (pairs.length === 0 || reaches(medianOf(result), goal)) return [];
  return [`${what}: ${short(medianOf(result))}, not ${goalOf(goal)}`];
}

export function resultsTable(results: readonly Result[]): string {
  const rows = results.map((result) => {
    const { what, goal, unit, pairs, missing, failed } = result;
    if (pairs.length === 0) return [what, goalOf(goal), `not measured: ${missing ?? failed ?? ''}`, '', '', ''];
    const peers = pairs.flatMap(({ peer }) => (peer === undefined ? [] : [peer]));
    return [
      what,
      goalOf(goal),
      `${reaches(medianOf(result), goal) ? '' : 'missed: '}${range(pairs.map(valueOf))}`,
      `${range(pairs.map(({ ours }) => ours))} ${unit}${partsOf(pairs)}`,
      peers.length === 0 ? '' : `${range(peers)} ${unit}`,
      String(pairs.length),
    ];
  });
  return table(['line', 'goal', 'median (range)', 'ours', 'peer', 'rounds'], rows);
}

const goalOf = ({ bound, value, unit }: Goal): string => `${bound} ${value} ${unit}`;

function partsOf(pairs: readonly Pair[]): string {
  const parts = Object.keys(pairs[0]?.ofWhich ?? {});
  return parts.map((part) => `, of which ${part} ${range(pairs.map(({ ofWhich }) => ofWhich?.[part] ?? 0))}`).join('');
}

const range = (values: readonly number[]): string =>
  values.length === 1
    ? short(median(values))
    : `${short(median(values))} (${short(Math.min(...values))}-${short(Math.max(...values))})`;

/** Three digits say all that such figures know. */
function short(value: number): string {
  if (value >= 100) return value.toFixed(0);
  if (value < 0.1) return value.toFixed(3);
  return value.toFixed(value >= 10 ? 1 : 2);
}
