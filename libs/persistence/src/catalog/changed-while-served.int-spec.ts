import { type InstanceId, type Secret, type UniqueIdentifier } from '@lib/kernel';
import { CustodySweep, type EngineScope } from '@lib/kmip-engine';
import { ObjectType, ResultStatus, RevocationReasonCode } from '@lib/kmip-protocol';
import {
  EngineHarness,
  failureCode,
  FakeKeyManager,
  insertCertificate,
  insertInstance,
  ManualClock,
  recordedEvents,
  startTestPostgres,
  type TestDatabase,
  vcenterKey,
} from '@lib/testing';
import { type Client } from 'pg';

import { PostgresObjectStores } from './postgres-object-stores';

jest.setTimeout(60_000);

const LIMITS = { maximumLiveKeys: 100, serveCompromisedKeys: false };

/** One tenant's catalog and key manager, and a process that serves it, with a pool and a memory of its own. */
interface Gateway {
  readonly harness: EngineHarness;
  readonly keyManager: FakeKeyManager;
  readonly scope: Partial<EngineScope>;
}

/** What another process or the operator does to a key, and what its client is told from then on. */
interface Act {
  readonly name: string;
  readonly outcome: string;
  readonly happen: () => Promise<unknown>;
}

describe('a key that changes between the look at its row and its release', () => {
  let database: TestDatabase;
  let admin: Client;
  let pools: readonly PostgresObjectStores[];
  let instanceId: InstanceId;
  let certificateId: string;
  let gateways: readonly Gateway[];
  let serving: Gateway;
  let other: Gateway;
  let id: UniqueIdentifier;
  let key: Buffer;

  beforeAll(async () => {
    database = await startTestPostgres();
    admin = await database.openAdmin();
    const sources = await Promise.all([1, 2, 3].map(() => database.openDataSource({ role: 'gateway' })));
    pools = sources.map((source) => new PostgresObjectStores(source));
  });
  afterAll(() => database.close());

  beforeEach(async () => {
    instanceId = await insertInstance(admin);
    certificateId = await insertCertificate(admin, instanceId);
    const clock = new ManualClock(new Date());
    const keyManager = new FakeKeyManager({ clock });
    const present = new FakeKeyManager({ clock });
    gateways = pools.map((stores) => {
      const own = keyManager.withRole('manager');
      const store = stores.forClient({ instanceId, certificateId });
      const harness = new EngineHarness({ instanceId, clock, keyManager: own });
      return { harness, keyManager: own, scope: { store, limits: LIMITS } };
    });
    [serving, other] = gateways as [Gateway, Gateway];
    const create = { objectType: ObjectType.SymmetricKey, templateAttribute: { attributes: vcenterKey } };
    id = (await other.harness.perform('Create', create, other)).uniqueIdentifier as UniqueIdentifier;
    // Another root key is bound since; the key still lies under the former.
    for (const { scope, keyManager: former } of gateways) {
      const keyManagerOf = (rootKeyId: string) => (rootKeyId === former.rootKey.id ? former : undefined);
      Object.assign(scope, { keyManager: present, rootKeyId: present.rootKey.id, keyManagerOf });
    }
    key = await bytesOf(other);
  });

  const get = async ({ harness, scope }: Gateway): Promise<Buffer | string> => {
    const item = await harness.attempt('Get', { uniqueIdentifier: id }, { scope });
    if (item.resultStatus !== ResultStatus.Success) return failureCode(item) ?? 'no code';
    const { symmetricKey } = item.response?.payload as { symmetricKey: { keyMaterial: Secret } };
    return Buffer.from(symmetricKey.keyMaterial.expose());
  };

  const bytesOf = async (gateway: Gateway): Promise<Buffer> => {
    const answer = await get(gateway);
    if (typeof answer === 'string') throw new Error(answer);
    return answer;
  };

  const told = async (gateway: Gateway): Promise<string> => {
    const answer = await get(gateway);
    return typeof answer === 'string' ? answer : answer.equals(key) ? 'served' : 'another key';
  };

  /** Gets that the trail says were served; of an instance that is gone there is none. */
  const recorded = async (): Promise<number> => {
    const events = await recordedEvents(admin, instanceId);
    return events.filter(({ event }) => event.outcome === 'success' && event.action.endsWith('.kmip-key.read')).length;
  };

  const sql = (text: string) => () =>
    admin.query(text.replace('$key', `'${id}'`).replace('$instance', `'${instanceId}'`));
  const ofKey = (change: string) => sql(`UPDATE managed_objects SET ${change} WHERE id = $key`);

  const compromise = () =>
    other.harness.perform(
      'Revoke',
      { uniqueIdentifier: id, revocationReason: { revocationReasonCode: RevocationReasonCode.KeyCompromise } },
      other,
    );
  const rotate = async () => {
    other.keyManager.rotate();
    const { harness } = other;
    const store = pools[1]!.forInstance(instanceId);
    await new CustodySweep(harness.background).refresh({ ...harness.reconcileScope(), store });
  };
  const leaveRootKey = async () => {
    const { keyManager, scope, harness } = other;
    const store = pools[1]!.forInstance(instanceId);
    const former = { keyManager, rootKeyId: keyManager.rootKey.id };
    const both = { ...harness.reconcileScope(), ...scope, store, former: [former] };
    await new CustodySweep(harness.background).leave(both, former);
  };
  /** The row is what it was before the key was moved. */
  const moveAndRestore = async () => {
    const columns = 'stored_key_id, root_key_version, stored_at';
    const { rows } = await admin.query<Record<string, unknown>>(
      `SELECT ${columns} FROM managed_objects WHERE id = $1`,
      [id],
    );
    await rotate();
    await get(serving);
    await admin.query(`UPDATE managed_objects SET (${columns}) = ($2, $3, $4) WHERE id = $1`, [
      id,
      ...Object.values(rows[0]!),
    ]);
  };

  const acts: readonly Act[] = [
    { name: 'suspended', outcome: 'key_suspended', happen: ofKey('suspended = true') },
    { name: 'compromised', outcome: 'key_compromised', happen: compromise },
    {
      name: 'destroyed',
      outcome: 'key_destroyed',
      happen: () => other.harness.perform('Destroy', { uniqueIdentifier: id }, other),
    },
    { name: 'being destroyed', outcome: 'key_being_destroyed', happen: ofKey('destroy_requested_at = now()') },
    {
      name: 'gone with a restore',
      outcome: 'unknown_object',
      happen: sql('DELETE FROM managed_objects WHERE id = $key'),
    },
    { name: 'put back to before its move', outcome: 'stored_key_deleted', happen: moveAndRestore },
    { name: 'another by its digest', outcome: 'stored_key_altered', happen: ofKey(`digest = sha256('another')`) },
    {
      name: 'of a removed certificate',
      outcome: 'certificate_removed',
      happen: sql('DELETE FROM client_certificates WHERE instance_id = $instance'),
    },
    {
      name: 'of a disabled instance',
      outcome: 'instance_disabled',
      happen: sql('UPDATE instances SET enabled = false WHERE id = $instance'),
    },
    {
      name: 'of an instance that is being removed',
      outcome: 'instance_removing',
      happen: sql(`UPDATE instances SET state = 'removing' WHERE id = $instance`),
    },
    { name: 'moved after a rotation', outcome: 'served', happen: rotate },
    { name: 'moved to another root key', outcome: 'served', happen: leaveRootKey },
    {
      name: 'activated',
      outcome: 'served',
      happen: () => other.harness.perform('Activate', { uniqueIdentifier: id }, other),
    },
  ];

  it.each(acts)('$name before it is asked for: $outcome, by what is remembered as by what is read', async (act) => {
    await get(serving);
    await act.happen();
    const before = await recorded();
    const outcomes = [await told(serving), await told(serving), await told(gateways[2]!)];
    expect(outcomes).toEqual([act.outcome, act.outcome, act.outcome]);
    expect((await recorded()) - before).toBe(act.outcome === 'served' ? 3 : 0);
  });

  it.each(acts.filter(({ happen }) => happen !== moveAndRestore))(
    '$name while it is fetched: $outcome',
    async (act) => {
      await get(serving);
      const release = serving.keyManager.hang('fetchKey');
      const calls = serving.keyManager.calls.length;
      const answers = [told(serving), told(serving)];
      while (serving.keyManager.calls.length < calls + 2) await new Promise(setImmediate);
      await act.happen();
      const before = await recorded();
      release();
      expect(await Promise.all(answers)).toEqual([act.outcome, act.outcome]);
      expect((await recorded()) - before).toBe(act.outcome === 'served' ? 2 : 0);
    },
  );

  it('is served to nobody who asks after its suspension was committed, and recorded as often as it was served', async () => {
    const outcomes: Promise<string>[] = [];
    const ask = (): Promise<string> => {
      const answer = told(gateways[outcomes.length % 3]!);
      outcomes.push(answer);
      return answer;
    };
    const before = await recorded();
    for (let round = 0; round < 20; round += 1) {
      for (let asked = 0; asked < 6; asked += 1) void ask();
      await ofKey('suspended = true')();
      expect(await Promise.all([ask(), ask(), ask()])).toEqual(Array(3).fill('key_suspended'));
      void ask();
      await ofKey('suspended = false')();
      expect(await Promise.all([ask(), ask(), ask()])).toEqual(Array(3).fill('served'));
    }
    const all = await Promise.all(outcomes);
    expect(new Set(all)).toEqual(new Set(['served', 'key_suspended']));
    expect((await recorded()) - before).toBe(all.filter((outcome) => outcome === 'served').length);
  });
});
