import { type InstanceId } from '@lib/kernel';
import {
  aManagedObject,
  InMemoryRegion,
  InMemoryServiceInstanceDirectory,
  InMemoryServiceInstanceUnitOfWork,
  ManualClock,
  putObject,
  putServiceInstance,
} from '@lib/testing';

import { HOUR_MS, KEPT_USAGE_MS, type MeteringRecord } from './metering-record';
import { type UsageVerdict } from './usage.ports';
import { UsageRecorder } from './usage-recorder';
import { UsageSender } from './usage-sender';

const NOON = new Date('2026-11-24T12:00:00.000Z');

describe('metering', () => {
  let clock: ManualClock;
  let region: InMemoryRegion;
  let unitOfWork: InMemoryServiceInstanceUnitOfWork;
  let directory: InMemoryServiceInstanceDirectory;
  let recorder: UsageRecorder;
  beforeEach(() => {
    clock = new ManualClock(NOON);
    region = new InMemoryRegion(clock);
    unitOfWork = new InMemoryServiceInstanceUnitOfWork(region);
    directory = new InMemoryServiceInstanceDirectory(region);
    recorder = new UsageRecorder(unitOfWork, directory, clock);
  });

  const put = async (changes: Parameters<typeof putServiceInstance>[1] = {}): Promise<InstanceId> =>
    (await putServiceInstance(unitOfWork, changes, clock.now())).id;
  const records = (id: InstanceId) => [...region.rowsOf(id).usage.values()];
  const hours = (id: InstanceId) =>
    records(id).map(({ startedAt }) => (startedAt.getTime() - NOON.getTime()) / HOUR_MS);

  describe('UsageRecorder', () => {
    it('records full hours, each once, whoever tries and however often', async () => {
      const id = await put();
      clock.advance(HOUR_MS - 1);
      await recorder.recordFullHours();
      expect(hours(id)).toEqual([]);
      clock.advance(HOUR_MS + 1);
      await Promise.all([recorder.recordFullHours(), recorder.recordFullHours()]);
      await recorder.recordFullHours();
      expect(hours(id)).toEqual([0, 1]);
      expect(await directory.meterableInstances(clock.now(), undefined, 10)).toEqual([]);
    });

    it('counts what was there in an hour, though it is recorded later', async () => {
      const id = await put();
      const { uniqueIdentifier } = await putObject(region.storeOf(id), id, aManagedObject({ initialDate: NOON }));
      clock.advance(3 * HOUR_MS);
      const [object] = region.storeOf(id).objects();
      const destroyDate = new Date(NOON.getTime() + HOUR_MS);
      region.storeOf(id).overwrite({ ...object!, uniqueIdentifier, state: 'Destroyed', destroyDate });
      await recorder.recordFullHours();
      expect(records(id).map(({ liveKeys }) => liveKeys)).toEqual([1, 1, 0]);
    });

    it('goes back as far as the platform takes records', async () => {
      const id = await put();
      clock.advance(60 * HOUR_MS);
      await recorder.recordFullHours();
      expect(hours(id)).toHaveLength(47);
      expect(hours(id).at(-1)).toBe(59);
      clock.advance(HOUR_MS);
      await recorder.recordFullHours();
      expect(hours(id).at(-1)).toBe(60);
    });

    it.each([
      ['ready', [0]],
      ['updating', [0]],
      ['provisioning', []],
      ['deprovisioning', []],
      ['deleted', []],
    ] as const)('of an instance that is %s it records %j', async (status, recorded) => {
      const id = await put({ status });
      clock.advance(HOUR_MS);
      await recorder.recordFullHours();
      expect(hours(id)).toEqual(recorded);
    });

    it('records nothing of an instance that was taken away past the platform', async () => {
      const id = await put();
      await unitOfWork.forTenant(id, ({ instance }) => instance.remove());
      clock.advance(HOUR_MS);
      await recorder.recordFullHours();
      expect(hours(id)).toEqual([]);
    });

    it('finds every instance, page by page', async () => {
      const ids: InstanceId[] = [];
      for (let n = 0; n < 5; n += 1) ids.push(await put());
      jest
        .spyOn(directory, 'meterableInstances')
        .mockImplementation((_before, after) =>
          Promise.resolve(after === undefined ? Array<InstanceId>(200).fill(ids[0]!) : ids),
        );
      clock.advance(HOUR_MS);
      await recorder.recordFullHours();
      expect(ids.map((id) => hours(id))).toEqual(ids.map(() => [0]));
    });

    it('keeps accepted records for questions about a bill, and no longer', async () => {
      const id = await put();
      clock.advance(HOUR_MS);
      await recorder.recordFullHours();
      await unitOfWork.forTenant(id, ({ usage }) =>
        usage.settle(NOON, { state: 'accepted', attempts: 1, notBefore: NOON }),
      );
      clock.advance(KEPT_USAGE_MS - HOUR_MS);
      await recorder.recordFullHours();
      expect(hours(id)).toContain(0);
      clock.advance(HOUR_MS);
      await recorder.recordFullHours();
      expect(hours(id)).not.toContain(0);
    });
  });

  describe('UsageSender', () => {
    const MINUTE_MS = 60_000;
    let sent: { readonly serviceId: string; readonly records: readonly MeteringRecord[] }[];
    let verdict: (record: MeteringRecord) => UsageVerdict;
    let outage: Error | undefined;
    let log: string[];
    let sender: UsageSender;
    beforeEach(() => {
      [sent, log, outage] = [[], [], undefined];
      verdict = () => ({ kind: 'accepted' });
      const report = (serviceId: string, batch: readonly MeteringRecord[]) => {
        sent.push({ serviceId, records: batch });
        return outage === undefined ? Promise.resolve(batch.map((each) => verdict(each))) : Promise.reject(outage);
      };
      sender = new UsageSender(unitOfWork, directory, { report }, clock, (message) => log.push(message));
    });
    const recorded = async (count = 1, changes: Parameters<typeof put>[0] = {}): Promise<InstanceId> => {
      const id = await put(changes);
      clock.advance(count * HOUR_MS);
      await recorder.recordFullHours();
      return id;
    };

    it('sends each record until it found its end, and never again', async () => {
      const id = await recorded(2);
      expect(await sender.sendPending()).toBe(2);
      expect(await sender.sendPending()).toBe(0);
      expect(sent).toHaveLength(1);
      expect(sent[0]?.records).toMatchObject([
        { instanceId: id, startedAt: NOON, endedAt: new Date(NOON.getTime() + HOUR_MS) },
        { instanceId: id },
      ]);
      expect(records(id)).toMatchObject([{ state: 'accepted', attempts: 1 }, { state: 'accepted' }]);
    });

    it('sends of one service at a time, at most 100 in a call', async () => {
      for (let n = 0; n < 6; n += 1) await put({ serviceId: 'a' });
      await recorded(20, { serviceId: 'b' });
      expect(await sender.sendPending()).toBe(140);
      expect(sent.map(({ serviceId, records: batch }) => `${serviceId} ${batch.length}`)).toEqual([
        'a 100',
        'a 20',
        'b 20',
      ]);
    });

    it('waits longer after each attempt that did not decide', async () => {
      const id = await recorded();
      verdict = () => ({ kind: 'retry', detail: 'busy' });
      const waits: number[] = [];
      for (let n = 0; n < 8; n += 1) {
        await sender.sendPending();
        const wait = records(id)[0]!.notBefore.getTime() - clock.now().getTime();
        waits.push(wait / MINUTE_MS);
        clock.advance(wait - 1);
        expect(await directory.pendingUsage(clock.now(), 1)).toEqual([]);
        clock.advance(1);
      }
      expect(waits).toEqual([0.5, 1, 2, 4, 8, 16, 30, 30]);
      verdict = () => ({ kind: 'accepted' });
      await sender.sendPending();
      expect(records(id)).toMatchObject([{ state: 'accepted', attempts: 9 }]);
      expect(records(id)[0]).not.toHaveProperty('detail');
    });

    it('leaves the rest for the next round when a call fails, and says so', async () => {
      const id = await recorded(2);
      outage = new Error('down');
      expect(await sender.sendPending()).toBe(0);
      expect(sent).toHaveLength(1);
      expect(records(id).map(({ state }) => state)).toEqual(['pending', 'pending']);
      expect(log).toEqual(['usage could not be reported']);
      outage = undefined;
      clock.advance(MINUTE_MS);
      expect(await sender.sendPending()).toBe(2);
    });

    it('gives up what the platform refuses, and keeps why', async () => {
      const id = await recorded(2);
      verdict = ({ startedAt }) =>
        startedAt.getTime() === NOON.getTime() ? { kind: 'refused', detail: 'no such plan' } : { kind: 'accepted' };
      expect(await sender.sendPending()).toBe(2);
      expect(records(id)).toMatchObject([{ state: 'refused', detail: 'no such plan' }, { state: 'accepted' }]);
      expect(log).toEqual(['a usage record was lost: no such plan']);
    });

    it('gives up what is too late for the platform', async () => {
      const id = await recorded();
      verdict = () => ({ kind: 'retry', detail: 'busy' });
      clock.advance(48 * HOUR_MS);
      await sender.sendPending();
      expect(records(id)[0]?.state).toBe('pending');
      clock.advance(HOUR_MS);
      await sender.sendPending();
      expect(records(id)[0]).toMatchObject({ state: 'refused', detail: 'busy' });
    });

    it('sends again what it could not note, and does not overwrite an end', async () => {
      const id = await recorded();
      region.failNextCommit(new Error('the process died'));
      await expect(sender.sendPending()).rejects.toThrow('the process died');
      expect(records(id)[0]?.state).toBe('pending');
      await sender.sendPending();
      expect(sent).toHaveLength(2);
      const late = { state: 'pending', attempts: 1, notBefore: clock.now() } as const;
      await unitOfWork.forTenant(id, ({ usage }) => usage.settle(NOON, late));
      expect(records(id)[0]?.state).toBe('accepted');
    });
  });
});
