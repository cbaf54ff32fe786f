import { type InstanceId } from '@lib/kernel';
import { type KeyManagerBinding, KeyManagerError, type WatchedCall } from '@lib/key-manager';
import { type CallOutcome } from '@lib/tenancy';
import { ManualClock } from '@lib/testing';

import { TrafficReports } from './traffic-reports';

const BINDING = { instanceId: 'i' as InstanceId, bindingId: 'b', version: '1' } as KeyManagerBinding;
const DENIED = new KeyManagerError('permission_denied', 'no');

describe('TrafficReports', () => {
  const clock = new ManualClock();
  const written: Record<string, CallOutcome>[] = [];
  let release: (() => void) | undefined;
  let failing = false;
  const health = {
    noteTraffic: async (
      _id: InstanceId,
      _binding: string,
      note: { outcomes: ReadonlyMap<WatchedCall, CallOutcome> },
    ) => {
      await new Promise<void>((resolve) => (release === undefined ? resolve() : (release = resolve)));
      if (failing) throw new Error('no database');
      written.push(Object.fromEntries(note.outcomes));
    },
  };
  let reports: TrafficReports;
  beforeEach(() => {
    written.length = 0;
    release = undefined;
    failing = false;
    reports = new TrafficReports({ health, clock, component: 'kmip-1', log: () => undefined });
  });

  it('writes what is news, and trouble again after half a minute', async () => {
    for (const error of [undefined, undefined, DENIED, DENIED]) {
      reports.called(BINDING, 'fetch', error);
      await reports.settled();
    }
    expect(written).toEqual([{ fetch: 'ok' }, { fetch: { fault: 'permission_denied' } }]);
    clock.advance(30_000);
    reports.called(BINDING, 'fetch', DENIED);
    await reports.settled();
    expect(written).toHaveLength(3);
  });

  it('writes at once what was told while it was writing', async () => {
    release = () => undefined;
    reports.called(BINDING, 'wrap', DENIED);
    reports.called(BINDING, 'fetch', DENIED);
    reports.called(BINDING, 'fetch');
    reports.called(BINDING, 'unwrap');
    const first = release;
    release = undefined;
    first();
    await reports.settled();
    expect(written).toEqual([{ wrap: { fault: 'permission_denied' } }, { fetch: 'ok', unwrap: 'ok' }]);
  });

  it('knows adapters apart, since another credential is another story', async () => {
    reports.called(BINDING, 'fetch', DENIED);
    reports.called({ ...BINDING, version: '2' }, 'fetch', DENIED);
    await reports.settled();
    expect(written).toHaveLength(2);
  });

  it('tells again what could not be written', async () => {
    failing = true;
    reports.called(BINDING, 'fetch', DENIED);
    await reports.settled();
    failing = false;
    reports.called(BINDING, 'fetch', DENIED);
    await reports.settled();
    expect(written).toHaveLength(1);
  });
});
