import { type InstanceId } from '@lib/kernel';

import { DatabaseUnavailable } from '../database/persistence.error';
import { done, GatheredWork } from './gathered-work';

const instanceId = 'instance' as InstanceId;

/** Carries numbers; what `fault` gives for them together is thrown. */
function setUp(fault: (jobs: readonly number[]) => Error | undefined = () => undefined, weightOf?: () => number) {
  const carried: (readonly number[])[] = [];
  const work = new GatheredWork<number, number>((_, jobs) => {
    carried.push(jobs);
    const error = fault(jobs);
    return error === undefined ? Promise.resolve(jobs.map((job) => done(job))) : Promise.reject(error);
  }, weightOf);
  const outcomes = (jobs: readonly number[]) =>
    Promise.allSettled(jobs.map((job) => work.do(instanceId, job))).then((settled) =>
      settled.map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as Error).message)),
    );
  return { carried, outcomes };
}

const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);

describe('GatheredWork', () => {
  it('carries together what arrives while one is under way', async () => {
    const { carried, outcomes } = setUp();
    expect(await outcomes([1, 2, 3])).toEqual([1, 2, 3]);
    expect(carried).toEqual([[1], [2, 3]]);
  });

  it('fails nobody for the fault of another: each is carried by itself then', async () => {
    const { carried, outcomes } = setUp((jobs) => (jobs.includes(3) ? new Error('three') : undefined));
    expect(await outcomes([1, 2, 3, 4])).toEqual([1, 2, 'three', 4]);
    expect(carried).toEqual([[1], [2, 3, 4], [2], [3], [4]]);
  });

  it('tries nobody again while the database is away', async () => {
    const { carried, outcomes } = setUp((jobs) => (jobs.includes(2) ? new DatabaseUnavailable('away') : undefined));
    expect(await outcomes([1, 2, 3])).toEqual([1, 'away', 'away']);
    expect(carried).toEqual([[1], [2, 3]]);
  });

  it('carries as much together as one statement can do', async () => {
    const { carried, outcomes } = setUp();
    await outcomes(upTo(300));
    expect(carried.map(({ length }) => length)).toEqual([1, 128, 128, 43]);
    const heavy = setUp(undefined, () => 50);
    await heavy.outcomes(upTo(6));
    expect(heavy.carried).toEqual([[0], [1, 2], [3, 4], [5]]);
    const heaviest = setUp(undefined, () => 1_000);
    await heaviest.outcomes(upTo(3));
    expect(heaviest.carried).toEqual([[0], [1], [2]]);
  });
});
