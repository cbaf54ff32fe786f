import { toInstanceId } from '@lib/kernel';
import { type InstanceSigns } from '@lib/persistence';
import { ManualClock } from '@lib/testing';

import { InstanceWatch } from './instance-watch';

const AT = new Date('2026-12-01T16:00:00.000Z');
const SIGNS: InstanceSigns = { end: { seq: 7, mark: '0123456789abcdef' }, attempts: [], moves: [] };
const attempt = { id: 'attempt-1', verdict: 'unknown_certificate', lastAt: AT, certificateId: undefined };
const move = { bindingId: 'binding-1', state: 'moving', moved: 3, notedAt: AT };

describe('a look at an instance', () => {
  it('tells of attempts and moves although the look before it failed half-way', async () => {
    let signs = SIGNS;
    let isAway = false;
    const watch = new InstanceWatch(
      {
        changes: {
          signs: () => Promise.resolve(signs),
          has: () => Promise.resolve(true),
          recorded: () => Promise.resolve([certificateAdded]),
        },
        activations: { of: () => (isAway ? Promise.reject(new Error('away')) : Promise.resolve([])) },
        clock: new ManualClock(AT),
      } as unknown as ConstructorParameters<typeof InstanceWatch>[0],
      toInstanceId('0d45edaa-456f-4f0e-8c6c-0a9a3f6b1d11'),
    );
    await watch.look();
    signs = { ...SIGNS, end: { ...SIGNS.end, seq: 8 }, attempts: [attempt], moves: [move] };
    isAway = true;
    await expect(watch.look()).rejects.toThrow('away');
    isAway = false;
    const { records, signs: told } = await watch.look();
    expect(records.map(({ type }) => type)).toEqual(['certificate.state']);
    expect(told.map(({ type, subject }) => [type, subject])).toEqual(
      expect.arrayContaining([
        ['attempt', 'attempt-1'],
        ['move.progress', 'binding-1'],
      ]),
    );
  });
});

const certificateAdded = {
  seq: 8,
  hash: Buffer.alloc(32),
  event: { action: 'vmware-solutions.certificate.create', target: { kind: 'certificate', id: 'c-1' }, occurredAt: AT },
};
