import { randomBytes, randomUUID } from 'node:crypto';

import { type AuditEvent } from '@lib/audit';
import { type InstanceId } from '@lib/kernel';
import { type ManagedObjectStore } from '@lib/kmip-engine';
import { type Instance, omit, type RegionDirectory, type TenantScope, type UnitOfWork } from '@lib/tenancy';

import { aManagedObject, aMove, anAuditEvent, anIntent, putObject } from '../engine/managed-object.fixture';
import { describeRegistrations } from './registrations.contract';
import {
  aClientCertificate,
  aFormerCredential,
  anInstance,
  aRootKeyBinding,
  aSealedCredential,
  putInstance,
} from './tenancy.fixture';

/** The settings of a region's tenants under test. */
export interface TenancyHarness {
  readonly unitOfWork: UnitOfWork;
  readonly directory: RegionDirectory;
  /** Where gateways put the keys of an instance. */
  storeOf(instanceId: InstanceId): ManagedObjectStore;
  /** Committed audit events of the unit of work, oldest first. */
  recorded(instanceId: InstanceId): Promise<readonly AuditEvent[]>;
  /** How often other processes were told to forget the instance. */
  notices(instanceId: InstanceId): Promise<number>;
}

/** What every unit of work over a tenant's settings must do: run in memory and by Postgres. */
export function describeTenancyContract(name: string, make: () => Promise<TenancyHarness> | TenancyHarness): void {
  describe(`${name} keeps the settings of tenants`, () => {
    let harness: TenancyHarness;
    beforeEach(async () => {
      harness = await make();
    });

    describeTransactions(() => harness);
    describeInstances(() => harness);
    describeRootKeys(() => harness);
    describeFormerCredentials(() => harness);
    describeLists(() => harness);
    describeKeyCensus(() => harness);
    describeRegistrations(() => harness);
  });
}

type Harness = () => TenancyHarness;

/** One instance, and what is done in its scope. */
function tenantOf(harness: Harness) {
  let instance: Instance;
  beforeEach(async () => {
    instance = await putInstance(harness().unitOfWork);
  });
  return {
    get instance() {
      return instance;
    },
    run: <T>(body: (scope: TenantScope) => Promise<T>): Promise<T> => harness().unitOfWork.forTenant(instance.id, body),
  };
}

