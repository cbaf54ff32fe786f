import { createHash } from 'node:crypto';

import { newUniqueIdentifier, Secret, type UniqueIdentifier } from '@lib/kernel';
import {
  CatalogRebuild,
  envelopeOf,
  parseEnvelope,
  type RebuildOptions,
  type ReconcileScope,
  serializeEnvelope,
  type StoredEnvelope,
  storedKeyName,
} from '@lib/kmip-engine';
import { aMove, attribute, EngineHarness, FakeKeyManager, FakeRootKey, nameValue } from '@lib/testing';

const HOUR = 3_600_000;

/** A tenant whose catalog was lost while the key manager kept everything. */
class Lost {
  readonly before = new EngineHarness();
  /** The same instance with an empty catalog. */
  readonly after: EngineHarness;
  readonly keyManager = this.before.keyManager;
  readonly keys = new Map<string, Buffer>();

  constructor() {
    const { clock, keyManager, instanceId } = this.before;
    this.after = new EngineHarness({ clock, keyManager, instanceId });
  }

  async create(count = 1): Promise<UniqueIdentifier> {
    for (let made = 0; made < count; made += 1) {
      const id = await this.before.createKey([attribute('x-Product', { type: 'TextString', value: 'VMware vSphere' })]);
      this.keys.set(id, await this.before.fetch(id));
    }
    return [...this.keys.keys()].at(-1) as UniqueIdentifier;
  }

  rebuild(options: RebuildOptions = {}, scope: Partial<ReconcileScope> = {}) {
    return new CatalogRebuild(this.after.background).run({ ...this.after.reconcileScope(), ...scope }, options);
  }

  /** What the tenant can do in their key manager: a copy of a stored key, changed. */
  async copy(id: UniqueIdentifier, change: (envelope: StoredEnvelope) => StoredEnvelope | Buffer, name = id) {
    const [stored] = await this.stored(id);
    const envelope = parseEnvelope(await this.keyManager.fetchKey(CALL, stored?.id ?? ''));
    const changed = change(envelope);
    this.before.clock.advance(1_000);
    const payload = Buffer.isBuffer(changed) ? changed : serializeEnvelope(changed);
    return this.keyManager.storeKey(CALL, storedKeyName(name), payload);
  }

  stored(id: UniqueIdentifier) {
    return this.keyManager.findKeysByName(CALL, storedKeyName(id));
  }

  async expectAllServed(): Promise<void> {
    for (const [id, key] of this.keys) expect(await this.after.fetch(id)).toStrictEqual(key);
  }
}

const CALL = { correlationId: 'test' as never };

