import { randomBytes, randomUUID } from 'node:crypto';

import { type CertificateFingerprint, type InstanceId } from '@lib/kernel';
import { type ManagedObject, type ManagedObjectStore } from '@lib/kmip-engine';
import {
  type ClientCertificate,
  type Instance,
  type Listing,
  type RegionDirectory,
  type Registrations,
  type Standing,
  type TenantScope,
  type UnitOfWork,
} from '@lib/tenancy';

import { type SymmetricKeyChanges, aManagedObject, putObject } from '../engine/managed-object.fixture';
import {
  aClientCertificate,
  aFormerCredential,
  aRootKeyBinding,
  aSealedCredential,
  putInstance,
} from './tenancy.fixture';

/** The part of {@link TenancyHarness} that registrations need. */
interface Harness {
  readonly unitOfWork: UnitOfWork;
  readonly directory: RegionDirectory;
  storeOf(instanceId: InstanceId): ManagedObjectStore;
}

/** What these tests do in it. */
interface Region {
  run<T>(instance: Instance, body: (scope: TenantScope) => Promise<T>): Promise<T>;
  instance(changes?: Partial<Instance>): Promise<Instance>;
  register(instance: Instance, changes?: Partial<ClientCertificate>): Promise<ClientCertificate>;
  unregister(instance: Instance): Promise<void>;
  standing(instance: Instance, fingerprint: CertificateFingerprint): Promise<Standing | undefined>;
  registrants(fingerprint: CertificateFingerprint): Promise<Registrations | undefined>;
  key(instance: Instance, changes: SymmetricKeyChanges): Promise<ManagedObject>;
}

const DAY_MS = 86_400_000;
const AT = new Date('2026-11-25T01:02:03.456Z');

/** What is promised of client certificates, of what they have shown, and of who may ask about all tenants. */
export function describeRegistrations(harness: () => Harness): void {
  const region: Region = {
    run: ({ id }, body) => harness().unitOfWork.forTenant(id, body),
    instance: (changes) => putInstance(harness().unitOfWork, changes),
    register: async (instance, changes) => {
      const certificate = aClientCertificate(instance.id, changes);
      await region.run(instance, ({ certificates }) => certificates.insert(certificate));
      return certificate;
    },
    unregister: (instance) => region.run(instance, ({ certificates }) => certificates.removeAll()),
    standing: (instance, fingerprint) => region.run(instance, ({ standings }) => standings.get(fingerprint)),
    registrants: async (fingerprint) => (await harness().directory.registrants([fingerprint])).get(fingerprint),
    key: (instance, changes) => putObject(harness().storeOf(instance.id), instance.id, aManagedObject(changes)),
  };

  describeCertificates(region);
  describeStandings(region);
  describeSuccession(region);
  describeDirectory(harness, region);
}

function describeCertificates(region: Region): void {
  describe('client certificates', () => {
    let instance: Instance;
    beforeEach(async () => {
      instance = await region.instance();
    });

    it('are what was put in, in the order of names', async () => {
      const [b, a] = [await region.register(instance, { name: 'b' }), await region.register(instance, { name: 'a' })];
      await region.run(instance, async ({ certificates }) => {
        expect(await certificates.list()).toStrictEqual([a, b]);
        expect(await certificates.get(a.id)).toStrictEqual(a);
        expect(await certificates.get('no id')).toBeUndefined();
        expect(await certificates.get(randomUUID())).toBeUndefined();
        expect(await certificates.getByFingerprint(b.fingerprint)).toStrictEqual(b);
        expect(await certificates.fingerprints()).toEqual(new Set([a.fingerprint, b.fingerprint]));
        expect(await certificates.count()).toBe(2);
      });
    });

    it('are there once in an instance, by certificate and by name', async () => {
      const { name, fingerprint } = await region.register(instance);
      const other = await region.register(instance);
      await expect(region.register(instance, { fingerprint })).rejects.toMatchObject({ code: 'duplicate_certificate' });
      const taken = { code: 'certificate_name_taken' };
      await expect(region.register(instance, { name })).rejects.toMatchObject(taken);
      const renamed = region.run(instance, ({ certificates }) => certificates.update({ ...other, name }));
      await expect(renamed).rejects.toMatchObject(taken);
      const elsewhere = await region.instance();
      await region.register(elsewhere, { name, fingerprint });
    });

    it('change in name and revision, and in nothing else', async () => {
      const before = await region.register(instance);
      const change = { name: 'renamed', updatedAt: AT, revision: 2 };
      await region.run(instance, ({ certificates }) => certificates.update({ ...before, ...change, pem: 'another' }));
      expect(await region.run(instance, ({ certificates }) => certificates.get(before.id))).toStrictEqual({
        ...before,
        ...change,
      });
    });

    it('are removed one by one or together', async () => {
      const [one] = [await region.register(instance), await region.register(instance), await region.register(instance)];
      await region.run(instance, ({ certificates }) => certificates.remove(one.id));
      expect(await region.run(instance, ({ certificates }) => certificates.count())).toBe(2);
      await region.unregister(instance);
      expect(await region.run(instance, ({ certificates }) => certificates.count())).toBe(0);
    });
  });
}

