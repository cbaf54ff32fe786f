import { type AuditEvent } from '@lib/audit';
import { type Clock, newCorrelationId, toInstanceId } from '@lib/kernel';

import { RepeatedReads } from './repeated-reads';

const INSTANCE = toInstanceId('11111111-2222-4333-8444-555555555555');
const NEIGHBOUR = toInstanceId('11111111-2222-4333-8444-666666666666');
const MINUTE_MS = 60_000;

class FakeClock implements Clock {
  ms = 0;
  now = (): Date => new Date(this.ms);
  monotonicMs = (): number => this.ms;
}

function setUp() {
  const clock = new FakeClock();
  const written: AuditEvent[] = [];
  const failures: unknown[] = [];
  const sink = { down: false };
  const subject = new RepeatedReads({
    sink: {
      record: (event) => {
        if (sink.down) return Promise.reject(new Error('the trail is away'));
        written.push(event);
        return Promise.resolve();
      },
    },
    clock,
    failed: (error) => failures.push(error),
  });
  const read = (changes: Partial<AuditEvent> = {}): AuditEvent => ({
    instanceId: INSTANCE,
    action: 'vmware-solutions.instance.read',
    occurredAt: clock.now(),
    initiator: { kind: 'user', iamId: 'IBMid-1', address: '192.0.2.1' },
    outcome: 'success',
    target: { kind: 'instance', id: INSTANCE },
    correlationId: newCorrelationId(),
    observer: 'management-api',
    details: { operation: 'get_instance' },
    ...changes,
  });
  return { clock, written, failures, sink, subject, read };
}

describe('reads that repeat', () => {
  it('are the first, at once, and then one record with their count', async () => {
    const { clock, written, subject, read } = setUp();
    for (let second = 0; second < 60; second += 1) {
      clock.ms = second * 5_000;
      await subject.record(read());
    }
    expect(written).toHaveLength(1);
    clock.ms = 10 * MINUTE_MS;
    await subject.flush();
    expect(written).toHaveLength(2);
    expect(written[1]).toMatchObject({
      action: 'vmware-solutions.instance.read',
      occurredAt: new Date(59 * 5_000),
      details: {
        operation: 'get_instance',
        count: 59,
        first: '1970-01-01T00:00:05.000Z',
        last: '1970-01-01T00:04:55.000Z',
      },
    });
    expect(subject.size).toBe(0);
  });

  it.each<[string, Partial<AuditEvent>]>([
    ['another caller', { initiator: { kind: 'user', iamId: 'IBMid-2', address: '192.0.2.1' } }],
    ['another address', { initiator: { kind: 'user', iamId: 'IBMid-1', address: '192.0.2.2' } }],
    ['another operation', { details: { operation: 'list_instances' } }],
    ['another action', { action: 'vmware-solutions.root-key.read' }],
    ['another target', { target: { kind: 'key', id: 'k1' } }],
    ['a neighbour', { instanceId: NEIGHBOUR }],
  ])('are not those of %s', async (_what, changes) => {
    const { written, subject, read } = setUp();
    await subject.record(read());
    await subject.record(read(changes));
    expect(written).toHaveLength(2);
  });

  it('begin anew after ten minutes, behind the record of what was counted', async () => {
    const { clock, written, subject, read } = setUp();
    await subject.record(read());
    await subject.record(read());
    clock.ms = 10 * MINUTE_MS;
    await subject.record(read());
    expect(written.map(({ details }) => details?.['count'])).toEqual([undefined, 1, undefined]);
  });

  it('are all written when the process stops, and nothing is written of what did not repeat', async () => {
    const { written, subject, read } = setUp();
    await subject.record(read());
    await subject.record(read({ instanceId: NEIGHBOUR }));
    await subject.record(read());
    subject.start();
    await subject.stop();
    expect(written.map(({ details }) => details?.['count'])).toEqual([undefined, undefined, 1]);
    await subject.stop();
    expect(written).toHaveLength(3);
  });

  it('fail when the first cannot be written, and are not remembered then', async () => {
    const { sink, subject, read } = setUp();
    sink.down = true;
    await expect(subject.record(read())).rejects.toThrow('the trail is away');
    expect(subject.size).toBe(0);
  });

  it('keep a count that could not be written', async () => {
    const { clock, failures, sink, written, subject, read } = setUp();
    await subject.record(read());
    await subject.record(read());
    clock.ms = 10 * MINUTE_MS;
    sink.down = true;
    await subject.flush();
    expect(failures).toHaveLength(1);
    sink.down = false;
    await subject.flush();
    expect(written.at(-1)?.details?.['count']).toBe(1);
  });

  it('take a bounded memory, for each instance and together; beyond it each is written', async () => {
    const { written, subject, read } = setUp();
    for (let number = 0; number < 500; number += 1) {
      await subject.record(read({ target: { kind: 'key', id: `k${number}` } }));
    }
    expect(subject.size).toBe(200);
    await subject.record(read({ target: { kind: 'key', id: 'k499' } }));
    expect(written).toHaveLength(501);
    for (let number = 0; number < 11_000; number += 1) {
      const id = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
      await subject.record(read({ instanceId: toInstanceId(id) }));
    }
    expect(subject.size).toBe(10_000);
  });
});