describe('CatalogRebuild', () => {
  it('restores what is missing, with one record each, and nothing the second time', async () => {
    const lost = new Lost();
    await lost.create(5);
    expect(await lost.rebuild()).toEqual(counts({ storedKeys: 5, restored: 5 }));
    await lost.expectAllServed();
    const records = lost.after.store.audits.filter(({ action }) => action === 'vmware-solutions.kmip-key.reconcile');
    expect(records.map(({ target }) => target?.id).toSorted()).toEqual([...lost.keys.keys()].toSorted());
    expect(await lost.rebuild()).toEqual(counts({ storedKeys: 5, present: 5 }));
    expect(lost.after.store.objects()).toHaveLength(5);
  });

  it('knows of a key what its envelope tells, and claims no more', async () => {
    const lost = new Lost();
    const id = await lost.create();
    const original = await lost.before.store.find(id);
    lost.before.clock.advance(HOUR);
    await lost.rebuild();
    const restored = await lost.after.store.find(id);
    expect(restored).toEqual({
      ...original,
      fresh: false,
      lastFetchedAt: undefined,
      lastChangeDate: lost.after.clock.now(),
    });
    expect(restored?.state).toBe('PreActive');
    expect(restored?.activationDate).toBeUndefined();
  });

  it('restores a key without its Name where a client has given that to another one since', async () => {
    const lostCatalog = new Lost();
    const { before, after } = lostCatalog;
    const lost = await before.createKey([attribute('Name', nameValue('vm-1'))]);
    const kept = await before.createKey([attribute('Name', nameValue('vm-2'))]);
    const newer = await after.createKey([attribute('Name', nameValue('vm-1'))]);
    expect(await lostCatalog.rebuild()).toMatchObject({ restored: 2, refused: [] });
    const names = after.store
      .objects()
      .map(({ uniqueIdentifier, attributes }) => [uniqueIdentifier, attributes.length]);
    expect(Object.fromEntries(names)).toStrictEqual({ [newer]: 1, [lost]: 0, [kept]: 1 });
    expect(after.store.audits.map(({ details }) => details?.['step'])).toContain(
      'restored from the key manager without its Name, which another key has',
    );
    await expect(after.fetch(lost)).resolves.toHaveLength(32);
  });

  it('changes nothing in a dry run', async () => {
    const lost = new Lost();
    await lost.create(2);
    expect(await lost.rebuild({ dryRun: true })).toEqual(counts({ storedKeys: 2, restored: 2 }));
    expect(lost.after.store.objects()).toEqual([]);
    expect(lost.after.store.audits).toEqual([]);
  });

  it('leaves destroyed keys destroyed although a stored key is there', async () => {
    const lost = new Lost();
    const id = await lost.create();
    await lost.rebuild();
    const object = await lost.after.store.find(id);
    if (object !== undefined) lost.after.store.overwrite({ ...object, state: 'Destroyed' });
    expect(await lost.rebuild()).toEqual(counts({ storedKeys: 1, present: 1 }));
  });

  it('counts keys of other instances, and takes none of them', async () => {
    const lost = new Lost();
    await lost.create();
    await new EngineHarness({ keyManager: lost.keyManager, clock: lost.before.clock }).createKey();
    expect(await lost.rebuild()).toEqual(counts({ storedKeys: 2, restored: 1, foreign: 1 }));
  });

  it.each<[string, (envelope: StoredEnvelope) => StoredEnvelope | Buffer]>([
    ['no JSON', () => Buffer.from('{')],
    ['no envelope', () => Buffer.from('{"v":1}')],
    ['another version', (envelope) => ({ ...envelope, v: 99 })],
    ['the envelope of another key', (envelope) => ({ ...envelope, uniqueIdentifier: newUniqueIdentifier() })],
    ['another type of object', (envelope) => ({ ...envelope, objectType: 1 })],
    ['a length no key has', (envelope) => ({ ...envelope, length: 257 })],
    ['a mask beyond 32 bits', (envelope) => ({ ...envelope, usageMask: 2 ** 40 })],
    ['no date', (envelope) => ({ ...envelope, created: 'yesterday' })],
    ['no digest', (envelope) => ({ ...envelope, digest: 'abc' })],
  ])('reports %s as damaged and goes on', async (_what, damage) => {
    const lost = new Lost();
    const other = newUniqueIdentifier();
    const id = await lost.create(2);
    const { id: storedKeyId, name: storedKeyName } = await lost.copy(
      id,
      (envelope) => damage({ ...envelope, uniqueIdentifier: other }),
      other,
    );
    const report = await lost.rebuild();
    expect(report).toEqual(
      counts({ storedKeys: 3, restored: 2, refused: [{ storedKeyId, storedKeyName, reason: 'damaged' }] }),
    );
    await lost.expectAllServed();
  });

  it('reports names that hold no identifier, and root keys that are not bound', async () => {
    const lost = new Lost();
    const id = await lost.create();
    await lost.copy(id, (envelope) => envelope, 'by-hand' as UniqueIdentifier);
    const other = newUniqueIdentifier();
    await lost.copy(id, (envelope) => ({ ...envelope, uniqueIdentifier: other, rootKeyId: 'former' }), other);
    const { restored, refused } = await lost.rebuild();
    expect(restored).toBe(1);
    expect(refused.map(({ reason }) => reason)).toEqual(['name_unknown', 'root_key_not_bound']);
  });

  it('takes the one of several that is whole, and names the others', async () => {
    const lost = new Lost();
    const id = await lost.create();
    const [good] = await lost.stored(id);
    const other = new FakeRootKey();
    const forged = await lost.copy(id, (envelope) => ({ ...envelope, ciphertext: other.wrap(Buffer.alloc(32), []) }));
    const torn = await lost.copy(id, () => Buffer.from('{'));
    const { restored, refused } = await lost.rebuild();
    expect(restored).toBe(1);
    expect(refused).toMatchObject([
      { storedKeyId: torn.id, reason: 'damaged' },
      { storedKeyId: forged.id, reason: 'not_unwrapped' },
    ]);
    expect((await lost.after.store.find(id))?.custody?.storedKeyId).toBe(good?.id);
    await lost.expectAllServed();
  });

  it('refuses a key that does not unwrap', async () => {
    const lost = new Lost();
    const id = await lost.create();
    const other = newUniqueIdentifier();
    await lost.copy(id, (envelope) => ({ ...envelope, uniqueIdentifier: other }), other);
    const { restored, refused } = await lost.rebuild();
    expect(restored).toBe(1);
    expect(refused).toMatchObject([{ storedKeyName: storedKeyName(other), reason: 'not_unwrapped' }]);
  });

  it('counts and names keys whose stored key is gone, listed or not', async () => {
    const harness = new EngineHarness();
    const name = (value: string) => attribute('x-Name', { type: 'TextString', value });
    const [kept, gone] = [await harness.createKey([name('web-01')]), await harness.createKey([name('web-02')])];
    const storedKeyId = harness.store.objects().find(({ uniqueIdentifier }) => uniqueIdentifier === gone)
      ?.custody?.storedKeyId;
    harness.clock.advance(11 * 3_600_000);
    harness.keyManager.deleteStoredKey(storedKeyId ?? '');
    const report = await harness.rebuild({ dryRun: true });
    expect(report).toMatchObject({ storedKeys: 1, present: 1 });
    expect(report.lost).toEqual([
      {
        uniqueIdentifier: gone,
        name: gone,
        owner: 'web-02',
        storedKeyId,
        rootKeyId: harness.keyManager.rootKey.id,
        storedKey: 'deleted',
      },
    ]);
    // A policy may narrow the list: what is asked for by its id is there all the same.
    harness.keyManager.listKeys = async function* () {};
    expect((await harness.rebuild()).lost?.map(({ uniqueIdentifier }) => uniqueIdentifier)).toEqual([gone]);
    expect(await harness.fetch(kept)).toHaveLength(32);
  });

  it('tells how far it is', async () => {
    const harness = new EngineHarness();
    for (let made = 0; made < 3; made += 1) await harness.createKey();
    const told: string[] = [];
    await harness.rebuild({ progress: (done, total) => told.push(`${done}/${total}`) });
    expect(told).toEqual(['1/3', '2/3', '3/3']);
  });

  it('stops when the key manager fails, keeps what it did, and goes on the next time', async () => {
    const lost = new Lost();
    await lost.create(3);
    lost.keyManager.failNext('fetchKey', 'unavailable');
    expect(await lost.rebuild()).toMatchObject({ restored: 2, stoppedBy: 'unavailable' });
    expect(await lost.rebuild()).toEqual(counts({ storedKeys: 3, restored: 1, present: 2 }));
  });

  it('finds keys under root keys that were bound before', async () => {
    const lost = new Lost();
    await lost.create(2);
    const present = new FakeKeyManager({ clock: lost.before.clock });
    const source = { keyManager: lost.keyManager, rootKeyId: lost.keyManager.rootKey.id };
    const scope = {
      keyManager: present,
      rootKeyId: present.rootKey.id,
      former: [source],
      keyManagerOf: (id: string) => (id === source.rootKeyId ? source.keyManager : undefined),
    };
    expect(await lost.rebuild({}, scope)).toEqual(counts({ storedKeys: 2, restored: 2 }));
    expect(await lost.rebuild({}, { keyManager: present, rootKeyId: present.rootKey.id })).toEqual(counts({}));
  });

  it('leaves a Create alone that is under way', async () => {
    const lost = new Lost();
    const id = await lost.create();
    const intent = { uniqueIdentifier: id, storedKeyName: storedKeyName(id), createdBy: 'x' };
    await lost.after.store.openIntent({ ...intent, startedAt: lost.after.clock.now() }, 10);
    expect((await lost.rebuild()).refused).toMatchObject([{ reason: 'busy' }]);
    lost.after.clock.advance(HOUR);
    expect(await lost.rebuild()).toMatchObject({ restored: 1, refused: [] });
    await lost.expectAllServed();
  });

  describe('of a key that several stored keys claim to be', () => {
    const otherBytes = Buffer.alloc(32, 7);

    /** All that somebody can do who may store and wrap in the tenant's key manager: a whole envelope with other bytes. */
    async function replaced(change: (genuine: StoredEnvelope) => Partial<StoredEnvelope> = () => ({})) {
      const lost = new Lost();
      const id = await lost.create();
      const [genuine] = await lost.stored(id);
      const material = Secret.of(Buffer.from(otherBytes));
      const object = await lost.before.store.find(id);
      const forged = await lost.copy(id, (envelope) => {
        const digest = createHash('sha256').update(otherBytes).digest();
        const ciphertext = lost.keyManager.rootKey.wrap(otherBytes, [envelope.instanceId, id]);
        const facts = { ...object!, digest };
        return {
          ...envelopeOf(envelope.instanceId, facts, { ...envelope, ciphertext }, material),
          ...change(envelope),
        };
      });
      return { lost, id, genuine: genuine!, forged };
    }

    it('takes none without the word of the operator, newest or not', async () => {
      const { lost, id, genuine, forged } = await replaced();
      const report = await lost.rebuild();
      expect(report).toMatchObject({ restored: 0 });
      expect(report.refused.map(({ storedKeyId, reason }) => [storedKeyId, reason])).toEqual([
        [forged.id, 'conflict'],
        [genuine.id, 'conflict'],
      ]);
      expect((await lost.after.refusal('Get', { uniqueIdentifier: id })).code).toBe('unknown_object');
      expect(await lost.rebuild({ take: [genuine.id] })).toMatchObject({ restored: 1, refused: [] });
      await lost.expectAllServed();
    });

    it('takes none either when the other one bears no proof: that can be left out', async () => {
      const { lost, genuine } = await replaced(() => ({ mac: undefined as never }));
      expect((await lost.rebuild()).refused).toHaveLength(2);
      expect(await lost.rebuild({ take: [genuine.id] })).toMatchObject({ restored: 1 });
      await lost.expectAllServed();
    });

    it('takes none when the key manager unwraps only the other one at the moment', async () => {
      const { lost, genuine, forged } = await replaced();
      const unwrap = lost.keyManager.unwrap.bind(lost.keyManager);
      let calls = 0;
      lost.keyManager.unwrap = (...args) => {
        calls += 1;
        if (calls === 2) lost.keyManager.failNext('unwrap', 'ciphertext_rejected');
        return unwrap(...args);
      };
      expect((await lost.rebuild()).refused.map(({ storedKeyId, reason }) => [storedKeyId, reason])).toEqual([
        [genuine.id, 'not_unwrapped'],
        [forged.id, 'conflict'],
      ]);
    });

    it('takes the proven one where they agree in what never changes', async () => {
      const lost = new Lost();
      const id = await lost.create();
      const [genuine] = await lost.stored(id);
      await lost.copy(id, (envelope) => ({ ...envelope, createdBy: 'f'.repeat(64), mac: undefined as never }));
      expect(await lost.rebuild()).toEqual(counts({ storedKeys: 2, restored: 1 }));
      expect((await lost.after.store.find(id))?.custody?.storedKeyId).toBe(genuine?.id);
    });

    it.each<[string, Partial<StoredEnvelope> & { readonly usageMask?: number }]>([
      ['mask', { usageMask: 3 }],
      ['creation', { created: '2001-01-01T00:00:00.000Z' }],
      ['creator', { createdBy: 'f'.repeat(64) }],
      ['dates', { dates: {} }],
      ['attributes', { attributes: 'AAAA' }],
    ])('never takes one whose %s was changed', async (_, change) => {
      const lost = new Lost();
      const id = await lost.create();
      const [genuine] = await lost.stored(id);
      const forged = await lost.copy(id, (envelope) => ({ ...envelope, ...change }));
      lost.keyManager.deleteStoredKey(genuine!.id);
      expect(await lost.rebuild({ take: [forged.id] })).toMatchObject({
        restored: 0,
        refused: [{ storedKeyId: forged.id, reason: 'forged' }],
      });
    });

    it('counts keys whose stored key bears no proof', async () => {
      const lost = new Lost();
      const id = await lost.create();
      const [genuine] = await lost.stored(id);
      await lost.copy(id, (envelope) => ({ ...envelope, mac: undefined as never }));
      lost.keyManager.deleteStoredKey(genuine!.id);
      expect(await lost.rebuild()).toEqual(counts({ storedKeys: 1, restored: 1, unproven: 1 }));
      expect(await lost.after.store.find(id)).toMatchObject({ attributes: [] });
      await lost.expectAllServed();
    });
  });

  describe('of a catalog from before a key was moved', () => {
    async function moved() {
      const lost = new Lost();
      const id = await lost.create();
      await lost.rebuild();
      const [old] = await lost.stored(id);
      const present = await lost.copy(id, (envelope) => envelope);
      lost.keyManager.deleteStoredKey(old?.id ?? '');
      return { lost, id, present };
    }

    it('finds the key where it lies now', async () => {
      const { lost, id, present } = await moved();
      expect((await lost.after.refusal('Get', { uniqueIdentifier: id })).code).toBe('stored_key_deleted');
      expect(await lost.rebuild({ dryRun: true })).toEqual(counts({ storedKeys: 1, relocated: 1 }));
      expect(await lost.rebuild()).toEqual(counts({ storedKeys: 1, relocated: 1 }));
      expect((await lost.after.store.find(id))?.custody?.storedKeyId).toBe(present.id);
      await lost.expectAllServed();
      expect(await lost.rebuild()).toEqual(counts({ storedKeys: 1, present: 1 }));
    });

    it('does not believe a stored key that holds another one', async () => {
      const { lost, id, present } = await moved();
      const object = await lost.after.store.find(id);
      if (object !== undefined) lost.after.store.overwrite({ ...object, digest: Buffer.alloc(32) });
      expect((await lost.rebuild()).refused).toMatchObject([{ storedKeyId: present.id, reason: 'conflict' }]);
    });

    it('waits for a move that may be under way, and settles one that is not', async () => {
      const { lost, id, present } = await moved();
      const object = await lost.after.store.find(id);
      if (object === undefined) throw new Error('no object');
      const move = aMove(object, { startedAt: lost.after.clock.now(), toRootKeyId: lost.keyManager.rootKey.id });
      await lost.after.store.moves.open(move, 10);
      expect((await lost.rebuild()).refused).toMatchObject([{ storedKeyId: present.id, reason: 'busy' }]);
      lost.after.clock.advance(HOUR);
      expect(await lost.rebuild()).toMatchObject({ relocated: 1 });
      await lost.after.settle();
      expect(lost.after.store.moves.all()).toEqual([]);
      await lost.expectAllServed();
    });
  });
});

function counts(report: object): object {
  const none = { storedKeys: 0, restored: 0, relocated: 0, present: 0, foreign: 0, unproven: 0, refused: [], lost: [] };
  return { ...none, notes: { read: 0, applied: [], absent: [], destroyed: [], refused: [], gaps: [] }, ...report };
}
