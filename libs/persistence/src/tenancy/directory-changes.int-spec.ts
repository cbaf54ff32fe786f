import { randomUUID } from 'node:crypto';

import { type CertificateFingerprint, type InstanceId, newCorrelationId, systemClock } from '@lib/kernel';
import { describeCertificate, issueClientCertificate } from '@lib/pki';
import {
  type ActionContext,
  CertificateProofService,
  ClientCertificateService,
  InstanceService,
  TenancyError,
} from '@lib/tenancy';
import { aManagedObject, propertyRuns, putObject, startTestPostgres, type TestDatabase } from '@lib/testing';
import fc from 'fast-check';
import { type Client } from 'pg';

import { PostgresObjectStores } from '../catalog/postgres-object-stores';
import { PostgresRegionDirectory } from './postgres-region-directory';
import { PostgresUnitOfWork } from './postgres-unit-of-work';

jest.setTimeout(600_000);

const DAY_MS = 86_400_000;
const INSTANCES = 3;
const context: ActionContext = {
  initiator: { kind: 'user', iamId: 'IBMid-1' },
  correlationId: newCorrelationId(),
  observer: 'management-api',
};

describe('what has changed, and what is read of it', () => {
  let database: TestDatabase;
  let admin: Client;
  let directory: PostgresRegionDirectory;
  let stores: PostgresObjectStores;
  let unitOfWork: PostgresUnitOfWork;
  let instances: InstanceService;
  let certificates: ClientCertificateService;
  let proofs: CertificateProofService;

  beforeAll(async () => {
    database = await startTestPostgres();
    admin = await database.openAdmin();
    const dataSource = await database.openDataSource();
    unitOfWork = new PostgresUnitOfWork(dataSource);
    directory = new PostgresRegionDirectory(dataSource);
    stores = new PostgresObjectStores(dataSource);
    instances = new InstanceService(unitOfWork, directory, systemClock);
    const options = { newId: randomUUID, directory };
    certificates = new ClientCertificateService(unitOfWork, systemClock, options);
    proofs = new CertificateProofService(unitOfWork, systemClock, options);
  });
  afterAll(() => database.close());

  const newInstance = async (): Promise<InstanceId> => {
    const crn = `crn:v1:bluemix:public:kmip:eu-de:a/${randomUUID()}:${randomUUID()}::`;
    return (await instances.create({ crn, name: 'kmip-01' }, context)).id;
  };

  /** A key that the certificate made ten days before it was last fetched. */
  const use = async (id: InstanceId, fingerprint: CertificateFingerprint): Promise<string> => {
    await instances.get(id);
    const initialDate = new Date(Date.now() - 11 * DAY_MS);
    const object = aManagedObject({ createdBy: fingerprint, initialDate });
    await putObject(stores.forInstance(id), id, object);
    const text = 'UPDATE key_fetches SET fetched_at = now() WHERE instance_id = $1 AND object_id = $2';
    await admin.query(text, [id, object.uniqueIdentifier]);
    return object.uniqueIdentifier;
  };

  /** What a tenant, its clients or its operator may do with one certificate in one instance. */
  const actions = {
    present: (id, { pem }) => certificates.add(id, { name: 'vc', pem, origin: 'presented' }, context),
    vouch: (id, { pem }) => certificates.add(id, { name: 'vc', pem, origin: 'operator' }, context),
    issue: (id, { pem }) => certificates.add(id, { name: 'vc', pem, origin: 'issued' }, context),
    rename: async (id, { fingerprint }) => {
      await certificates.rename(id, (await registered(id, fingerprint)) ?? '', randomUUID(), context);
    },
    remove: async (id, { fingerprint }) => {
      await certificates.remove(id, (await registered(id, fingerprint)) ?? '', context);
    },
    prove: (id, { fingerprint }) => proofs.prove(id, fingerprint, 'credential', context),
    takeOver: async (id, { fingerprint }) => {
      await proofs.takeOver(id, (await registered(id, fingerprint)) ?? '', context);
    },
    handOver: async (id, { fingerprint }, other) => {
      await proofs.handOver(id, (await registered(id, fingerprint)) ?? '', other, context);
    },
    use: (id, { fingerprint }) => use(id, fingerprint),
    recognize: async (id, { fingerprint }) => {
      await proofs.recognize(id, fingerprint, await use(id, 'f'.repeat(64) as CertificateFingerprint));
    },
    disable: (id) => instances.setEnabled(id, false, 'test', context),
    enable: (id) => instances.setEnabled(id, true, undefined, context),
    enforce: (id) => instances.setOptions(id, { credentialPolicy: 'enforce' }, context),
    prune: () => directory.pruneStandings(),
    end: async (id) => {
      await instances.setEnabled(id, false, 'test', context);
      await instances.remove(id, context, 'kmip-01');
    },
  } satisfies Record<
    string,
    (
      id: InstanceId,
      certificate: { readonly pem: string; readonly fingerprint: CertificateFingerprint },
      other: InstanceId,
    ) => Promise<unknown>
  >;

  const registered = (id: InstanceId, fingerprint: CertificateFingerprint) =>
    unitOfWork.forTenant(id, async (scope) => (await scope.certificates.getByFingerprint(fingerprint))?.id);

  const listed = async (id: InstanceId): Promise<string> => {
    return JSON.stringify(await directory.listing([id]));
  };

  it('names every instance of which something else would be read', async () => {
    const pems = await Promise.all(
      ['a', 'b'].map((commonName) =>
        issueClientCertificate('self-signed', { commonName, validDays: 90, keyKind: 'ec-p256' }),
      ),
    );
    const own = pems.map(({ certificatePem: pem }) => {
      return { pem, fingerprint: describeCertificate(pem, systemClock.now()).fingerprint };
    });
    const names = Object.keys(actions) as (keyof typeof actions)[];
    const index = fc.nat({ max: INSTANCES - 1 });
    const step = fc.tuple(fc.constantFrom(...names), index, index, fc.nat({ max: own.length - 1 }));
    const effective = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 20 }), async (steps) => {
        await admin.query('TRUNCATE certificate_standings');
        const ids = [await newInstance(), await newInstance(), await newInstance()];
        for (const [name, at, otherAt, certificate] of steps) {
          const before = await Promise.all(ids.map(listed));
          const { next } = await directory.changes();
          await actions[name](ids[at]!, own[certificate]!, ids[otherAt]!).catch((error: unknown) => {
            if (!(error instanceof TenancyError)) throw error;
          });
          const { instances: named } = await directory.changes(next);
          const after = await Promise.all(ids.map(listed));
          const changed = ids.filter((_, n) => before[n] !== after[n]);
          if (changed.length > 0) effective.add(name);
          expect([name, changed.filter((id) => !named.has(id))]).toEqual([name, []]);
        }
        for (const id of ids) {
          await admin.query('DELETE FROM client_certificates WHERE instance_id = $1', [id]);
        }
      }),
      propertyRuns(25),
    );
    // Otherwise it would prove little.
    expect([...effective].sort()).toEqual(names.filter((name) => name !== 'use' && name !== 'prune').sort());
  });
});