function describeStandings(region: Region): void {
  describe('what a certificate has shown', () => {
    let instance: Instance;
    let certificate: ClientCertificate;
    let fingerprint: CertificateFingerprint;
    beforeEach(async () => {
      instance = await region.instance();
      certificate = await region.register(instance);
      ({ fingerprint } = certificate);
    });

    it('begins with its registration', async () => {
      const { createdAt: registeredAt } = certificate;
      expect(await region.standing(instance, fingerprint)).toStrictEqual({ registeredAt, issued: false });
    });

    it('is the latest proof, and whether we made it', async () => {
      await region.run(instance, async ({ standings }) => {
        await standings.prove(fingerprint, { kind: 'operator', at: new Date(0) });
        await standings.prove(fingerprint, { kind: 'credential', at: AT });
        await standings.setIssued(fingerprint, true);
      });
      expect(await region.standing(instance, fingerprint)).toMatchObject({
        issued: true,
        proof: { kind: 'credential', at: AT },
      });
    });

    it('cannot be said of a certificate that was never registered', async () => {
      const { fingerprint: unknown } = aClientCertificate(instance.id);
      await region.run(instance, ({ standings }) => standings.prove(unknown, { kind: 'operator', at: AT }));
      expect(await region.standing(instance, unknown)).toBeUndefined();
      expect(await region.registrants(unknown)).toBeUndefined();
    });

    it('outlasts the registration and begins no second time', async () => {
      await region.run(instance, ({ standings }) => standings.prove(fingerprint, { kind: 'host_name', at: AT }));
      await region.unregister(instance);
      const proof = { kind: 'host_name', at: AT };
      expect((await region.registrants(fingerprint))?.current).toEqual([]);
      expect((await region.registrants(fingerprint))?.former).toMatchObject([
        { instanceId: instance.id, standing: { proof } },
      ]);
      await region.register(instance, { fingerprint, createdAt: AT });
      expect(await region.standing(instance, fingerprint)).toStrictEqual({ registeredAt: AT, issued: false, proof });
      expect((await region.registrants(fingerprint))?.former).toEqual([]);
    });

    it('outlasts the instance', async () => {
      await region.unregister(instance);
      await region.run(instance, (scope) => scope.instance.remove());
      const { accountId } = instance;
      expect((await region.registrants(fingerprint))?.former).toMatchObject([{ instanceId: instance.id, accountId }]);
    });

    it('ends with the registration of a certificate that has ended itself', async () => {
      const { fingerprint: ended } = await region.register(instance, { notAfter: new Date(Date.now() - DAY_MS) });
      await region.unregister(instance);
      expect(await region.registrants(ended)).toBeUndefined();
    });

    it('keeps a certificate that we made from all others, until it was handed over', async () => {
      const other = await region.instance();
      const issue = (issued: boolean) =>
        region.run(instance, ({ standings }) => standings.setIssued(fingerprint, issued));
      await issue(true);
      const elsewhere = { code: 'certificate_issued_elsewhere' };
      await expect(region.register(other, { fingerprint })).rejects.toMatchObject(elsewhere);
      await issue(false);
      await region.register(other, { fingerprint });
      await region.run(other, ({ standings }) => standings.prove(fingerprint, { kind: 'hand_over', at: AT }));
      await region.unregister(other);
      await issue(true);
      await region.register(other, { fingerprint });
    });
  });
}