function describeTransactions(harness: Harness): void {
  const tenant = tenantOf(harness);

  it('commits changes, audit records and one notice together', async () => {
    const { id } = tenant.instance;
    const events = [anAuditEvent(id), anAuditEvent(id, { action: 'vmware-solutions.instance.update' })];
    const answer = await tenant.run(async (scope) => {
      await scope.bindings.insert(aRootKeyBinding(id));
      for (const event of events) scope.record(event);
      scope.invalidate();
      scope.invalidate();
      return 'done';
    });
    expect(answer).toBe('done');
    expect(await tenant.run(({ bindings }) => bindings.list())).toHaveLength(1);
    expect(await harness().recorded(id)).toEqual(events);
    expect(await harness().notices(id)).toBe(1);
  });

  it('names by asking what has changed since, each time with another version', async () => {
    const { id } = tenant.instance;
    const { directory } = harness();
    const change = () =>
      tenant.run((scope) => {
        scope.invalidate();
        return Promise.resolve();
      });
    const begin = await directory.changes();
    expect(begin).toMatchObject({ instances: new Map(), continuous: true });
    await change();
    const first = await directory.changes(begin.next);
    await change();
    const second = await directory.changes(first.next);
    const versions = [first, second].map(({ instances }) => instances.get(id));
    expect(versions).not.toContain(undefined);
    expect(new Set(versions).size).toBe(2);
    expect([...first.instances.keys()]).toEqual([id]);
    expect([first.continuous, second.continuous]).toEqual([true, true]);
  });

  it('keeps nothing of a body that throws', async () => {
    const { id } = tenant.instance;
    const failed = tenant.run(async (scope) => {
      await scope.bindings.insert(aRootKeyBinding(id));
      await scope.certificates.insert(aClientCertificate(id));
      scope.record(anAuditEvent(id));
      scope.invalidate();
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await tenant.run(({ bindings }) => bindings.list())).toEqual([]);
    expect(await tenant.run(({ certificates }) => certificates.count())).toBe(0);
    expect(await harness().recorded(id)).toEqual([]);
    expect(await harness().notices(id)).toBe(0);
  });

  it('lets changes of those who lock the instance happen one after the other', async () => {
    const raise = () =>
      tenant.run(async ({ instance }) => {
        const current = (await instance.lock())!;
        await instance.update({ ...current, revision: current.revision + 1 });
      });
    await Promise.all([raise(), raise(), raise(), raise()]);
    expect(await tenant.run(({ instance }) => instance.get())).toMatchObject({ revision: 5 });
  });

  it('keeps tenants apart', async () => {
    const { id } = tenant.instance;
    const certificate = aClientCertificate(id);
    const former = aRootKeyBinding(id, { status: 'retiring' });
    await tenant.run(async (scope) => {
      await scope.certificates.insert(certificate);
      await scope.bindings.insert(aRootKeyBinding(id));
      await scope.bindings.insert(former);
      await scope.credentials.put(aSealedCredential(id));
      await scope.credentials.putFormer(aFormerCredential(id, former.id));
    });
    const other = await putInstance(harness().unitOfWork);
    await harness().unitOfWork.forTenant(other.id, async (scope) => {
      expect(await scope.instance.get()).toEqual(other);
      expect(await scope.certificates.list()).toEqual([]);
      expect(await scope.certificates.get(certificate.id)).toBeUndefined();
      expect(await scope.certificates.getByFingerprint(certificate.fingerprint)).toBeUndefined();
      expect(await scope.standings.get(certificate.fingerprint)).toBeUndefined();
      expect(await scope.bindings.list()).toEqual([]);
      expect(await scope.credentials.get()).toBeUndefined();
      expect(await scope.credentials.former()).toEqual([]);
      await scope.credentials.removeFormer(former.id);
      await scope.bindings.remove(former.id);
      await scope.certificates.remove(certificate.id);
      await scope.bindings.removeAll();
      await scope.credentials.remove();
    });
    await tenant.run(async (scope) => {
      expect(await scope.certificates.count()).toBe(1);
      expect(await scope.bindings.list()).toHaveLength(2);
      expect(await scope.credentials.get()).toBeDefined();
      expect(await scope.credentials.former()).toHaveLength(1);
    });
    const stolen = aFormerCredential(other.id, former.id);
    const put = harness().unitOfWork.forTenant(other.id, ({ credentials }) => credentials.putFormer(stolen));
    await expect(put).rejects.toThrow();
  });
}

function describeInstances(harness: Harness): void {
  describe('instances', () => {
    const tenant = tenantOf(harness);

    it('are what was put in, every field, and without what was taken away', async () => {
      const whole: Required<Instance> = {
        ...tenant.instance,
        name: 'renamed',
        state: 'installed',
        enabled: false,
        disabledReason: 'IBMCLOUD_ACCT_SUSPEND',
        maximumKeys: 5,
        credentialPolicy: 'enforce',
        keyGeneration: 'key_manager',
        purgeDestroyedKeys: true,
        secondPersonToDestroy: true,
        secondPersonUntil: new Date('2026-11-26T01:02:03.456Z'),
        updatedAt: new Date('2026-11-25T01:02:03.456Z'),
        revision: 2,
      };
      await tenant.run(({ instance }) => instance.update(whole));
      expect(await tenant.run(({ instance }) => instance.get())).toStrictEqual(whole);
      await tenant.run(({ instance }) => instance.update(omit(whole, 'disabledReason', 'secondPersonUntil')));
      expect(await tenant.run(({ instance }) => instance.lock())).toStrictEqual(
        omit(whole, 'disabledReason', 'secondPersonUntil'),
      );
    });

    it('are there once, by id and by CRN', async () => {
      const exists = { code: 'instance_exists' };
      await expect(tenant.run(({ instance }) => instance.insert(tenant.instance))).rejects.toMatchObject(exists);
      const sameCrn = anInstance({ crn: tenant.instance.crn });
      const second = harness().unitOfWork.forTenant(sameCrn.id, ({ instance }) => instance.insert(sameCrn));
      await expect(second).rejects.toMatchObject(exists);
    });

    it('are not brought back by a change that comes too late', async () => {
      await tenant.run(({ instance }) => instance.remove());
      await tenant.run(({ instance }) => instance.update(tenant.instance));
      expect(await tenant.run(({ instance }) => instance.lock())).toBeUndefined();
    });

    it('are counted by account, whoever asks', async () => {
      const { accountId } = tenant.instance;
      await putInstance(harness().unitOfWork, { accountId });
      const other = await putInstance(harness().unitOfWork);
      const count = () => harness().unitOfWork.forTenant(other.id, (scope) => scope.instance.countInAccount(accountId));
      expect(await count()).toBe(2);
      await tenant.run(({ instance }) => instance.remove());
      expect(await count()).toBe(1);
    });

    it.each<[string, (scope: TenantScope) => Promise<void>]>([
      ['certificates', (scope) => scope.certificates.insert(aClientCertificate(scope.instanceId))],
      ['root keys', (scope) => scope.bindings.insert(aRootKeyBinding(scope.instanceId))],
      ['an API key', (scope) => scope.credentials.put(aSealedCredential(scope.instanceId))],
    ])('are not removed while they have %s', async (_what, add) => {
      await tenant.run(add);
      await expect(tenant.run(({ instance }) => instance.remove())).rejects.toThrow();
      expect(await tenant.run(({ instance }) => instance.get())).toEqual(tenant.instance);
    });

    it('are not removed while they have keys', async () => {
      const { id } = tenant.instance;
      await putObject(harness().storeOf(id), id, aManagedObject());
      await expect(tenant.run(({ instance }) => instance.remove())).rejects.toThrow();
    });

    it('go with claims and KMIP passwords, and leave their audit records', async () => {
      const { id } = tenant.instance;
      const createdAt = new Date();
      const event = anAuditEvent(id);
      await tenant.run(async (scope) => {
        await scope.claims.insert({ id: randomUUID(), kind: 'subject', value: 'CN=vc', createdAt });
        const secret = { passwordHmac: randomBytes(32), serviceKeyVersion: 1 };
        await scope.kmipCredentials.insert({ instanceId: id, id: randomUUID(), createdAt, ...secret });
        scope.record(event);
      });
      await tenant.run(({ instance }) => instance.remove());
      await putInstance(harness().unitOfWork, { id });
      expect(await tenant.run(({ claims }) => claims.count())).toBe(0);
      expect(await tenant.run(({ kmipCredentials }) => kmipCredentials.count())).toBe(0);
      expect(await harness().recorded(id)).toEqual([event]);
    });

    it.each<[string, (scope: TenantScope) => Promise<void>]>([
      ['a certificate', (scope) => scope.certificates.insert(aClientCertificate(scope.instanceId))],
      ['a root key', (scope) => scope.bindings.insert(aRootKeyBinding(scope.instanceId))],
      ['an API key', (scope) => scope.credentials.put(aSealedCredential(scope.instanceId))],
    ])('have to be there before %s', async (_what, add) => {
      await expect(harness().unitOfWork.forTenant(anInstance().id, add)).rejects.toThrow();
    });
  });
}

function describeRootKeys(harness: Harness): void {
  describe('root keys and API keys', () => {
    const tenant = tenantOf(harness);

    it('are what was put in, every field, and without what was taken away', async () => {
      const { id } = tenant.instance;
      const bare = aRootKeyBinding(id);
      const whole = {
        ...bare,
        endpointVisibility: 'private',
        keyRingId: 'ring',
        statusDetail: 'the root key is disabled',
        checkedAt: new Date('2026-11-25T01:02:03.456Z'),
        health: {
          version: '1/0/id',
          findings: [
            { call: 'wrap', fault: 'refused', reasonCode: 'CODE', since: new Date('2026-11-25T01:02:03.456Z') },
          ],
          testedAt: new Date('2026-11-25T01:02:04.567Z'),
          servedAt: new Date('2026-11-25T01:02:05.678Z'),
          failures: 2,
          expiresAt: new Date('2027-01-01T00:00:00.000Z'),
        },
        lookDueAt: new Date('2026-11-25T01:03:04.567Z'),
        watchDueAt: new Date('2026-11-25T01:04:04.567Z'),
      } as const;
      await tenant.run(({ bindings }) => bindings.insert(whole));
      expect(await tenant.run(({ bindings }) => bindings.list())).toStrictEqual([whole]);
      await tenant.run(({ bindings }) => bindings.update({ ...bare, revision: 2 }));
      expect(await tenant.run(({ bindings }) => bindings.list())).toStrictEqual([{ ...bare, revision: 2 }]);
    });

    it('come with the active one first, then the newest', async () => {
      const { id } = tenant.instance;
      const at = (day: number) => ({ createdAt: new Date(Date.UTC(2026, 0, day)) });
      const first = aRootKeyBinding(id, { status: 'retiring', ...at(2) });
      const second = aRootKeyBinding(id, { status: 'retiring', ...at(3) });
      const active = aRootKeyBinding(id, at(1));
      await tenant.run(async ({ bindings }) => {
        for (const binding of [first, second, active]) await bindings.insert(binding);
      });
      expect(await tenant.run(({ bindings }) => bindings.list())).toEqual([active, second, first]);
      await tenant.run(({ bindings }) => bindings.remove(second.id));
      expect(await tenant.run(({ bindings }) => bindings.list())).toEqual([active, first]);
      await tenant.run(({ bindings }) => bindings.removeAll());
      expect(await tenant.run(({ bindings }) => bindings.list())).toEqual([]);
    });

    it('are active one at a time', async () => {
      const { id } = tenant.instance;
      await tenant.run(({ bindings }) => bindings.insert(aRootKeyBinding(id)));
      await expect(tenant.run(({ bindings }) => bindings.insert(aRootKeyBinding(id)))).rejects.toThrow();
    });

    it('replace the API key that is there', async () => {
      const { id } = tenant.instance;
      const bare = aSealedCredential(id);
      const named = aSealedCredential(id, { serviceIdIamId: 'iam-ServiceId-1', serviceKeyVersion: 2 });
      for (const credential of [bare, named, bare]) {
        await tenant.run(({ credentials }) => credentials.put(credential));
        expect(await tenant.run(({ credentials }) => credentials.get())).toStrictEqual(credential);
      }
      await tenant.run(({ credentials }) => credentials.remove());
      expect(await tenant.run(({ credentials }) => credentials.get())).toBeUndefined();
    });
  });
}

function describeFormerCredentials(harness: Harness): void {
  describe('API keys of former root keys', () => {
    const tenant = tenantOf(harness);
    const [first, second] = [randomUUID(), randomUUID()];

    beforeEach(async () => {
      const { id } = tenant.instance;
      await tenant.run(async ({ bindings, credentials }) => {
        for (const binding of [first, second]) {
          await bindings.insert(aRootKeyBinding(id, { id: binding, status: 'retiring' }));
        }
        await credentials.put(aSealedCredential(id));
      });
    });

    const former = async () => [...(await tenant.run(({ credentials }) => credentials.former()))];

    it('are what was put in, one for each root key, and none of the one in force', async () => {
      const { id } = tenant.instance;
      const present = await tenant.run(({ credentials }) => credentials.get());
      const bare = aFormerCredential(id, first);
      const named = aFormerCredential(id, first, { serviceIdIamId: 'iam-ServiceId-1', serviceKeyVersion: 2 });
      for (const credential of [bare, named, bare]) {
        await tenant.run(({ credentials }) => credentials.putFormer(credential));
        expect(await former()).toStrictEqual([credential]);
      }
      const other = aFormerCredential(id, second);
      await tenant.run(({ credentials }) => credentials.putFormer(other));
      await tenant.run(({ credentials }) => credentials.removeFormer(first));
      expect(await former()).toStrictEqual([other]);
      expect(await tenant.run(({ credentials }) => credentials.get())).toStrictEqual(present);
      await tenant.run(({ credentials }) => credentials.put(aSealedCredential(id)));
      expect(await former()).toStrictEqual([other]);
    });

    it.each<[string, (scope: TenantScope) => Promise<void>, number]>([
      ['its root key', ({ bindings }) => bindings.remove(first), 1],
      ['all root keys', ({ bindings }) => bindings.removeAll(), 0],
      ['the one in force', ({ credentials }) => credentials.remove(), 0],
    ])('go with %s', async (_what, remove, left) => {
      const { id } = tenant.instance;
      await tenant.run(async ({ credentials }) => {
        await credentials.putFormer(aFormerCredential(id, first));
        await credentials.putFormer(aFormerCredential(id, second));
      });
      await tenant.run(remove);
      expect(await former()).toHaveLength(left);
    });

    it('stay when their root key is only changed', async () => {
      const { id } = tenant.instance;
      await tenant.run(({ credentials }) => credentials.putFormer(aFormerCredential(id, first)));
      await tenant.run(async ({ bindings }) => {
        const binding = (await bindings.list()).find((one) => one.id === first)!;
        await bindings.update({ ...binding, moveAttempt: 1 });
      });
      expect(await former()).toHaveLength(1);
    });

    it('are of a root key that is there', async () => {
      const stray = aFormerCredential(tenant.instance.id, randomUUID());
      await expect(tenant.run(({ credentials }) => credentials.putFormer(stray))).rejects.toThrow();
    });
  });
}

function describeLists(harness: Harness): void {
  describe('claims', () => {
    const tenant = tenantOf(harness);

    it('are kept once for each value of a kind, in the order of ids', async () => {
      const createdAt = new Date('2026-11-25T01:02:03.456Z');
      const made = [randomUUID(), randomUUID(), randomUUID()].sort();
      const [first, second, third] = made.map((id, n) => ({ id, kind: 'subject' as const, value: `${n}`, createdAt }));
      await tenant.run(async ({ claims }) => {
        for (const claim of [second!, third!, first!]) await claims.insert(claim);
      });
      expect(await tenant.run(({ claims }) => claims.list())).toStrictEqual([first, second, third]);
      expect(await tenant.run(({ claims }) => claims.get(second!.id))).toStrictEqual(second);
      expect(await tenant.run(({ claims }) => claims.get('no id'))).toBeUndefined();
      const again = { ...second!, id: randomUUID() };
      const duplicate = { code: 'duplicate_claim' };
      await expect(tenant.run(({ claims }) => claims.insert(again))).rejects.toMatchObject(duplicate);
      await tenant.run(({ claims }) => claims.remove(second!.id));
      await tenant.run(({ claims }) => claims.insert({ ...again, kind: 'fingerprint' }));
      expect(await tenant.run(({ claims }) => claims.count())).toBe(3);
    });
  });

  describe('KMIP passwords', () => {
    const tenant = tenantOf(harness);

    it('are kept with the oldest first', async () => {
      const { id: instanceId } = tenant.instance;
      const at = (day: number) => ({
        instanceId,
        id: randomUUID(),
        passwordHmac: randomBytes(32),
        serviceKeyVersion: 1,
        createdAt: new Date(Date.UTC(2026, 0, day)),
      });
      const [old, young] = [at(1), at(2)];
      await tenant.run(async ({ kmipCredentials }) => {
        for (const credential of [young, old]) await kmipCredentials.insert(credential);
      });
      expect(await tenant.run(({ kmipCredentials }) => kmipCredentials.list())).toStrictEqual([old, young]);
      expect(await harness().directory.kmipCredentials(instanceId)).toEqual(
        expect.arrayContaining([omit(old, 'createdAt'), omit(young, 'createdAt')]),
      );
      await tenant.run(({ kmipCredentials }) => kmipCredentials.remove(old.id));
      await tenant.run(({ kmipCredentials }) => kmipCredentials.remove('no id'));
      expect(await tenant.run(({ kmipCredentials }) => kmipCredentials.count())).toBe(1);
    });
  });
}

function describeKeyCensus(harness: Harness): void {
  describe('the census of keys', () => {
    const tenant = tenantOf(harness);
    const store = () => harness().storeOf(tenant.instance.id);
    const put = (rootKeyId = 'crk-1') => {
      const custody = { storedKeyId: randomUUID(), rootKeyId, rootKeyVersion: '1' };
      return putObject(store(), tenant.instance.id, aManagedObject({ custody }));
    };
    const live = () => tenant.run(({ keys }) => keys.countLive());

    it('counts what is not destroyed, with open creations', async () => {
      expect(await live()).toBe(0);
      const { uniqueIdentifier } = await put();
      await store().openIntent(anIntent(aManagedObject()), 10);
      expect(await live()).toBe(2);
      await store().mutate(uniqueIdentifier, ({ custody, ...rest }) => ({
        object: { ...rest, state: 'Destroyed', destroyDate: new Date() },
        audit: anAuditEvent(tenant.instance.id),
        result: custody,
      }));
      expect(await live()).toBe(1);
    });

    it('counts what lies under a root key', async () => {
      for (const rootKeyId of ['crk-1', 'crk-2', 'crk-1']) await put(rootKeyId);
      expect(await tenant.run(({ keys }) => keys.countUnder('crk-1'))).toBe(2);
      expect(await tenant.run(({ keys }) => keys.countUnder('crk-3'))).toBe(0);
    });

    it('says what may still need a root key', async () => {
      const [before, from] = [new Date('2026-11-25'), new Date('2026-11-24')];
      const needed = (rootKeyId = 'crk-1', creationsBefore = before) =>
        tenant.run(({ keys }) => keys.mayBeNeeded(rootKeyId, creationsBefore));
      const object = await put();
      expect(await needed()).toBe(false);
      const intent = anIntent(aManagedObject(), from);
      await store().openIntent(intent, 10);
      expect([await needed(), await needed('crk-1', from)]).toEqual([true, false]);
      await store().abandonIntent(intent.uniqueIdentifier);
      const move = aMove(object, { toRootKeyId: 'crk-2' });
      await store().moves.open(move, 10);
      expect([await needed('crk-1'), await needed('crk-2'), await needed('crk-3')]).toEqual([true, true, false]);
      await store().moves.close(move);
      expect(await needed()).toBe(false);
    });

    it('erases keys some at a time, whatever their state, and open creations with the last ones', async () => {
      for (let n = 0; n < 3; n += 1) await put();
      await store().openIntent(anIntent(aManagedObject()), 10);
      const erase = () => tenant.run(({ keys }) => keys.erase(2));
      expect([await erase(), await erase(), await erase()]).toEqual([2, 1, 0]);
      expect(await live()).toBe(0);
      await tenant.run(({ instance }) => instance.remove());
    });

    it('erases nothing when the change does not commit, and nothing of others', async () => {
      await put();
      const other = await putInstance(harness().unitOfWork);
      await harness().unitOfWork.forTenant(other.id, ({ keys }) => keys.erase(10));
      const failed = tenant.run(async ({ keys }) => {
        await keys.erase(10);
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
      expect(await tenant.run(({ keys }) => keys.countUnder('crk-1'))).toBe(1);
    });
  });
}
