import { Secret } from '@lib/kernel';
import { CustodySweep, type EngineScope, type ReconcileScope, type SweepOptions } from '@lib/kmip-engine';
import { anotherAdapter, EngineHarness, FakeKeyManager } from '@lib/testing';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** An instance that was bound to the root key of `former` and is bound to that of `present` now. */
class Rebound {
  readonly harness = new EngineHarness();
  readonly former = this.harness.keyManager;
  readonly present = new FakeKeyManager({ clock: this.harness.clock });
  readonly keys = new Map<string, Buffer>();
  readonly sweep: CustodySweep;

  constructor(options: SweepOptions = {}) {
    this.sweep = new CustodySweep(this.harness.background, { ...options });
  }

  async create(count: number): Promise<this> {
    for (let made = 0; made < count; made += 1) {
      const id = await this.harness.createKey();
      this.keys.set(id, await this.harness.fetch(id));
    }
    return this;
  }

  get bindings(): Required<Pick<EngineScope, 'keyManager' | 'rootKeyId' | 'keyManagerOf'>> {
    const { former, present } = this;
    return {
      keyManager: present,
      rootKeyId: present.rootKey.id,
      keyManagerOf: (id) => [present, former].find(({ rootKey }) => rootKey.id === id),
    };
  }

  scope(): ReconcileScope {
    return { ...this.harness.reconcileScope(), ...this.bindings, former: [this.source] };
  }

  get source() {
    return { keyManager: this.former, rootKeyId: this.former.rootKey.id };
  }

  turn() {
    return this.sweep.leave(this.scope(), this.source);
  }

  async get(id: string, gateway: EngineHarness = this.harness): Promise<Buffer> {
    const { symmetricKey } = await gateway.perform('Get', { uniqueIdentifier: id }, { scope: this.bindings });
    const material = symmetricKey?.keyMaterial;
    return material instanceof Secret ? Buffer.from(material.expose()) : Buffer.alloc(0);
  }

  /** Every key is served, and lies where the catalog says, alone. */
  async expectAllUnder(...keyManagers: readonly FakeKeyManager[]): Promise<void> {
    for (const [id, key] of this.keys) expect(await this.get(id)).toStrictEqual(key);
    const named = this.harness.store.objects().flatMap(({ custody }) => (custody ? [custody] : []));
    const lying = keyManagers.flatMap((keyManager) => keyManager.storedKeys().map(({ id }) => id));
    expect(lying.sort()).toStrictEqual(named.map(({ storedKeyId }) => storedKeyId).sort());
    const rootKeyIds = keyManagers.map(({ rootKey }) => rootKey.id);
    expect(named.every(({ rootKeyId }) => rootKeyIds.includes(rootKeyId))).toBe(true);
  }
}

const rewraps = ({ harness }: Rebound) =>
  harness.store.audits.filter(({ action }) => action === 'vmware-solutions.kmip-key.rewrap');

