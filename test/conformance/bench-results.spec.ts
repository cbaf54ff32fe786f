import { type Goal, inTurn } from '../load/support/line';
import { plot } from '../load/support/plot';
import { missedIn, reached, type Result, resultsTable } from '../load/support/results';

const atLeast = (value: number): Goal => ({ bound: 'at least', value, unit: 'times' });
const atMost = (value: number): Goal => ({ bound: 'at most', value, unit: 'ms' });

const result = (goal: Goal, pairs: Result['pairs'], more: Partial<Result> = {}): Result => ({
  name: 'line',
  what: 'a line',
  goal,
  unit: 'per s',
  conditions: '',
  secondsEach: 1,
  pairs,
  ...more,
});

const twice = [
  { ours: 20, peer: 10 },
  { ours: 90, peer: 10 },
  { ours: 1, peer: 10 },
];

it('judges the median of the ratios, not the ratio of medians or means', () => {
  expect(missedIn(result(atLeast(2), twice))).toEqual([]);
  expect(missedIn(result(atLeast(2.1), twice))).toEqual(['a line: 2.00, not at least 2.1 times']);
  expect(missedIn(result(atMost(2), twice))).toEqual([]);
  expect(missedIn(result(atMost(1.9), twice))).toHaveLength(1);
});

it('judges the figure itself where there is no peer', () => {
  expect(missedIn(result(atMost(20), [{ ours: 20 }]))).toEqual([]);
  expect(missedIn(result(atMost(20), [{ ours: 20.1 }]))).toHaveLength(1);
});

it('counts a line that failed as missed, and not one whose peer this machine does not have', () => {
  expect(missedIn(result(atLeast(2), [], { failed: 'it broke' }))).toEqual(['a line: it broke']);
  const missing = result(atLeast(2), [], { missing: 'no PyKMIP' });
  expect(missedIn(missing)).toEqual([]);
  expect(resultsTable([missing])).toContain('not measured: no PyKMIP');
});

it('draws one for a goal that is reached, whichever side of it is the good one', () => {
  expect(reached(result(atLeast(4), [{ ours: 2 }]))).toBe(0.5);
  expect(reached(result(atMost(2), [{ ours: 4 }]))).toBe(0.5);
  const drawn = plot([result(atLeast(2), twice), result(atLeast(2), [], { missing: 'no PyKMIP' })]);
  expect(drawn.match(/a line/g)).toHaveLength(1);
});

it('lets ours and the peer begin in turn', async () => {
  const order: string[] = [];
  const measured = (who: string, figure: number) => (): Promise<number> => {
    order.push(who);
    return Promise.resolve(figure);
  };
  for (const round of [0, 1]) {
    expect(await inTurn(round, measured('ours', 1), measured('peer', 2))).toEqual({ ours: 1, peer: 2 });
  }
  expect(order).toEqual(['ours', 'peer', 'peer', 'ours']);
});
