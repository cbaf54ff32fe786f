import { KnownKey, Violation } from '../faults/support/known-key';
import { describeSchedule, scheduleOf, TROUBLE_MS } from '../faults/support/schedule';

const SEEDS = Array.from({ length: 1_000 }, (_, index) => index + 1);

describe('the schedule of a seed', () => {
  it('is the same each time, and another for each seed', () => {
    const described = SEEDS.map((seed) => describeSchedule(scheduleOf(seed)));
    expect(SEEDS.map((seed) => describeSchedule(scheduleOf(seed)))).toEqual(described);
    expect(new Set(described).size).toBe(SEEDS.length);
  });

  it('has everything that can go wrong in a thousand seeds, and an end of each before the quiet', () => {
    const planned = SEEDS.flatMap((seed) => scheduleOf(seed));
    expect(planned.every(({ fromMs, untilMs }) => fromMs < untilMs && untilMs < TROUBLE_MS)).toBe(true);
    const kinds = new Set(
      planned.map(({ fault }) => {
        if (fault.kind === 'link') return `${fault.link}: ${fault.trouble}`;
        if (fault.kind === 'process') return `${fault.process}: ${fault.signal}`;
        return fault.kind === 'cloud' ? `${fault.service}: ${fault.effect.kind}` : fault.kind;
      }),
    );
    // 8 links with 7 troubles, 4 processes with 3 signals and the database with 2, 2 services with 4 effects, 3 more.
    expect(kinds.size).toBe(8 * 7 + 4 * 3 + 2 + 2 * 4 + 3);
  });
});

describe('what clients know of a key', () => {
  const after = (...notes: Parameters<KnownKey['note']>[]): KnownKey => {
    const key = new KnownKey('a key');
    for (const note of notes) key.note(...note);
    return key;
  };

  it('is certain where it was acknowledged or refused', () => {
    expect([...after(['Activate', 'acknowledged'], ['Destroy', 'refused']).possible]).toEqual(['Active']);
    expect(after(['Destroy', 'acknowledged']).isWithdrawn).toBe(true);
  });

  it('is open where nobody knows, also for what is done later', () => {
    const key = after(['Destroy', 'unknown'], ['Activate', 'acknowledged']);
    expect([...key.possible]).toEqual(['Active']);
    key.note('Revoke', 'acknowledged');
    expect([...key.possible]).toEqual(['Deactivated', 'Destroyed']);
    expect([key.isWithdrawn, key.isCertainlyServed]).toEqual([false, false]);
  });

  it('cannot be what was acknowledged against it', () => {
    expect(() => after(['Destroy', 'acknowledged'], ['Activate', 'acknowledged'])).toThrow(Violation);
  });

  it('is open for good once a suspension was not answered', () => {
    const key = new KnownKey('a key');
    key.noteSuspension(true, 'acknowledged');
    expect(key.isWithdrawn).toBe(true);
    key.noteSuspension(false, 'unknown');
    key.noteSuspension(false, 'acknowledged');
    expect([key.suspension, key.isCertainlyServed]).toEqual(['unknown', false]);
  });
});