describe('leaving a root key for one in another key manager', () => {
  it('moves every key, in turns, serves them meanwhile, and leaves nothing behind', async () => {
    const tenant = await new Rebound({ keysPerTurn: 2 }).create(5);
    for (const moved of [2, 2]) {
      expect(await tenant.turn()).toMatchObject({ state: 'more', moved });
      await tenant.expectAllUnder(tenant.former, tenant.present);
    }
    expect(await tenant.turn()).toMatchObject({ state: 'done', moved: 1 });
    await tenant.expectAllUnder(tenant.present);
    expect(tenant.former.storedKeys()).toHaveLength(0);
    expect(tenant.harness.store.moves.all()).toHaveLength(0);
    expect(await tenant.turn()).toMatchObject({ state: 'done', moved: 0 });
  });

  it('keeps the binding of a ciphertext to its object, and rewrites what rebuilds the catalog', async () => {
    const tenant = await new Rebound().create(1);
    await tenant.turn();
    const { custody } = tenant.harness.store.objects()[0]!;
    const call = { correlationId: 'c' as never };
    const payload = await tenant.present.fetchKey(call, custody!.storedKeyId);
    const [id] = tenant.keys.keys();
    expect(JSON.parse(payload.toString())).toMatchObject({
      instanceId: tenant.harness.instanceId,
      uniqueIdentifier: id,
      rootKeyId: tenant.present.rootKey.id,
      rootKeyVersion: tenant.present.rootKey.version,
    });
    expect(tenant.present.callsOf('wrap').map(({ aad }) => aad)).toStrictEqual([[tenant.harness.instanceId, id]]);
  });

  it('commits a record of each move in the name of the process', async () => {
    const tenant = await new Rebound().create(2);
    await tenant.turn();
    expect(rewraps(tenant)).toHaveLength(2);
    expect(rewraps(tenant)[0]).toMatchObject({
      initiator: { kind: 'system', component: 'reconciler' },
      outcome: 'success',
      details: { fromRootKeyId: tenant.former.rootKey.id, toRootKeyId: tenant.present.rootKey.id },
    });
  });

  it('wipes every key it held in clear', async () => {
    const tenant = await new Rebound().create(2);
    const held: Secret[] = [];
    for (const keyManager of [tenant.former, tenant.present]) {
      const unwrap = keyManager.unwrap.bind(keyManager);
      keyManager.unwrap = async (...args) => {
        const result = await unwrap(...args);
        held.push(result.plaintext);
        return result;
      };
    }
    await tenant.turn();
    expect(held).toHaveLength(6);
    for (const secret of held) expect(() => secret.expose()).toThrow('wiped');
  });

  it('goes on in another process where one was cut off, once the note is settled', async () => {
    const tenant = await new Rebound({ atOnce: 1 }).create(3);
    tenant.harness.store.moves.failNext('commit', { afterEffect: true });
    await expect(tenant.turn()).rejects.toThrow('commit');
    const successor = new CustodySweep(tenant.harness.background);
    expect(await successor.leave(tenant.scope(), tenant.source)).toMatchObject({ state: 'done', moved: 2 });
    tenant.harness.clock.advance(10 * MINUTE + 1);
    expect(await tenant.harness.settle(tenant.scope())).toMatchObject({ settled: [expect.any(String)] });
    await tenant.expectAllUnder(tenant.present);
  });

  it('comes back in a minute for a key whose move was cut off before the swap', async () => {
    const tenant = await new Rebound({ atOnce: 1 }).create(2);
    tenant.harness.store.moves.failNext('commit');
    await expect(tenant.turn()).rejects.toThrow('commit');
    expect(await tenant.turn()).toMatchObject({ state: 'waiting', hindrance: 'unsettled_moves', moved: 1 });
    tenant.harness.clock.advance(MINUTE + 1);
    const reconciler = tenant.harness.reconciler({ staleAfterMs: MINUTE });
    await reconciler.run(tenant.scope());
    tenant.harness.clock.advance(MINUTE + 1);
    await reconciler.run(tenant.scope());
    expect(await tenant.turn()).toMatchObject({ state: 'done', moved: 1 });
    await tenant.expectAllUnder(tenant.present);
  });

  it('two at once move each key once', async () => {
    const tenant = await new Rebound().create(4);
    const other = new CustodySweep(tenant.harness.background);
    await Promise.all([tenant.turn(), other.leave(tenant.scope(), tenant.source)]);
    tenant.harness.clock.advance(HOUR);
    expect(await tenant.turn()).toMatchObject({ state: 'done' });
    await tenant.expectAllUnder(tenant.present);
    expect(rewraps(tenant)).toHaveLength(4);
  });

  it('has eight keys on their way at the same time, and gives way to clients with each call', async () => {
    const tenant = await new Rebound().create(12);
    const release = tenant.present.hang('storeKey');
    const turn = tenant.turn();
    await new Promise(setImmediate);
    expect(tenant.present.callsOf('storeKey')).toHaveLength(8);
    release();
    expect(await turn).toMatchObject({ state: 'done', moved: 12 });
    await tenant.expectAllUnder(tenant.present);
    const calls = (['wrap', 'storeKey', 'fetchKey', 'unwrap'] as const).flatMap((name) => tenant.present.callsOf(name));
    // What `expectAllUnder` fetches as a client does not.
    expect(calls.filter(({ givesWay }) => givesWay)).toHaveLength(4 * 12);
  });

  it('passes on what the catalog throws, and goes on from there', async () => {
    const tenant = await new Rebound().create(2);
    tenant.harness.store.moves.failNext('keysUnder');
    await expect(tenant.turn()).rejects.toThrow('keysUnder');
    expect(await tenant.turn()).toMatchObject({ state: 'done', moved: 2 });
  });

  it('stops with its process', async () => {
    const tenant = await new Rebound({ atOnce: 1 }).create(3);
    const stopping = new AbortController();
    const store = tenant.present.storeKey.bind(tenant.present);
    tenant.present.storeKey = (...args) => {
      stopping.abort();
      return store(...args);
    };
    const scope = { ...tenant.scope(), signal: stopping.signal };
    expect(await tenant.sweep.leave(scope, tenant.source)).toMatchObject({ moved: 0 });
    expect(tenant.present.callsOf('storeKey')).toHaveLength(1);
    expect(await tenant.sweep.leave({ ...scope, signal: AbortSignal.abort() }, tenant.source)).toMatchObject({
      moved: 0,
    });
  });

  it('ends a turn that is not wanted any more with the keys under way, and goes on when it is', async () => {
    const tenant = await new Rebound({ atOnce: 2 }).create(6);
    let asked = 0;
    const isWanted = () => Promise.resolve((asked += 1) <= 3);
    expect(await tenant.sweep.leave(tenant.scope(), tenant.source, { isWanted })).toEqual({ moved: 3, state: 'more' });
    expect(tenant.present.storedKeys()).toHaveLength(3);
    expect(await tenant.turn()).toEqual({ moved: 3, state: 'done' });
    await tenant.expectAllUnder(tenant.present);
  });

  const outages = ['unavailable', 'timeout', 'rate_limited', 'overloaded'] as const;
  it.each(outages)('waits a minute when a key manager answers %s, and serves what lies elsewhere', async (fault) => {
    const tenant = await new Rebound().create(2);
    tenant.former.failNext('fetchKey', fault, { times: Infinity });
    expect(await tenant.turn()).toMatchObject({ state: 'waiting', hindrance: fault, moved: 0 });
    const tries = tenant.former.callsOf('fetchKey').length;
    expect(await tenant.turn()).toMatchObject({ state: 'waiting', hindrance: fault });
    expect(tenant.former.callsOf('fetchKey')).toHaveLength(tries);
    tenant.former.recover();
    tenant.harness.clock.advance(MINUTE + 1);
    expect(await tenant.turn()).toMatchObject({ state: 'done', moved: 2 });
    await tenant.expectAllUnder(tenant.present);
  });

  it('says once what is in the way, and that again only when it changes', async () => {
    const tenant = await new Rebound().create(1);
    const said = () => tenant.harness.logs.filter(({ message }) => message.includes('keys cannot be moved'));
    tenant.former.failNext('fetchKey', 'unavailable', { times: 2 });
    for (let minute = 0; minute < 2; minute += 1) {
      await tenant.turn();
      tenant.harness.clock.advance(MINUTE + 1);
    }
    expect(said()).toMatchObject([{ fields: { hindrance: 'unavailable', instanceId: tenant.harness.instanceId } }]);
    await tenant.turn();
    expect(said()).toHaveLength(1);
  });

  it('moves nothing where the former stored key could not be deleted', async () => {
    const tenant = await new Rebound().create(2);
    tenant.former.role = 'writer';
    expect(await tenant.turn()).toMatchObject({ state: 'waiting', hindrance: 'may_not_delete' });
    expect(tenant.present.storedKeys()).toHaveLength(0);
    tenant.former.role = 'manager';
    tenant.harness.clock.advance(HOUR + 1);
    expect(await tenant.turn()).toMatchObject({ state: 'done', moved: 2 });
    await tenant.expectAllUnder(tenant.present);
  });

  it.each(['source', 'target'] as const)('waits no longer when the adapter of the %s is another one', async (which) => {
    const tenant = await new Rebound().create(2);
    tenant.former.role = 'writer';
    expect(await tenant.turn()).toMatchObject({ state: 'waiting', hindrance: 'may_not_delete' });
    tenant.former.role = 'manager';
    expect(await tenant.turn()).toMatchObject({ state: 'waiting' });
    if (which === 'source') {
      // Another credential, or the same root key bound anew: another adapter for the same keys.
      const former = { ...tenant.source, keyManager: anotherAdapter(tenant.former) };
      expect(await tenant.sweep.leave(tenant.scope(), former)).toMatchObject({ state: 'done', moved: 2 });
    } else {
      const scope = { ...tenant.scope(), keyManager: anotherAdapter(tenant.present) };
      // Of the former one it is known still that it may not delete.
      expect(await tenant.sweep.leave(scope, tenant.source)).toMatchObject({ hindrance: 'may_not_delete' });
      tenant.harness.clock.advance(HOUR + 1);
      expect(await tenant.sweep.leave(scope, tenant.source)).toMatchObject({ state: 'done', moved: 2 });
    }
    await tenant.expectAllUnder(tenant.present);
  });

  it('goes on when the key manager asked to be let alone until then, with fewer keys at a time', async () => {
    const tenant = await new Rebound({ keysPerTurn: 8 }).create(16);
    tenant.former.failNext('fetchKey', 'rate_limited', { retryAfterMs: 20_000 });
    const { moved } = await tenant.turn();
    tenant.harness.clock.advance(19_999);
    expect(await tenant.turn()).toMatchObject({ state: 'waiting', hindrance: 'rate_limited' });
    tenant.harness.clock.advance(1);
    const release = tenant.present.hang('storeKey');
    const stored = tenant.present.callsOf('storeKey').length;
    const turn = tenant.turn();
    await new Promise(setImmediate);
    expect(tenant.present.callsOf('storeKey').length - stored).toBe(4);
    release();
    expect(moved + (await turn).moved).toBeGreaterThan(8);
  });

  it('leaves alone what the tenant shredded, moves the rest, and tells what stays', async () => {
    const tenant = await new Rebound({ keysPerTurn: 2 }).create(4);
    const [shredded] = [...tenant.keys.keys()].sort();
    const { custody } = tenant.harness.store.objects().find(({ uniqueIdentifier }) => uniqueIdentifier === shredded)!;
    tenant.former.deleteStoredKey(custody!.storedKeyId);
    expect(await tenant.turn()).toMatchObject({ state: 'more', moved: 1 });
    expect(await tenant.turn()).toMatchObject({ state: 'more', moved: 2 });
    expect(await tenant.turn()).toMatchObject({
      state: 'waiting',
      hindrance: 'keys_stay',
      staying: { stored_key_missing: 1 },
    });
    expect(tenant.present.storedKeys()).toHaveLength(3);
    expect(tenant.harness.store.moves.all()).toHaveLength(0);
  });

  it('does not take over a key that is not the one the catalog knows', async () => {
    const tenant = await new Rebound().create(1);
    const [object] = tenant.harness.store.objects();
    tenant.harness.store.overwrite({ ...object!, digest: Buffer.alloc(32) });
    expect(await tenant.turn()).toMatchObject({ hindrance: 'keys_stay', staying: { stored_key_altered: 1 } });
    expect(tenant.present.storedKeys()).toHaveLength(0);
    expect(tenant.former.storedKeys()).toHaveLength(1);
  });

  it('a deleted root key holds its keys for good', async () => {
    const tenant = await new Rebound().create(2);
    tenant.former.deleteRootKey();
    expect(await tenant.turn()).toMatchObject({ state: 'waiting', hindrance: 'root_key_deleted', moved: 0 });
    expect(tenant.former.storedKeys()).toHaveLength(2);
  });

  it('a key that is destroyed while it moves leaves no stored key anywhere', async () => {
    const tenant = await new Rebound().create(1);
    const [id] = tenant.keys.keys();
    const release = tenant.present.hang('storeKey');
    const turn = tenant.turn();
    await new Promise(setImmediate);
    await tenant.harness.perform('Destroy', { uniqueIdentifier: id! }, { scope: tenant.bindings });
    release();
    expect(await turn).toMatchObject({ state: 'done', moved: 0 });
    expect([...tenant.former.storedKeys(), ...tenant.present.storedKeys()]).toHaveLength(0);
  });

  it('Destroy removes both stored keys of a key whose move was interrupted', async () => {
    const tenant = await new Rebound().create(1);
    const [id] = tenant.keys.keys();
    tenant.harness.store.moves.failNext('commit', { afterEffect: true });
    await expect(tenant.turn()).rejects.toThrow();
    expect([tenant.former.storedKeys().length, tenant.present.storedKeys().length]).toStrictEqual([1, 1]);
    await tenant.harness.perform('Destroy', { uniqueIdentifier: id! }, { scope: tenant.bindings });
    expect([...tenant.former.storedKeys(), ...tenant.present.storedKeys()]).toHaveLength(0);
  });

  it('begins no more moves while too many wait to be settled', async () => {
    const tenant = await new Rebound({ keysPerTurn: 50 }).create(51);
    tenant.former.failNext('deleteKey', 'unavailable', { after: 1, times: Infinity });
    expect(await tenant.turn()).toMatchObject({ state: 'more', moved: 50 });
    expect(await tenant.turn()).toMatchObject({ state: 'waiting', hindrance: 'unsettled_moves', moved: 0 });
    tenant.former.recover();
    tenant.harness.clock.advance(10 * MINUTE + 1);
    await tenant.harness.settle(tenant.scope());
    expect(await tenant.turn()).toMatchObject({ state: 'done', moved: 1 });
    await tenant.expectAllUnder(tenant.present);
  });
});