function describeSuccession(region: Region): void {
  describe('whose keys a certificate makes', () => {
    let owner: Instance;
    let other: Instance;
    let fingerprint: CertificateFingerprint;
    beforeEach(async () => {
      [owner, other] = [await region.instance(), await region.instance()];
      ({ fingerprint } = await region.register(owner));
    });
    /** A key that was made and last fetched so many days apart. */
    const use = (days: number) => {
      const initialDate = new Date(Date.now() - (days + 1) * DAY_MS);
      const lastFetchedAt = new Date(initialDate.getTime() + days * DAY_MS);
      return region.key(owner, { createdBy: fingerprint, initialDate, lastFetchedAt });
    };

    it.each([
      [7, true],
      [6, false],
    ])('is established after %i days of use: %s, when another registers it', async (days, established) => {
      await use(days);
      expect(await region.standing(owner, fingerprint)).not.toHaveProperty('establishedAt');
      await region.register(other, { fingerprint });
      const standing = await region.standing(owner, fingerprint);
      expect(standing?.establishedAt !== undefined).toBe(established);
    });

    it('is not established by use after the first other has registered it', async () => {
      await region.register(other, { fingerprint });
      await use(7);
      await region.register(await region.instance(), { fingerprint });
      expect(await region.standing(owner, fingerprint)).not.toHaveProperty('establishedAt');
    });

    it('is recognized by a key that another certificate of the instance made, once', async () => {
      const { uniqueIdentifier: own } = await region.key(owner, { createdBy: fingerprint });
      const { uniqueIdentifier: before } = await region.key(owner, {});
      const recognize = (instance: Instance, id: string) =>
        region.run(instance, ({ standings }) => standings.recognize(fingerprint, id));
      expect(await recognize(owner, own)).toBe(false);
      expect(await recognize(owner, 'no id')).toBe(false);
      expect(await recognize(other, before)).toBe(false);
      expect(await recognize(owner, before)).toBe(true);
      expect(await recognize(owner, before)).toBe(false);
      expect(await region.standing(owner, fingerprint)).toHaveProperty('recognizedAt');
    });

    it('is counted elsewhere for who registers it, and for nobody else', async () => {
      const elsewhere = () => region.run(other, ({ standings }) => standings.countKeysElsewhere(fingerprint));
      await use(1);
      expect(await elsewhere()).toBe(0);
      await region.register(other, { fingerprint });
      expect(await elsewhere()).toBe(1);
      expect(await region.run(owner, ({ standings }) => standings.countKeysElsewhere(fingerprint))).toBe(0);
    });
  });
}

