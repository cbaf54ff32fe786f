import { randomUUID } from 'node:crypto';

import { type CertificateFingerprint, type InstanceId, newCorrelationId, systemClock } from '@lib/kernel';
import { describeCertificate, issueClientCertificate } from '@lib/pki';
import {
  type ActionContext,
  type BirthRefusal,
  birthplaceOf,
  CertificateProofService,
  ClientCertificateService,
  InstanceService,
  type NewClientCertificate,
  type Registrations,
} from '@lib/tenancy';
import { aManagedObject, putObject, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type Client } from 'pg';

import { PostgresObjectStores } from '../catalog/postgres-object-stores';
import { PostgresRegionDirectory } from './postgres-region-directory';
import { PostgresUnitOfWork } from './postgres-unit-of-work';

jest.setTimeout(120_000);

const DAY_MS = 86_400_000;
const context: ActionContext = {
  initiator: { kind: 'user', iamId: 'IBMid-1' },
  correlationId: newCorrelationId(),
  observer: 'management-api',
};
type Origin = NonNullable<NewClientCertificate['origin']>;

describe('one certificate in several instances', () => {
  let database: TestDatabase;
  let admin: Client;
  let directory: PostgresRegionDirectory;
  let stores: PostgresObjectStores;
  let instances: InstanceService;
  let certificates: ClientCertificateService;
  let proofs: CertificateProofService;
  let victim: InstanceId;
  let stranger: InstanceId;
  let pem: string;
  let fingerprint: CertificateFingerprint;

  beforeAll(async () => {
    database = await startTestPostgres();
    admin = await database.openAdmin();
    const dataSource = await database.openDataSource();
    const unitOfWork = new PostgresUnitOfWork(dataSource);
    directory = new PostgresRegionDirectory(dataSource);
    stores = new PostgresObjectStores(dataSource);
    instances = new InstanceService(unitOfWork, directory, systemClock);
    const options = { newId: randomUUID, directory };
    certificates = new ClientCertificateService(unitOfWork, systemClock, options);
    proofs = new CertificateProofService(unitOfWork, systemClock, options);
  });

  afterAll(() => database.close());

  const newInstance = async (accountId: string): Promise<InstanceId> => {
    const crn = `crn:v1:bluemix:public:kmip:eu-de:a/${accountId}:${randomUUID()}::`;
    return (await instances.create({ crn, name: 'kmip-01' }, context)).id;
  };

  beforeEach(async () => {
    [victim, stranger] = [await newInstance('victim'), await newInstance('stranger')];
    const request = { commonName: 'vc', validDays: 90, keyKind: 'ec-p256' } as const;
    pem = (await issueClientCertificate('self-signed', request)).certificatePem;
    ({ fingerprint } = describeCertificate(pem, systemClock.now()));
  });

  const add = (instanceId: InstanceId, origin: Origin = 'presented') =>
    certificates.add(instanceId, { name: 'vc', pem, origin }, context);
  const remove = async (instanceId: InstanceId): Promise<void> => {
    for (const { id } of await certificates.list(instanceId)) await certificates.remove(instanceId, id, context);
  };
  const prove = (instanceId: InstanceId) => proofs.prove(instanceId, fingerprint, 'credential', context);
  const registrations = async (): Promise<Registrations> =>
    (await directory.registrants([fingerprint])).get(fingerprint) ?? { current: [], former: [] };
  const births = async (): Promise<InstanceId | BirthRefusal> => {
    const place = birthplaceOf(await registrations(), {}, systemClock.now());
    return 'instance' in place ? place.instance.instanceId : place.refusal;
  };
  /** Keys that were made and fetched so many days apart. */
  const use = async (instanceId: InstanceId, days: number): Promise<void> => {
    const initialDate = new Date(Date.now() - (days + 1) * DAY_MS);
    const object = aManagedObject({ createdBy: fingerprint, initialDate });
    await putObject(stores.forInstance(instanceId), instanceId, object);
    const fetched = new Date(initialDate.getTime() + days * DAY_MS);
    const text = 'UPDATE key_fetches SET fetched_at = $1 WHERE instance_id = $2 AND object_id = $3';
    await admin.query(text, [fetched, instanceId, object.uniqueIdentifier]);
  };

  describe('who was first decides nothing', () => {
    it.each<[Origin, Origin, 'first' | 'second' | BirthRefusal]>([
      ['presented', 'presented', 'certificate_unproven'],
      ['presented', 'operator', 'certificate_unproven'],
      ['operator', 'presented', 'first'],
      ['operator', 'operator', 'first'],
      ['presented', 'issued', 'second'],
      ['operator', 'issued', 'second'],
    ])('%s, then %s: %s', async (one, other, expected) => {
      for (const [first, second] of [
        [victim, stranger],
        [stranger, victim],
      ] as const) {
        await remove(victim);
        await remove(stranger);
        await admin.query('DELETE FROM certificate_standings WHERE fingerprint_sha256 = $1', [fingerprint]);
        await add(first, one);
        expect(await births()).toBe(first);
        await add(second, other);
        const named = new Map<string, InstanceId>([
          ['first', first],
          ['second', second],
        ]);
        expect(await births()).toBe(named.get(expected) ?? expected);
      }
    });

    it.each<Origin>(['presented', 'operator', 'issued'])(
      'what was made for one is not registered by another as %s',
      async (origin) => {
        await add(victim, 'issued');
        await expect(add(stranger, origin)).rejects.toMatchObject({ code: 'certificate_issued_elsewhere' });
        // Removing it changes nothing: whose it is stays known.
        await remove(victim);
        await expect(add(stranger, origin)).rejects.toMatchObject({ code: 'certificate_issued_elsewhere' });
        await add(victim);
        expect(await births()).toBe(victim);
      },
    );

    it('of two at once neither wins', async () => {
      await Promise.all([add(victim), add(stranger)]);
      expect(await births()).toBe('certificate_unproven');
      await prove(victim);
      expect(await births()).toBe(victim);
    });
  });

  describe('an owner is not locked out', () => {
    it('by who registers a certificate that has been in use for a week, however often', async () => {
      await add(victim);
      await use(victim, 8);
      for (let times = 0; times < 2; times += 1) {
        await add(stranger);
        expect(await births()).toBe(victim);
        await remove(stranger);
        expect(await births()).toBe(victim);
      }
      // The owner comes back after a mistake, and is who it was.
      await remove(victim);
      await add(stranger);
      expect(await births()).toBe('registration_not_serving');
      await add(victim);
      expect(await births()).toBe(victim);
    });

    it('by a proof of somebody else that came before its own', async () => {
      await add(stranger, 'operator');
      await add(victim);
      expect(await births()).toBe(stranger);
      await prove(victim);
      expect(await births()).toBe(victim);
    });

    it('but must prove what has been in use for less', async () => {
      await add(victim);
      await use(victim, 6);
      await add(stranger);
      expect(await births()).toBe('certificate_unproven');
    });

    it('by keys that it makes after the dispute began', async () => {
      await add(victim);
      await add(stranger);
      await use(stranger, 30);
      await add(await newInstance('third'));
      expect(await births()).toBe('certificate_unproven');
    });

    it('by a flood: 300 instances that register its certificate change nothing', async () => {
      await add(victim);
      await use(victim, 8);
      await admin.query(
        `INSERT INTO instances (id, crn, name, account_id, region, state, enabled, maximum_keys, created_at, updated_at, revision)
          SELECT md5('flood ' || n)::uuid, 'crn:flood:' || n, 'kmip', 'stranger-' || n, 'eu-de', 'installed', true, 10, now(), now(), 1
          FROM generate_series(1, 300) n`,
      );
      await admin.query(
        `INSERT INTO client_certificates SELECT md5('flood ' || n)::uuid, gen_random_uuid(), name, fingerprint_sha256,
            fingerprint_sha1, pem, subject, issuer, serial_number, not_before, not_after, key_type, now(), now(), 1
          FROM client_certificates, generate_series(1, 300) n WHERE fingerprint_sha256 = $1`,
        [fingerprint],
      );
      expect((await registrations()).current).toHaveLength(301);
      expect(await births()).toBe(victim);
      // What a gateway reads again for one instance does not grow with who else registers its certificates.
      expect((await directory.registrations(victim)).current).toHaveLength(1);
    });
  });

  describe('what ends is not handed over', () => {
    it.each<[string, (instanceId: InstanceId) => Promise<unknown>]>([
      ['removed', (id) => remove(id)],
      ['disabled or suspended', (id) => instances.setEnabled(id, false, 'IBMCLOUD_ACCT_SUSPEND', context)],
      ['gone with its instance', (id) => instances.remove(id, context)],
    ])('while another account waits and it is %s', async (_name, end) => {
      await add(victim, 'operator');
      await add(stranger);
      await end(victim);
      expect(await births()).toBe('registration_not_serving');
      await prove(stranger);
      expect(await births()).toBe(stranger);
    });

    it('to an account that waits, but another instance of the owner is not kept waiting', async () => {
      const second = await newInstance('victim');
      await add(victim, 'operator');
      await add(second);
      expect(await births()).toBe(victim);
      await remove(victim);
      expect(await births()).toBe(second);
    });

    it('is forgotten when the certificate has ended too', async () => {
      await add(victim, 'operator');
      await add(stranger);
      await remove(victim);
      await remove(stranger);
      const end = `UPDATE certificate_standings SET not_after = now() - interval '1 s' WHERE instance_id = $1`;
      await admin.query(end, [stranger]);
      await directory.pruneStandings();
      const { current, former } = await registrations();
      expect([current.length, former.map(({ instanceId }) => instanceId)]).toEqual([0, [victim]]);
    });
  });

  it('counts keys made elsewhere for who registers the certificate, and for nobody else', async () => {
    await add(stranger);
    await use(stranger, 1);
    expect(await proofs.keysElsewhere(victim, fingerprint)).toBe(0);
    await add(victim);
    expect(await proofs.keysElsewhere(victim, fingerprint)).toBe(1);
    expect(await proofs.keysElsewhere(stranger, fingerprint)).toBe(0);
  });
});