describe('after a rotation of the root key', () => {
  async function rotated(count: number, options?: SweepOptions): Promise<Rebound> {
    const tenant = await new Rebound(options).create(count);
    tenant.former.rotate();
    return tenant;
  }
  const refresh = (tenant: Rebound) => tenant.sweep.refresh(tenant.harness.reconcileScope());
  const versions = ({ harness }: Rebound) =>
    new Set(harness.store.objects().map(({ custody }) => custody?.rootKeyVersion));

  it('moves the keys nobody fetches to the newest version, and the key manager wraps it by itself', async () => {
    const tenant = await rotated(3, { keysPerTurn: 2 });
    const unwraps = () => tenant.former.callsOf('unwrap').length;
    const before = unwraps();
    expect(await refresh(tenant)).toMatchObject({ state: 'more', moved: 2 });
    expect(await refresh(tenant)).toMatchObject({ state: 'done', moved: 1 });
    expect(versions(tenant)).toStrictEqual(new Set([tenant.former.rootKey.version]));
    expect(tenant.former.storedKeys()).toHaveLength(3);
    // Each key once to authenticate its new stored key, and one look at each stored key, new and old.
    expect(unwraps() - before).toBe(9);
    for (const [id, key] of tenant.keys) expect(await tenant.harness.fetch(id)).toStrictEqual(key);
  });

  it('asks the key manager for the newest version every ten minutes, and at once when somebody has seen another', async () => {
    const tenant = await rotated(1);
    for (let turn = 0; turn < 3; turn += 1) await refresh(tenant);
    expect(tenant.former.callsOf('describeRootKey')).toHaveLength(1);
    for (const [lookAgain, pause] of [
      [false, 10 * MINUTE + 1],
      [true, 1],
    ] as const) {
      tenant.former.rotate();
      expect(await refresh(tenant)).toMatchObject({ state: 'waiting', moved: 0 });
      tenant.harness.clock.advance(pause);
      const report = await tenant.sweep.refresh(tenant.harness.reconcileScope(), { lookAgain });
      expect(report).toMatchObject({ state: 'done', moved: 1 });
    }
    expect(tenant.former.callsOf('describeRootKey')).toHaveLength(3);
  });

  it('asks for the right to delete every hour, whoever has seen another version meanwhile', async () => {
    const tenant = await rotated(1);
    tenant.former.role = 'writer';
    for (let minute = 0; minute < 60; minute += 10) {
      const report = await tenant.sweep.refresh(tenant.harness.reconcileScope(), { lookAgain: true });
      expect(report).toMatchObject({
        state: 'waiting',
        hindrance: 'may_not_delete',
        toVersion: tenant.former.rootKey.version,
      });
      tenant.harness.clock.advance(10 * MINUTE);
    }
    expect(tenant.former.callsOf('deleteKey')).toHaveLength(1);
    tenant.harness.clock.advance(1);
    tenant.former.role = 'manager';
    expect(await refresh(tenant)).toMatchObject({ state: 'done', moved: 1 });
  });

  it('does not ask a key manager that is away because somebody has seen another version', async () => {
    const tenant = await rotated(1);
    tenant.former.failNext('describeRootKey', 'unavailable', { times: Infinity });
    const look = () => tenant.sweep.refresh(tenant.harness.reconcileScope(), { lookAgain: true });
    for (let time = 0; time < 3; time += 1) {
      expect(await look()).toMatchObject({ state: 'waiting', hindrance: 'unavailable' });
    }
    expect(tenant.former.callsOf('describeRootKey')).toHaveLength(1);
  });

  it('a fail-over hides the young stored key of an old object, and nobody calls it deleted', async () => {
    const tenant = await rotated(1);
    const { harness } = tenant;
    const [[id, key]] = [...tenant.keys] as [[string, Buffer]];
    harness.clock.advance(11 * HOUR);
    await refresh(tenant);
    expect(harness.store.objects()[0]?.custody?.storedAt).toStrictEqual(harness.clock.now());
    harness.keyManager.failOver(new Date(harness.clock.now().getTime() - MINUTE));
    expect(await harness.anotherGateway().refusal('Get', { uniqueIdentifier: id })).toMatchObject({
      code: 'stored_key_absent',
    });
    harness.keyManager.failBack();
    expect(await harness.anotherGateway().fetch(id)).toStrictEqual(key);
  });

  it('leaves a key where it is whose new stored key cannot be read back, and keeps what nobody can judge', async () => {
    const tenant = await rotated(1);
    const { harness } = tenant;
    const [id] = tenant.keys.keys();
    const before = harness.store.objects()[0]!.custody!;
    const original = harness.keyManager.storeKey.bind(harness.keyManager);
    harness.keyManager.storeKey = (call, name) => original(call, name, Buffer.from('damaged'));
    await refresh(tenant).catch(() => undefined);
    expect(harness.store.objects()[0]!.custody).toStrictEqual(before);
    harness.clock.advance(600_001);
    expect(await harness.reconcile()).toMatchObject({ kept: [id], settled: [] });
    expect(harness.keyManager.storedKeys()).toHaveLength(2);
    expect(harness.kept).toStrictEqual(['damaged']);
  });

  it('serves keys under a former root key through the scope, and says so when it cannot', async () => {
    const tenant = await rotated(1);
    const { harness } = tenant;
    const [id] = [...tenant.keys.keys()] as [string];
    const bound = { scope: { rootKeyId: 'another root key', keyManagerOf: () => harness.keyManager } };
    await expect(harness.perform('Get', { uniqueIdentifier: id }, bound)).resolves.toMatchObject({
      uniqueIdentifier: id,
    });
    const without = { scope: { rootKeyId: 'another root key' } };
    expect(await harness.refusal('Get', { uniqueIdentifier: id }, without)).toMatchObject({
      code: 'root_key_not_bound',
    });
  });

  it('does not move a key again and again when the key manager names another version than it wraps with', async () => {
    const tenant = await rotated(1);
    const describe = tenant.former.describeRootKey.bind(tenant.former);
    tenant.former.describeRootKey = async (call) => ({ ...(await describe(call)), version: 'ahead of its time' });
    await refresh(tenant);
    const stored = tenant.former.callsOf('storeKey').length;
    tenant.harness.clock.advance(6 * HOUR + 1);
    await refresh(tenant);
    expect(tenant.former.callsOf('storeKey')).toHaveLength(stored);
  });

  it('has nothing to do when the key manager names no version', async () => {
    const tenant = await rotated(1);
    const describeRootKey = tenant.former.describeRootKey.bind(tenant.former);
    tenant.former.describeRootKey = async (call) => {
      const { id, name, state, isRootKey } = await describeRootKey(call);
      return { id, name, state, isRootKey };
    };
    expect(await refresh(tenant)).toMatchObject({ state: 'done', moved: 0 });
    tenant.former.describeRootKey = () => Promise.reject(new Error('a bug'));
    tenant.harness.clock.advance(6 * HOUR + 1);
    await expect(refresh(tenant)).rejects.toThrow('a bug');
  });

  it('waits when the key manager cannot be asked, and without one', async () => {
    const tenant = await rotated(1);
    tenant.former.failNext('describeRootKey', 'unavailable');
    expect(await refresh(tenant)).toMatchObject({ state: 'waiting', hindrance: 'unavailable' });
    tenant.harness.clock.advance(MINUTE + 1);
    expect(await refresh(tenant)).toMatchObject({ state: 'done', moved: 1 });
    const { instanceId, store } = tenant.harness;
    expect(await tenant.sweep.refresh({ instanceId, store })).toMatchObject({ state: 'done', moved: 0 });
    expect(await tenant.sweep.leave({ instanceId, store }, tenant.source)).toMatchObject({ state: 'done', moved: 0 });
  });
});