function describeDirectory(harness: () => Harness, region: Region): void {
  describe('the directory of the region', () => {
    it('shows registrations as gateways need them, the oldest first', async () => {
      const [instance, other] = [
        await region.instance({ enabled: false, state: 'removing', maximumKeys: 7, credentialPolicy: 'enforce' }),
        await region.instance(),
      ];
      const certificate = await region.register(instance, { createdAt: AT });
      const { id: certificateId, name: certificateName, fingerprint, notBefore, notAfter } = certificate;
      const entry = {
        fingerprint,
        instanceId: instance.id,
        accountId: instance.accountId,
        certificateId,
        certificateName,
        notBefore,
        notAfter,
        instanceEnabled: false,
        instanceState: 'removing',
        maximumKeys: 7,
        credentialPolicy: 'enforce',
        standing: { registeredAt: AT, issued: false },
      };
      expect(await harness().directory.registrations(instance.id)).toStrictEqual({ current: [entry], former: [] });
      await region.register(other, { fingerprint, createdAt: new Date(0) });
      const { current } = await harness().directory.registrations();
      const mine = current.filter((each) => each.fingerprint === fingerprint);
      expect(mine.map(({ instanceId }) => instanceId)).toEqual([other.id, instance.id]);
      expect((await region.registrants(fingerprint))?.current).toEqual(mine);
    });

    it('lists several instances at once as it lists each, and all of them page by page', async () => {
      const [present, ended, silent] = [await region.instance(), await region.instance(), await region.instance()];
      for (const instance of [present, ended]) await region.register(instance);
      await region.register(present, { createdAt: new Date(0) });
      await region.unregister(ended);
      const credential = {
        instanceId: silent.id,
        id: randomUUID(),
        passwordHmac: randomBytes(32),
        serviceKeyVersion: 1,
      };
      await region.run(silent, ({ kmipCredentials }) => kmipCredentials.insert({ ...credential, createdAt: AT }));
      const { directory } = harness();
      const ids = [present.id, ended.id, silent.id];
      const each = await Promise.all(ids.map((id) => directory.listing([id])));
      const counts = each.map(({ current, former, credentials }) =>
        [current, former, credentials].map((all) => all.length),
      );
      expect(counts).toEqual([
        [2, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
      ]);
      for (const [n, id] of ids.entries())
        expect(each[n]).toEqual(expect.objectContaining(await directory.registrations(id)));
      const sorted = (listing: Listing) =>
        [...listing.current, ...listing.former, ...listing.credentials].map(named).sort();
      const expected = each.flatMap(sorted).sort();
      expect(sorted(await directory.listing(ids))).toEqual(expected);
      const pages: Listing[] = [];
      let after: InstanceId | undefined;
      do {
        const page = await directory.nextListing({ limit: 2, ...(after && { after }) });
        pages.push(page);
        after = page.last;
      } while (after !== undefined);
      expect(
        pages
          .flatMap(sorted)
          .filter((name) => expected.includes(name))
          .sort(),
      ).toEqual(expected);
    });

    it('shows former registrations while the certificate has not ended', async () => {
      const instance = await region.instance();
      const { fingerprint } = await region.register(instance);
      await region.unregister(instance);
      const { current, former } = await harness().directory.registrations(instance.id);
      expect([current, former]).toMatchObject([[], [{ fingerprint, instanceId: instance.id }]]);
      await harness().directory.pruneStandings();
      expect((await region.registrants(fingerprint))?.former).toHaveLength(1);
    });

    it('knows the registrants that hold an object, and whether the certificate made it', async () => {
      const [owner, other] = [await region.instance(), await region.instance()];
      const { fingerprint } = await region.register(owner);
      const { uniqueIdentifier } = await region.key(owner, { createdBy: fingerprint });
      const { uniqueIdentifier: foreign } = await region.key(other, { createdBy: fingerprint });
      const holders = (id: string) => harness().directory.holders(fingerprint, id);
      expect(await holders(uniqueIdentifier)).toEqual([{ instanceId: owner.id, own: true }]);
      expect([await holders(foreign), await holders('no id')]).toEqual([[], []]);
      await region.register(other, { fingerprint });
      expect(await holders(foreign)).toEqual([{ instanceId: other.id, own: true }]);
    });

    it('pages through the instances of an account in the order of ids', async () => {
      const accountId = randomUUID();
      const made = [
        await region.instance({ accountId }),
        await region.instance({ accountId, disabledReason: 'unpaid' }),
        await region.instance({ accountId }),
      ].sort((a, b) => (a.id < b.id ? -1 : 1));
      const { directory } = harness();
      expect(await directory.wholeInstances({ accountId, limit: 10 })).toStrictEqual(made);
      expect(await directory.wholeInstances({ accountId, after: made[0]!.id, limit: 1 })).toStrictEqual([made[1]]);
      expect(await directory.instances({ accountId, limit: 2 })).toEqual(made.slice(0, 2).map(({ id }) => id));
      expect(await directory.instances({ limit: 1_000 })).toEqual(expect.arrayContaining(made.map(({ id }) => id)));
    });

    it('finds API keys under another version of the service key', async () => {
      const [old, current] = [await region.instance(), await region.instance()];
      await region.run(old, ({ credentials }) => credentials.put(aSealedCredential(old.id)));
      const sealed = aSealedCredential(current.id, { serviceKeyVersion: 2 });
      await region.run(current, ({ credentials }) => credentials.put(sealed));
      const former = await region.instance();
      await region.run(former, async ({ bindings, credentials }) => {
        const binding = aRootKeyBinding(former.id, { status: 'retiring' });
        await bindings.insert(binding);
        await credentials.put(aSealedCredential(former.id, { serviceKeyVersion: 2 }));
        await credentials.putFormer(aFormerCredential(former.id, binding.id));
      });
      const found = await harness().directory.outdatedCredentials(2, 1_000);
      expect([old, current, former].map(({ id }) => found.includes(id))).toEqual([true, false, true]);
    });

    it('remembers since when proof is required', async () => {
      const { directory } = harness();
      const since = await directory.proofRequiredSince(true);
      expect(since).toBeInstanceOf(Date);
      expect(await directory.proofRequiredSince(true)).toEqual(since);
      expect(await directory.proofRequiredSince(false)).toEqual(since);
    });
  });
}

const named = (each: {
  readonly instanceId: InstanceId;
  readonly fingerprint?: string;
  readonly id?: string;
}): string => `${each.instanceId} ${each.fingerprint ?? each.id ?? ''}`;
