import { type InstanceId } from '@lib/kernel';
import { CustodySweep, type SweepReport } from '@lib/kmip-engine';
import { ObjectType } from '@lib/kmip-protocol';
import { type MoveTurn } from '@lib/tenancy';
import {
  EngineHarness,
  FakeIam,
  FakeKeyManager,
  ManualClock,
  startTestPostgres,
  type TestDatabase,
  vcenterKey,
} from '@lib/testing';

import { NOTHING_IN_THE_WAY, rootKeyCrn, TenantApiApp } from '../../../test/tenant-api-app';

jest.setTimeout(60_000);

const KEYS = 4;

interface Progress {
  readonly state: string;
  readonly keys_moved: number;
  readonly hindrance?: { readonly code: string; readonly root_key_id?: string };
}
interface Former {
  readonly id: string;
  readonly crn: string;
  readonly paused: boolean;
  readonly keys_left: number;
  readonly message: string;
  readonly progress?: Progress;
}
interface RootKey {
  readonly status: string;
  readonly rotation?: {
    readonly keys_total: number;
    readonly keys_left: number;
    readonly message: string;
    readonly progress: Progress;
  };
}
interface Key {
  readonly custody: { readonly root_key_id: string; readonly root_key_version: string };
}

/** An instance on a real catalog whose keys lie under one root key, and how the gateway moves them. */
describe('root key, former root key, keys and trail', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;
  let mine: InstanceId;
  let clock: ManualClock;
  let former: FakeKeyManager;
  let present: FakeKeyManager;
  let harness: EngineHarness;
  let sweep: CustodySweep;

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    api = await TenantApiApp.start(await database.openDataSource(), iam, new FakeKeyManager(), NOTHING_IN_THE_WAY);
  });
  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop()]);
  });

  beforeEach(async () => {
    clock = new ManualClock(new Date());
    [former, present] = [new FakeKeyManager({ clock }), new FakeKeyManager({ clock })];
    mine = await api.newInstance();
    harness = new EngineHarness({ instanceId: mine, clock, keyManager: former });
    sweep = new CustodySweep(harness.background, { keysPerTurn: KEYS / 2 });
    await api.send('PUT', `/v1/instances/${mine}/credential`, { body: { api_key: 'a'.repeat(44) } });
    await bind(former);
    const create = { objectType: ObjectType.SymmetricKey, templateAttribute: { attributes: vcenterKey } };
    const scope = { store: api.stores.forInstance(mine) };
    for (let made = 0; made < KEYS; made += 1) await harness.perform('Create', create, { scope });
  });

  const bind = async ({ rootKey }: FakeKeyManager): Promise<void> => {
    const { status } = await api.send('PUT', `/v1/instances/${mine}/root_key`, {
      body: { crn: rootKeyCrn(rootKey.id) },
    });
    expect(status).toBeLessThan(300);
  };
  const read = async <T>(path: string): Promise<T> => (await api.send<T>('GET', `/v1/instances/${mine}${path}`)).body;

  /** What the gateway does: a turn, and its report at the binding it concerns. */
  async function turn(of: 'leave' | 'refresh'): Promise<SweepReport> {
    const store = api.stores.forInstance(mine);
    const source = { keyManager: former, rootKeyId: former.rootKey.id };
    const bound = of === 'leave' ? present : former;
    const scope = { ...harness.reconcileScope(), store, keyManager: bound, rootKeyId: bound.rootKey.id };
    const report =
      of === 'leave' ? await sweep.leave({ ...scope, former: [source] }, source) : await sweep.refresh(scope);
    const binding = (await api.bindings.list(mine)).find(({ rootKeyId }) => rootKeyId === former.rootKey.id);
    await api.moves.note(mine, binding!.id, turnOf(report));
    return report;
  }

  /** Every place that tells of a move, held against where the keys lie. */
  async function told() {
    const [
      rootKey,
      {
        former_root_keys: [one],
      },
      { keys },
      { audit_events: rewraps },
    ] = await Promise.all([
      read<RootKey>('/root_key'),
      read<{ former_root_keys: Former[] }>('/former_root_keys'),
      read<{ keys: Key[] }>('/keys'),
      read<{ audit_events: object[] }>('/audit_events?action=vmware-solutions.kmip-key.rewrap'),
    ]);
    const under = keys.filter(({ custody }) => custody.root_key_id === former.rootKey.id).length;
    const newest = keys.filter(({ custody }) => custody.root_key_version === former.rootKey.version).length;
    return { rootKey, former: one, under, older: KEYS - newest, rewraps: rewraps.length };
  }

  it.each<[string, () => Promise<unknown>, object]>([
    ['in progress', () => turn('leave'), { paused: false, progress: { state: 'moving' } }],
    [
      'paused',
      async () => {
        await turn('leave');
        const [{ id }] = (await read<{ former_root_keys: [Former] }>('/former_root_keys')).former_root_keys;
        await api.send('PATCH', `/v1/instances/${mine}/former_root_keys/${id}`, { body: { paused: true } });
      },
      { paused: true },
    ],
    [
      'hindered',
      () => {
        former.role = 'writer';
        return turn('leave');
      },
      { paused: false, progress: { state: 'waiting', hindrance: { code: 'may_not_delete' } } },
    ],
    [
      'done, and not settled yet',
      async () => {
        while ((await turn('leave')).state === 'more');
      },
      { paused: false, progress: { state: 'done' } },
    ],
  ])('tell the same of a move that is %s', async (_what, happen, shown) => {
    await bind(present);
    await happen();
    const { rootKey, former: one, under, rewraps } = await told();
    expect(one).toMatchObject({ ...shown, keys_left: under });
    expect(one?.message).toMatch(
      under > 0 ? `Do not delete this root key yet: ${under} key` : 'not delete this root key yet',
    );
    // While there is a former root key, keys may be on their way, or kept from it: where, it says itself.
    expect(rootKey.status).toBe('rewrapping');
    expect(rewraps).toBe(KEYS - under);
    expect(one?.progress?.keys_moved).toBe(rewraps);
  });

  it.each<[string, 'manager' | 'writer', number, string, RegExp]>([
    ['in progress', 'manager', KEYS / 2, 'rewrapping', /^2 of 4 keys are rewrapped[^;]*\.$/],
    ['kept back from a Writer', 'writer', KEYS, 'available', /^0 of 4 keys are rewrapped.*; the others stay/],
  ])('tell the same of a rotation that is %s', async (_what, role, left, status, message) => {
    former.rotate();
    former.role = role;
    await turn('refresh');
    const { rootKey, former: none, older, rewraps } = await told();
    expect(none).toBeUndefined();
    expect(older).toBe(left);
    expect(rootKey).toMatchObject({
      rotation: { keys_total: KEYS, keys_left: left, message: expect.stringMatching(message) as string },
    });
    expect(rootKey.rotation?.progress.keys_moved).toBe(rewraps);
    expect(rewraps).toBe(KEYS - left);
    expect(['unverified', status]).toContain(rootKey.status);
  });

  it('tell nothing of a rotation any more when all keys have followed', async () => {
    former.rotate();
    while ((await turn('refresh')).state === 'more');
    const { rootKey, older, rewraps } = await told();
    expect([rootKey.rotation, older, rewraps]).toEqual([undefined, 0, KEYS]);
  });
});

function turnOf({ moved, state, toVersion, hindrance, rootKeyId }: SweepReport): MoveTurn {
  const states = { more: 'moving', waiting: 'waiting', done: 'done' } as const;
  const where = rootKeyId === undefined ? {} : { rootKeyId };
  return {
    moved,
    state: states[state],
    ...(toVersion === undefined ? {} : { toVersion }),
    ...(hindrance === undefined ? {} : { hindrance: { code: hindrance, message: 'm', retryAt: new Date(), ...where } }),
  };
}
