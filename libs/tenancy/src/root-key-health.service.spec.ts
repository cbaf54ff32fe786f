import { randomUUID } from 'node:crypto';

import { type InstanceId } from '@lib/kernel';
import { type WatchedCall } from '@lib/key-manager';
import {
  anActionContext,
  aRootKeyBinding,
  aSealedCredential,
  InMemoryRegion,
  InMemoryUnitOfWork,
  ManualClock,
  putInstance,
} from '@lib/testing';

import { untested } from './credential-change';
import { adapterVersion, type RootKeyBinding } from './root-key-binding';
import { type CallOutcome, type HealthFinding, seenWellAt } from './root-key-health';
import { type DueBinding, RootKeyHealthService } from './root-key-health.service';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DISABLED = { fault: 'root_key_disabled', reasonCode: 'KEY_ACTION_INVALID_STATE_ERR' } as const;
const SILENT = { fault: 'timeout' } as const;
const REFUSED = { fault: 'credential_rejected' } as const;

describe('RootKeyHealthService', () => {
  const clock = new ManualClock();
  let region: InMemoryRegion;
  let unitOfWork: InMemoryUnitOfWork;
  let health: RootKeyHealthService;
  let id: InstanceId;
  let binding: RootKeyBinding;
  let version: string;

  beforeEach(async () => {
    region = new InMemoryRegion(clock);
    unitOfWork = new InMemoryUnitOfWork(region);
    health = new RootKeyHealthService(unitOfWork, clock, () => 1);
    ({ id } = await putInstance(unitOfWork));
    binding = aRootKeyBinding(id);
    const credential = aSealedCredential(id);
    version = adapterVersion(binding, credential.id);
    await unitOfWork.forTenant(id, async ({ bindings, credentials }) => {
      await credentials.put(credential);
      await bindings.insert(binding);
    });
  });

  type Outcomes = Partial<Record<WatchedCall, CallOutcome>>;
  const mapOf = (outcomes: Outcomes) => new Map(Object.entries(outcomes) as [WatchedCall, CallOutcome][]);
  const traffic = (outcomes: Outcomes, of = version): Promise<void> =>
    health.noteTraffic(id, binding.id, { version: of, by: anActionContext(), outcomes: mapOf(outcomes) });
  const test = (outcomes: Outcomes, keys = 1, expiresAt?: Date): Promise<void> =>
    health.noteTest(
      id,
      { binding, keys },
      { version, by: anActionContext(), outcomes: mapOf(outcomes), ...(expiresAt && { expiresAt }) },
    );
  const WELL: Outcomes = { describe: 'ok', wrap: 'ok', unwrap: 'ok', fetch: 'ok' };
  const read = async (): Promise<RootKeyBinding> => (await health.of(id)).rootKeys[0]!.binding;
  const findings = async (): Promise<readonly HealthFinding[]> => (await read()).health?.findings ?? [];
  const due = async (): Promise<readonly DueBinding[]> => (await health.due(id)).filter(({ test: isDue }) => isDue);
  const anotherApiKey = async (): Promise<void> => {
    const credential = { ...aSealedCredential(id), id: randomUUID() };
    version = adapterVersion(binding, credential.id);
    await unitOfWork.forTenant(id, async ({ bindings, credentials }) => {
      await credentials.put(credential);
      for (const one of await bindings.list()) await bindings.update(untested(one));
    });
  };
  const dueInMinutes = async (): Promise<number> =>
    ((await read()).lookDueAt!.getTime() - clock.now().getTime()) / MINUTE_MS;

  it('shows what a client met, since when, until a call of that kind goes well', async () => {
    await traffic({ unwrap: DISABLED });
    const since = clock.now();
    clock.advance(MINUTE_MS);
    await traffic({ unwrap: DISABLED, wrap: 'ok' });
    expect(await findings()).toEqual([{ call: 'unwrap', ...DISABLED, since }]);
    await traffic({ fetch: 'ok' });
    expect(await findings()).toHaveLength(1);
    await traffic({ unwrap: 'ok' });
    expect(await findings()).toEqual([]);
  });

  it('does not believe a call that was not answered, and has a test made at once', async () => {
    await test(WELL);
    expect(await due()).toEqual([]);
    await traffic({ fetch: SILENT });
    expect(await findings()).toEqual([]);
    expect(await due()).toHaveLength(1);
    await traffic({ fetch: SILENT, wrap: DISABLED });
    expect(await findings()).toMatchObject([{ call: 'wrap' }]);
    expect(await due()).toHaveLength(1);
    await test({ describe: SILENT });
    expect(await findings()).toMatchObject([{ call: 'wrap' }, { call: 'describe', ...SILENT }]);
  });

  it('has a test made at once when a client is served again during an outage, which shows what else is over', async () => {
    await test({ describe: SILENT, wrap: SILENT, unwrap: SILENT, fetch: SILENT });
    await test({ describe: SILENT, wrap: SILENT, unwrap: SILENT, fetch: SILENT });
    expect(await due()).toEqual([]);
    await traffic({ fetch: 'ok' });
    expect(await due()).toEqual([]);
    await traffic({ unwrap: 'ok' });
    expect(await findings()).toMatchObject([{ call: 'describe' }, { call: 'wrap' }]);
    expect(await due()).toHaveLength(1);
    await test(WELL);
    await traffic({ store: { fault: 'permission_denied' } });
    await traffic({ unwrap: 'ok' });
    expect(await due()).toEqual([]);
  });

  it('hears nothing from an adapter of another credential, revision or attempt', async () => {
    await traffic({ unwrap: DISABLED }, 'another');
    expect((await read()).health).toBeUndefined();
  });

  it('tests what was never tested, and then every quarter of an hour', async () => {
    expect(await due()).toHaveLength(1);
    await test(WELL);
    expect(await dueInMinutes()).toBe(15);
    clock.advance(15 * MINUTE_MS);
    expect(await due()).toHaveLength(1);
  });

  it('tests a root key without keys once a day', async () => {
    await test(WELL, 0);
    expect(await dueInMinutes()).toBe(24 * 60);
    await traffic({ wrap: 'ok', store: 'ok' });
    expect(await dueInMinutes()).toBe(15);
  });

  it('takes the calls of clients for a test, but not for more than an hour', async () => {
    await test(WELL);
    for (let minutes = 0; minutes < 60; minutes += 10) {
      clock.advance(10 * MINUTE_MS);
      await traffic({ unwrap: 'ok', fetch: 'ok' });
      expect(await due()).toEqual([]);
    }
    clock.advance(15 * MINUTE_MS);
    expect(await due()).toHaveLength(1);
  });

  it('takes a key of a client for a test value, as soon as the first one went through', async () => {
    await traffic({ fetch: 'ok' });
    expect(seenWellAt((await read()).health)).toBeUndefined();
    await traffic({ store: 'ok', wrap: 'ok' });
    const at = clock.now();
    expect(seenWellAt((await read()).health)).toEqual(at);
    await traffic({ store: DISABLED });
    expect(seenWellAt((await read()).health)).toBeUndefined();
    clock.advance(MINUTE_MS);
    await traffic({ store: 'ok', unwrap: 'ok' });
    expect(seenWellAt((await read()).health)).toEqual(clock.now());
  });

  it('takes a check of an administrator for a test, and tests once more for what a check does not keep', async () => {
    await traffic({ unwrap: DISABLED });
    await health.noteWell(id, binding.id, anActionContext());
    expect(seenWellAt((await read()).health)).toEqual(clock.now());
    expect(await due()).toHaveLength(1);
  });

  it('tests again after a minute where something was met, then more and more rarely', async () => {
    const pauses: number[] = [];
    for (let times = 0; times < 6; times += 1) {
      await test({ describe: 'ok', wrap: DISABLED, unwrap: DISABLED });
      pauses.push(await dueInMinutes());
    }
    expect(pauses).toEqual([1, 2, 4, 8, 15, 15]);
    await test(WELL);
    expect(await dueInMinutes()).toBe(15);
    expect(await findings()).toEqual([]);
  });

  it('keeps what no test makes until such a call goes well, or all were tried', async () => {
    const forbidden = { fault: 'refused', reasonCode: 'KEY_CREATE_IMPORT_ACCESS_ERR' } as const;
    await traffic({ store: forbidden });
    await test(WELL);
    expect(await findings()).toMatchObject([{ call: 'store' }]);
    await health.noteWell(id, binding.id, anActionContext());
    expect(await findings()).toEqual([]);
  });

  it('writes nothing that is not news', async () => {
    await test(WELL);
    const before = await read();
    clock.advance(1);
    await traffic({ store: 'ok' }, 'another');
    await traffic({ unwrap: DISABLED });
    const met = await read();
    await traffic({ unwrap: DISABLED });
    expect(await read()).toBe(met);
    expect(met).not.toBe(before);
  });

  it('has keys compared every quarter of an hour, and the more rarely the more there are to list', async () => {
    const watch = async (keys: number, listed: number): Promise<number> => {
      await health.noteWatch(id, { binding, keys }, { version, by: anActionContext(), listed });
      return ((await read()).watchDueAt!.getTime() - clock.now().getTime()) / MINUTE_MS;
    };
    expect(await health.due(id)).toMatchObject([{ watch: true }]);
    const pauses = [await watch(1, 1), await watch(1, 15_000), await watch(1, 50_000), await watch(0, 0)];
    expect(pauses).toEqual([15, 15, 50, 24 * 60]);
    await test(WELL);
    expect(await health.due(id)).toEqual([]);
  });

  it('keeps how many stored keys were listed, until another API key is set', async () => {
    const by = { version, by: anActionContext() };
    await health.noteWatch(id, { binding, keys: 1 }, { ...by, listed: 40_000, maximumKeys: 50_000 });
    await health.noteWatch(id, { binding, keys: 1 }, { ...by, listed: 0, maximumKeys: 50_000 });
    await test(WELL);
    expect((await read()).health).toMatchObject({ storedKeys: 40_000, findings: [] });
  });

  describe('in the trail', () => {
    const recorded = (): readonly object[] =>
      region.recorded(id).map(({ action, details }) => ({ action, ...details }));

    it('says once at each step how full a key manager is, where a maximum is known', async () => {
      const by = { version, by: anActionContext() };
      const list = (listed: number, maximumKeys: number | undefined = 1_000) =>
        health.noteWatch(id, { binding, keys: 1 }, { ...by, listed, maximumKeys });
      await health.noteWatch(id, { binding, keys: 1 }, { ...by, listed: 5_000 });
      await list(100);
      for (const listed of [799, 800, 850, 799, 801, 960, 1_200]) await list(listed);
      const fills = region.recorded(id).filter(({ action }) => action === 'vmware-solutions.key-manager.fill');
      expect(fills.map(({ details }) => [details?.['percent'], details?.['storedKeys']])).toEqual([
        [80, 800],
        [80, 801],
        [95, 960],
        [100, 1_200],
      ]);
    });

    it('says what is met when that is other than before, and that all is well again', async () => {
      await test(WELL);
      await traffic({ unwrap: DISABLED });
      await traffic({ unwrap: DISABLED });
      await test({ describe: 'ok', unwrap: DISABLED, wrap: DISABLED });
      await test(WELL);
      await test(WELL);
      const action = 'vmware-solutions.root-key.health';
      const met = 'unwrap root_key_disabled KEY_ACTION_INVALID_STATE_ERR';
      expect(recorded()).toEqual([
        { action, rootKeyId: 'crk-1', state: 'attention', met },
        { action, rootKeyId: 'crk-1', state: 'attention', met: `${met}, ${met.replace('un', '')}` },
        { action, rootKeyId: 'crk-1', state: 'well' },
      ]);
    });

    it('warns of its end 90, 30, 7 and 1 days before, each once, and at once when it is nearer', async () => {
      const expiresAt = new Date(clock.now().getTime() + 100 * DAY_MS);
      for (let day = 0; day < 102; day += 1) {
        await test(WELL, 1, expiresAt);
        clock.advance(DAY_MS);
      }
      const action = 'vmware-solutions.root-key.expire';
      expect(recorded()).toEqual([90, 30, 7, 1].map((days) => ({ action, rootKeyId: 'crk-1', days })));
    });

    it('warns once, whatever is asked with which API key meanwhile, and also while nobody answers', async () => {
      const expiresAt = new Date(clock.now().getTime() + 100 * DAY_MS);
      const warned = () => recorded().flatMap((event) => ('days' in event ? [event.days] : []));
      for (let day = 0; day < 75; day += 1) {
        await (day % 2 === 0 ? test(WELL, 1, expiresAt) : test({ describe: SILENT }));
        if (day % 3 === 0) await health.noteWell(id, binding.id, anActionContext());
        if (day % 5 === 0) await anotherApiKey();
        await traffic({ unwrap: 'ok' });
        clock.advance(DAY_MS);
      }
      expect(warned()).toEqual([90, 30]);
      expect((await read()).health?.expiresAt).toEqual(expiresAt);
      const later = new Date(clock.now().getTime() + 100 * DAY_MS);
      await test(WELL, 1, later);
      clock.advance(20 * DAY_MS);
      await test(WELL, 1, later);
      expect(warned()).toEqual([90, 30, 90]);
    });

    it('does not warn of a former root key, under which nothing is made', async () => {
      await unitOfWork.forTenant(id, ({ bindings }) => bindings.update({ ...binding, status: 'retiring' }));
      await test(WELL, 1, new Date(clock.now().getTime() + DAY_MS));
      expect(recorded()).toEqual([]);
    });

    it('says once how full a key manager is, whatever is asked with which API key meanwhile', async () => {
      const list = () =>
        health.noteWatch(id, { binding, keys: 1 }, { version, by: anActionContext(), listed: 850, maximumKeys: 1_000 });
      await list();
      await health.noteWell(id, binding.id, anActionContext());
      await list();
      await anotherApiKey();
      await traffic({ unwrap: 'ok' });
      await list();
      const fills = region.recorded(id).filter(({ action }) => action === 'vmware-solutions.key-manager.fill');
      expect(fills).toHaveLength(1);
    });

    it.each<[string, () => Promise<void>]>([
      ['a check', () => health.noteWell(id, binding.id, anActionContext())],
      [
        'another API key, once it was seen to serve',
        async () => {
          await anotherApiKey();
          await traffic({ unwrap: SILENT });
          await traffic({ fetch: 'ok' });
          const by = { version, by: anActionContext() };
          await health.noteWatch(id, { binding, keys: 1 }, { ...by, listed: 1 });
          expect(recorded()).toHaveLength(1);
        },
      ],
    ])('says that all is well again by %s', async (_by, mend) => {
      await test({ describe: REFUSED });
      await mend();
      await test(WELL);
      expect(recorded().map((event) => 'state' in event && event.state)).toEqual(['attention', 'well']);
    });
  });
});
