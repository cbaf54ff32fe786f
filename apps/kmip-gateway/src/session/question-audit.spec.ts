import { type AuditEvent } from '@lib/audit';
import { anAuditEvent, ManualClock } from '@lib/testing';

import { QuestionAudit } from './question-audit';
import { INSTANCE, peer } from './session.fixture';

describe('QuestionAudit', () => {
  let clock: ManualClock;
  let recorded: AuditEvent[];
  let unrecorded: [number, unknown][];
  let store: 'up' | 'down';
  let audit: QuestionAudit;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['performance'] });
    [clock, recorded, unrecorded, store] = [new ManualClock(), [], [], 'up'];
    audit = new QuestionAudit({
      sink: {
        record: (event) => {
          if (store === 'down') return Promise.reject(new Error('the database is away'));
          recorded.push(event);
          return Promise.resolve();
        },
      },
      clock,
      unrecorded: (questions, error) => unrecorded.push([questions, error]),
    });
  });

  afterEach(() => jest.useRealTimers());

  const asked = (operation: string): AuditEvent =>
    anAuditEvent(INSTANCE, { occurredAt: clock.now(), details: { operation } });

  async function pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= 50) {
      clock.advance(Math.min(50, left));
      await jest.advanceTimersByTimeAsync(Math.min(50, left));
    }
  }

  const counts = (): unknown[] => recorded.map(({ details }) => details?.['count'] ?? 1);

  it('writes what was asked within a tenth of a second, each operation for itself', async () => {
    const client = peer();
    const events = [asked('DiscoverVersions'), asked('Query')];
    for (const event of events) audit.note(client, event);
    expect(recorded).toEqual([]);
    await pass(100);
    expect(recorded).toEqual(events);
    expect(audit.waiting).toBe(0);
  });

  it('counts what one connection asks again, with first and last', async () => {
    const client = peer();
    const first = clock.now();
    audit.note(client, asked('Query'));
    clock.advance(20);
    audit.note(client, asked('Query'));
    audit.note(peer(), asked('Query'));
    await pass(100);
    expect(recorded.map(({ details }) => details)).toEqual([
      { operation: 'Query', count: 2, first: first.toISOString(), last: recorded[0]?.occurredAt.toISOString() },
      { operation: 'Query' },
    ]);
  });

  it('writes together what clients ask that come one after the other', async () => {
    const batches = new Set<number>();
    for (let clients = 0; clients < 100; clients += 1) {
      audit.note(peer(), asked('Query'));
      clock.advance(10);
      await jest.advanceTimersByTimeAsync(10);
      if (recorded.length > 0) batches.add(recorded.length);
    }
    expect(recorded.length).toBeGreaterThanOrEqual(90);
    expect(batches.size).toBeLessThanOrEqual(10);
  });

  it('lets a connection that never stops asking write ever more rarely, and loses no question', async () => {
    const client = peer();
    for (let questions = 0; questions < 6_000; questions += 1) {
      audit.note(client, asked('DiscoverVersions'));
      await pass(50);
    }
    // Five minutes: 0.1, 0.2, 0.4 ... 51.2, and then each minute.
    expect(recorded.length).toBeLessThan(16);
    await audit.stop();
    expect(counts().reduce((sum: number, count) => sum + Number(count), 0)).toBe(6_000);
  });

  it('writes soon again for one that paused', async () => {
    const client = peer();
    for (let round = 0; round < 4; round += 1) {
      audit.note(client, asked('Query'));
      await pass(60_000);
    }
    audit.note(client, asked('Query'));
    await pass(100);
    expect(counts()).toEqual([1, 1, 1, 1, 1]);
  });

  it('waits no longer once the connection is gone', async () => {
    const client = peer();
    for (let questions = 0; questions < 200; questions += 1) {
      audit.note(client, asked('Query'));
      await pass(50);
    }
    expect(audit.waiting).toBe(1);
    audit.connectionClosed(client);
    await pass(100);
    expect(audit.waiting).toBe(0);
    expect(counts().reduce((sum: number, count) => sum + Number(count), 0)).toBe(200);
  });

  it('keeps what cannot be written and tries again, and not for ever', async () => {
    store = 'down';
    audit.note(peer(), asked('Query'));
    await pass(30_000);
    expect([audit.waiting, unrecorded]).toEqual([1, []]);
    store = 'up';
    await pass(1_100);
    expect([audit.waiting, recorded.length]).toEqual([0, 1]);
    store = 'down';
    const client = peer();
    for (let questions = 0; questions < 5; questions += 1) audit.note(client, asked('Query'));
    await pass(302_000);
    expect([audit.waiting, unrecorded]).toEqual([0, [[5, new Error('the database is away')]]]);
  });

  it('says so when what waits at the end cannot be written', async () => {
    store = 'down';
    const client = peer();
    for (let questions = 0; questions < 3; questions += 1) audit.note(client, asked('Query'));
    await audit.stop();
    expect([audit.waiting, unrecorded]).toEqual([0, [[3, undefined]]]);
    await pass(60_000);
    expect(unrecorded).toHaveLength(1);
  });

  it('holds no more than it has room for', async () => {
    store = 'down';
    for (let clients = 0; clients < 20_001; clients += 1) audit.note(peer(), asked('Query'));
    expect([audit.waiting, unrecorded]).toEqual([20_000, [[1, undefined]]]);
    store = 'up';
    await audit.stop();
    expect(recorded).toHaveLength(20_000);
  });
});
