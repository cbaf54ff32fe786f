import { type InstanceId } from '@lib/kernel';
import { CustodySweep, type SweepReport } from '@lib/kmip-engine';
import { ObjectType } from '@lib/kmip-protocol';
import { type MoveTurn } from '@lib/tenancy';
import {
  anActionContext,
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
const BY = anActionContext();

interface Progress {
  readonly state: string;
  readonly keys_moved: number;
  readonly hindrance?: { readonly code: string; readonly root_key_id?: string };
}
interface Former {
  readonly id: string;
  readonly state: string;
  readonly crn: string;
  readonly paused: boolean;
  readonly keys_left: number;
  readonly message: string;
  readonly progress?: Progress;
}
interface RootKey {
  readonly status: string;
  readonly rotation?: {
    readonly state: string;
    readonly keys_total: number;
    readonly keys_left: number;
    readonly message: string;
    readonly progress: Progress;
  };
}
interface Key {
  readonly custody: { readonly root_key_id: string; readonly root_key_version: string; readonly move_state: string };
}
interface Instance {
  readonly key_moves: readonly {
    readonly root_key_crn: string;
    readonly former: boolean;
    readonly state: string;
    readonly keys_left: number;
    readonly message: string;
  }[];
}
interface Told {
  readonly action: string;
  readonly details: readonly { readonly name: string; readonly value: string }[];
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
    await api.moves.note(mine, binding!.id, turnOf(report), BY);
    return report;
  }

  /** Every place that tells of a move, held against where the keys lie. */
  async function told() {
    const [
      instance,
      rootKey,
      {
        former_root_keys: [one],
      },
      { keys },
      { audit_events: rewraps },
    ] = await Promise.all([
      read<Instance>(''),
      read<RootKey>('/root_key'),
      read<{ former_root_keys: Former[] }>('/former_root_keys'),
      read<{ keys: Key[] }>('/keys'),
      read<{ audit_events: object[] }>('/audit_events?action=vmware-solutions.kmip-key.rewrap'),
    ]);
    const under = keys.filter(({ custody }) => custody.root_key_id === former.rootKey.id).length;
    const newest = keys.filter(({ custody }) => custody.root_key_version === former.rootKey.version).length;
    return { instance, rootKey, former: one, keys, under, older: KEYS - newest, rewraps: rewraps.length };
  }

  /** What the trail says of moves, the oldest first. */
  async function trail(): Promise<readonly Record<string, string>[]> {
    const { audit_events: events } = await read<{ audit_events: Told[] }>('/audit_events?limit=100');
    const moves = events.filter(({ action }) => /\.root-key-(move|rotation)\./.test(action)).reverse();
    return moves.map(({ action, details }) => ({
      what: action.split('.').pop()!,
      ...Object.fromEntries(details.map(({ name, value }) => [name, value])),
    }));
  }

  const pause = async (paused: boolean) => {
    const [{ id }] = (await read<{ former_root_keys: [Former] }>('/former_root_keys')).former_root_keys;
    const { status } = await api.send('PATCH', `/v1/instances/${mine}/former_root_keys/${id}`, { body: { paused } });
    expect(status).toBe(200);
  };
  const asWriter = () => {
    former.role = 'writer';
    return turn('leave');
  };

  it.each<[string, () => Promise<unknown>, string, string, object]>([
    ['not looked at yet', () => Promise.resolve(), 'moving', 'rewrapping', { paused: false }],
    ['in progress', () => turn('leave'), 'moving', 'rewrapping', { progress: { state: 'moving' } }],
    [
      'paused',
      async () => {
        await turn('leave');
        await pause(true);
      },
      'paused',
      'rewrapping_paused',
      { paused: true },
    ],
    [
      'hindered',
      asWriter,
      'hindered',
      'rewrapping_hindered',
      { paused: false, progress: { state: 'waiting', hindrance: { code: 'may_not_delete' } } },
    ],
    [
      'paused while something is in the way',
      async () => {
        await asWriter();
        await pause(true);
      },
      'paused',
      'rewrapping_paused',
      { paused: true },
    ],
    [
      'done, and not settled yet',
      async () => {
        while ((await turn('leave')).state === 'more');
      },
      'settling',
      'available',
      { paused: false, progress: { state: 'done' } },
    ],
  ])('tell the same of a move that is %s', async (_what, happen, state, status, shown) => {
    await bind(present);
    await happen();
    const { instance, rootKey, former: one, keys, under, rewraps } = await told();
    expect(one).toMatchObject({ ...shown, state, keys_left: under });
    expect(one?.message).toMatch(
      under > 0 ? `Do not delete this root key yet: ${under} key` : 'not delete this root key yet',
    );
    const { crn: root_key_crn, message } = one!;
    expect(instance.key_moves).toEqual([{ root_key_crn, former: true, state, keys_left: under, message }]);
    expect(rootKey.status).toBe(status);
    expect(keys.map(({ custody }) => custody.move_state).sort()).toEqual(
      keys.map(({ custody }) => (custody.root_key_id === former.rootKey.id ? state : 'none')).sort(),
    );
    expect(rewraps).toBe(KEYS - under);
    expect(one?.progress?.keys_moved ?? 0).toBe(rewraps);
    // What the operator counts is the same list.
    expect((await api.moves.of(mine)).map((move) => [move.state, move.keysLeft])).toEqual([[state, under]]);
  });

  it('tell when a move begins, is hindered, goes on, and that the root key can be deleted now', async () => {
    await bind(present);
    await asWriter();
    await asWriter();
    former.role = 'manager';
    clock.advance(3_600_001);
    while ((await turn('leave')).state === 'more');
    const { former: one } = await told();
    const LATER = new Date(Date.now() + 3_600_000);
    const quiet = { retiredBefore: LATER, creationsBefore: LATER };
    expect([await api.bindings.dropRetired(mine, quiet, BY), await api.bindings.dropRetired(mine, quiet, BY)]).toEqual([
      1, 0,
    ]);
    const rootKeyId = former.rootKey.id;
    expect(await trail()).toMatchObject(
      [
        {
          what: 'begin',
          rootKeyId,
          state: 'moving',
          keysLeft: '4',
          message: /^Do not delete this root key yet: 4 keys/,
        },
        { what: 'hinder', rootKeyId, state: 'hindered', keysLeft: '4', code: 'may_not_delete', message: /lost\. M\./ },
        { what: 'continue', rootKeyId, state: 'moving', keysLeft: '2' },
        { what: 'finish', rootKeyId, state: 'done', message: /^This root key can be deleted now/ },
      ].map(({ message, ...event }) => ({
        ...event,
        ...(message && { message: expect.stringMatching(message) as string }),
      })),
    );
    expect(one?.state).toBe('settling');
    const { instance, rootKey, former: none } = await told();
    expect([instance.key_moves, none]).toEqual([[], undefined]);
    expect(['unverified', 'available']).toContain(rootKey.status);
  });

  it('tell of a move that is rolled back that the other root key is left', async () => {
    await bind(present);
    await turn('leave');
    const { former: one } = await told();
    await api.send('POST', `/v1/instances/${mine}/former_root_keys/${one!.id}/roll_back`);
    expect((await trail()).map(({ what, rootKeyId }) => [what, rootKeyId])).toEqual([
      ['begin', former.rootKey.id],
      ['begin', present.rootKey.id],
    ]);
    const { instance } = await told();
    expect(instance.key_moves).toMatchObject([{ root_key_crn: expect.stringContaining(present.rootKey.id) as string }]);
  });

  it.each<[string, 'manager' | 'writer', number, string, string, RegExp]>([
    ['in progress', 'manager', KEYS / 2, 'moving', 'rewrapping', /^2 of 4 keys are rewrapped[^;]*\.$/],
    [
      'kept back from a Writer',
      'writer',
      KEYS,
      'staying',
      'available',
      /^0 of 4 keys are rewrapped.*; 4 keys stay under older/,
    ],
  ])('tell the same of a rotation that is %s', async (_what, role, left, state, status, message) => {
    former.rotate();
    former.role = role;
    await turn('refresh');
    const { instance, rootKey, former: none, keys, older, rewraps } = await told();
    expect(none).toBeUndefined();
    expect(instance.key_moves).toMatchObject([
      { former: false, state, keys_left: left, message: rootKey.rotation?.message },
    ]);
    expect(keys.filter(({ custody }) => custody.move_state === state)).toHaveLength(left);
    const toVersion = former.rootKey.version;
    expect(await trail()).toMatchObject([{ what: 'begin', toVersion, state: 'moving', keysLeft: `${KEYS}` }]);
    expect(older).toBe(left);
    expect(rootKey).toMatchObject({
      rotation: { state, keys_total: KEYS, keys_left: left, message: expect.stringMatching(message) as string },
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
    const toVersion = former.rootKey.version;
    const message = 'All keys are under the newest version of the root key.';
    expect(await trail()).toMatchObject([
      { what: 'begin', toVersion, keysLeft: `${KEYS}`, message: expect.stringMatching(/^4 of 4 keys/) as string },
      { what: 'finish', toVersion, keysLeft: '0', state: 'done', message },
    ]);
  });

  it('tell what is in the way of a rotation, and that it goes on', async () => {
    former.rotate();
    await turn('refresh');
    const bindingId = (await api.bindings.list(mine))[0]!.id;
    const toVersion = former.rootKey.version;
    const hindrance = { code: 'root_key_disabled', message: 'it is disabled', retryAt: new Date() };
    await api.moves.note(mine, bindingId, { toVersion, state: 'waiting', moved: 0, hindrance }, BY);
    await turn('refresh');
    expect(await trail()).toMatchObject([
      { what: 'begin' },
      { what: 'hinder', toVersion, state: 'hindered', code: 'root_key_disabled', keysLeft: `${KEYS / 2}` },
      { what: 'continue', toVersion, keysLeft: '0' },
    ]);
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
