import { randomBytes, randomUUID } from 'node:crypto';

import { ACTION_CODES, GENESIS_HASH, packedTarget, verifyAuditChain } from '@lib/audit';
import { CertificateClaimService } from '@lib/diagnosis';
import { type InstanceId, newCorrelationId, Secret, systemClock } from '@lib/kernel';
import { issueClientCertificate } from '@lib/pki';
import { KEY_MANAGER_DRIVERS } from '@lib/platform';
import {
  type ActionContext,
  ClientCertificateService,
  ClientDirectory,
  CredentialSealer,
  EndpointPolicy,
  InstanceService,
  RootKeyBindingService,
  type ServiceKeyring,
} from '@lib/tenancy';
import { anActionContext, recordedEvents, startTestPostgres, type TestDatabase } from '@lib/testing';
import { Client } from 'pg';
import { type DataSource } from 'typeorm';

import { PostgresInvalidationBus } from '../coordination/postgres-invalidation-bus';
import { PostgresRegionDirectory } from './postgres-region-directory';
import { PostgresUnitOfWork } from './postgres-unit-of-work';

jest.setTimeout(60_000);

const keyManagerCrn = `crn:v1:bluemix:public:kms:eu-de:a/acc:${randomUUID()}::`;

describe('tenancy services on Postgres', () => {
  let database: TestDatabase;
  let dataSource: DataSource;
  let admin: Client;
  let instances: InstanceService;
  let certificates: ClientCertificateService;
  let rootKeys: RootKeyBindingService;
  let directory: PostgresRegionDirectory;

  const keyring = (newest: number, keys: Record<number, Buffer>): ServiceKeyring => ({
    newest,
    keys: new Map(Object.entries(keys).map(([version, key]) => [Number(version), Secret.of(Buffer.from(key))])),
  });
  const [firstKey, secondKey] = [randomBytes(32), randomBytes(32)];
  const context: ActionContext = {
    initiator: { kind: 'user', iamId: 'IBMid-1' },
    correlationId: newCorrelationId(),
    observer: 'management-api',
  };

  const rootKeyService = (ring: ServiceKeyring): RootKeyBindingService =>
    new RootKeyBindingService(
      new PostgresUnitOfWork(dataSource),
      new CredentialSealer(ring),
      new EndpointPolicy(KEY_MANAGER_DRIVERS),
      systemClock,
      randomUUID,
    );

  const newInstance = async (accountId = 'acc'): Promise<InstanceId> => {
    const crn = `crn:v1:bluemix:public:kmip:eu-de:a/${accountId}:${randomUUID()}::`;
    return (await instances.create({ crn, name: 'kmip-01' }, context)).id;
  };

  const newPem = async (): Promise<string> => {
    const request = { commonName: 'vcenter', validDays: 90, keyKind: 'ec-p256' } as const;
    return (await issueClientCertificate('self-signed', request)).certificatePem;
  };

  beforeAll(async () => {
    database = await startTestPostgres();
    dataSource = await database.openDataSource({ role: 'api' });
    admin = await database.openAdmin();
    const unitOfWork = new PostgresUnitOfWork(dataSource);
    directory = new PostgresRegionDirectory(dataSource);
    instances = new InstanceService(unitOfWork, directory, systemClock);
    certificates = new ClientCertificateService(unitOfWork, systemClock, { newId: randomUUID, directory });
    rootKeys = rootKeyService(keyring(1, { 1: firstKey }));
  });
  afterAll(() => database.close());

  it('leads an instance from birth to its end and leaves only its audit chain', async () => {
    const id = await newInstance();
    await rootKeys.setCredential(id, { apiKey: Secret.fromText('s3cret'), serviceIdIamId: 'iam-ServiceId-1' }, context);
    const binding = await rootKeys.set(id, { keyManagerCrn, rootKeyId: 'crk-1' }, context);
    expect(binding.endpointUrl).toBe('https://eu-de.kms.cloud.ibm.com');
    const certificate = await certificates.add(id, { name: ' vcenter ', pem: await newPem() }, context);
    await certificates.rename(id, certificate.id, 'vcenter-01', context, 1);
    expect(await instances.get(id)).toMatchObject({ state: 'installed', enabled: true });
    expect((await certificates.list(id)).map(({ name }) => name)).toEqual(['vcenter-01']);
    await instances.setEnabled(id, false, 'IBMCLOUD_ACCT_SUSPEND', context);
    expect(await instances.get(id)).toMatchObject({ enabled: false, disabledReason: 'IBMCLOUD_ACCT_SUSPEND' });

    const access = await rootKeys.access(id);
    expect([access.apiKey.exposeText(), access.active.rootKeyId]).toEqual(['s3cret', 'crk-1']);

    const query = jest.spyOn(Client.prototype, 'query');
    await instances.remove(id, context);
    const texts = query.mock.calls.map(([statement]: unknown[]) => String(statement));
    query.mockRestore();
    expect(texts.filter((text) => /^SELECT .*pem/is.test(text))).toEqual([]);
    await expect(instances.get(id)).rejects.toMatchObject({ code: 'instance_not_found' });
    for (const table of ['client_certificates', 'credentials', 'root_key_bindings', 'managed_objects']) {
      const { rowCount } = await admin.query(`SELECT 1 FROM ${table} WHERE instance_id = $1`, [id]);
      expect(rowCount).toBe(0);
    }
    const recorded = await recordedEvents(admin, id);
    expect(recorded.map(({ event }) => event.action.replace('vmware-solutions.', ''))).toEqual([
      'instance.create',
      'credential.set',
      'root-key.set',
      'certificate.create',
      'certificate.update',
      'instance.disable',
      'instance.update',
      'instance.delete',
    ]);
  });

  it('lets 50 tenants register one certificate at once, each only once', async () => {
    const ids = await Promise.all(Array.from({ length: 50 }, () => newInstance()));
    const pem = await newPem();
    const added = await Promise.all(ids.map((id) => certificates.add(id, { name: 'x', pem }, context)));
    expect(new Set(added.map(({ fingerprint }) => fingerprint)).size).toBe(1);
    const [id] = ids;
    const again = certificates.add(id!, { name: 'y', pem }, context);
    await expect(again).rejects.toMatchObject({ code: 'duplicate_certificate' });
  });

  it('counts certificates without reading them, and allows no more than the quota to those who add at once', async () => {
    const [id, neighbour] = [await newInstance(), await newInstance()];
    const options = { newId: randomUUID, directory, maximumPerInstance: 3 };
    const limited = new ClientCertificateService(new PostgresUnitOfWork(dataSource), systemClock, options);
    await limited.add(neighbour, { name: 'vc', pem: await newPem() }, context);
    const pems = await Promise.all(Array.from({ length: 6 }, newPem));
    const query = jest.spyOn(Client.prototype, 'query');
    const added = await Promise.allSettled(
      pems.map((pem, index) => limited.add(id, { name: `vc-${String(index)}`, pem }, context)),
    );
    const texts = query.mock.calls.map(([statement]: unknown[]) => String(statement));
    query.mockRestore();
    expect(added.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    const refusal = { status: 'rejected', reason: { code: 'certificate_quota_exceeded' } };
    expect(added.filter(({ status }) => status === 'rejected')).toMatchObject([refusal, refusal, refusal]);
    expect(texts.filter((text) => /^SELECT count/i.test(text) && text.includes('client_certificates'))).toHaveLength(6);
    expect(texts.filter((text) => /^SELECT .*pem/i.test(text))).toEqual([]);
  });

  it('compares and removes certificates without reading them, and those of the instance alone', async () => {
    const [id, neighbour] = [await newInstance(), await newInstance()];
    const [mine, more] = [
      await certificates.add(id, { name: 'a', pem: await newPem() }, context),
      await certificates.add(id, { name: 'b', pem: await newPem() }, context),
    ];
    const theirs = await certificates.add(neighbour, { name: 'a', pem: await newPem() }, context);
    const unitOfWork = new PostgresUnitOfWork(dataSource);
    const query = jest.spyOn(Client.prototype, 'query');
    const known = await unitOfWork.forTenant(id, (scope) => scope.certificates.fingerprints());
    const texts = query.mock.calls.map(([statement]: unknown[]) => String(statement));
    query.mockRestore();
    expect(known).toEqual(new Set([mine.fingerprint, more.fingerprint]));
    const reads = texts.filter((text) => /^SELECT .*client_certificates/is.test(text));
    expect(reads).toHaveLength(1);
    expect(reads.filter((text) => /pem/i.test(text))).toEqual([]);
    await unitOfWork.forTenant(id, async ({ certificates: own }) => {
      expect(await own.getByFingerprint(more.fingerprint)).toEqual(await own.get(more.id));
      expect(await own.getByFingerprint(theirs.fingerprint)).toBeUndefined();
      await own.removeAll();
      expect(await own.count()).toBe(0);
    });
    expect(await certificates.list(neighbour)).toHaveLength(1);
  });

  it('counts claims and KMIP passwords without reading them, and those of the instance alone', async () => {
    const [id, neighbour] = [await newInstance(), await newInstance()];
    const unitOfWork = new PostgresUnitOfWork(dataSource);
    const claims = new CertificateClaimService(unitOfWork, systemClock, randomUUID);
    const secret = { passwordHmac: randomBytes(32), serviceKeyVersion: 1, createdAt: new Date() };
    for (const instanceId of [neighbour, id]) {
      await claims.add(instanceId, { kind: 'fingerprint', value: 'a1'.repeat(32) }, context);
      const credential = { ...secret, instanceId, id: randomUUID() };
      await unitOfWork.forTenant(instanceId, (scope) => scope.kmipCredentials.insert(credential));
    }
    const query = jest.spyOn(Client.prototype, 'query');
    await claims.add(id, { kind: 'fingerprint', value: 'b2'.repeat(32) }, context);
    const counts = await unitOfWork.forTenant(id, async (scope) => [
      await scope.claims.count(),
      await scope.kmipCredentials.count(),
    ]);
    const texts = query.mock.calls.map(([statement]: unknown[]) => String(statement));
    query.mockRestore();
    expect(counts).toEqual([2, 1]);
    const reads = texts.filter((text) => /^SELECT .*(certificate_claims|kmip_credentials)/is.test(text));
    expect(reads.map((text) => /^SELECT count/i.test(text))).toEqual([true, true, true]);
  });

  it('keeps tenants apart in every method', async () => {
    const [mine, other] = [await newInstance('mine'), await newInstance('other')];
    await rootKeys.setCredential(mine, { apiKey: Secret.fromText('k') }, context);
    await rootKeys.set(mine, { keyManagerCrn, rootKeyId: 'crk-1' }, context);
    const certificate = await certificates.add(mine, { name: 'a', pem: await newPem() }, context);

    expect(await certificates.list(other)).toEqual([]);
    expect(await rootKeys.list(other)).toEqual([]);
    const foreign = [
      () => certificates.get(other, certificate.id),
      () => certificates.rename(other, certificate.id, 'z', context),
      () => certificates.remove(other, certificate.id, context),
    ];
    for (const attempt of foreign) await expect(attempt()).rejects.toMatchObject({ code: 'certificate_not_found' });
    await expect(rootKeys.getCredential(other)).rejects.toMatchObject({ code: 'credential_not_set' });
    await expect(rootKeys.access(other)).rejects.toMatchObject({ code: 'root_key_not_set' });
    await expect(rootKeys.unset(other, context)).rejects.toMatchObject({ code: 'root_key_not_set' });
    const page = await instances.list({ accountId: 'mine', limit: 10 });
    expect(page.map(({ id }) => id)).toEqual([mine]);
    expect(await certificates.get(mine, certificate.id)).toEqual(certificate);
  });

  it('lists instances by one statement, in the order of their ids, and those of the account alone', async () => {
    const made = [await newInstance('lister'), await newInstance('lister'), await newInstance('lister')];
    await instances.setEnabled(made[0]!, false, 'unpaid', context);
    const query = jest.spyOn(Client.prototype, 'query');
    const all = await instances.list({ accountId: 'lister', limit: 10 });
    const statements = query.mock.calls.length;
    query.mockRestore();
    expect(statements).toBe(1);
    expect(all).toEqual(await Promise.all(made.sort().map((id) => instances.get(id))));
    expect(await instances.list({ accountId: 'lister', limit: 1, after: all[0]!.id })).toEqual([all[1]]);
  });

  it('opens no credential that was copied from another row, and moves all to a new service key', async () => {
    const [mine, other] = [await newInstance(), await newInstance()];
    for (const id of [mine, other]) {
      await rootKeys.setCredential(id, { apiKey: Secret.fromText(`key of ${id}`) }, context);
      await rootKeys.set(id, { keyManagerCrn, rootKeyId: 'crk-1' }, context);
    }
    const rotated = rootKeyService(keyring(2, { 1: firstKey, 2: secondKey }));
    for (const id of await directory.outdatedCredentials(2, 100)) await rotated.reseal(id);
    expect(await directory.outdatedCredentials(2, 100)).toEqual([]);
    const newest = rootKeyService(keyring(2, { 2: secondKey }));
    expect((await newest.access(mine)).apiKey.exposeText()).toBe(`key of ${mine}`);
    await expect(rootKeys.access(mine)).rejects.toMatchObject({ code: 'credential_unreadable' });

    await admin.query(
      `UPDATE credentials SET sealed_api_key = (SELECT sealed_api_key FROM credentials WHERE instance_id = $1)
        WHERE instance_id = $2`,
      [mine, other],
    );
    await expect(newest.access(other)).rejects.toMatchObject({ code: 'credential_unreadable' });
  });

  it.each(['public', 'private'] as const)('reads back that the %s endpoint was asked for', async (visibility) => {
    const id = await newInstance();
    await rootKeys.setCredential(id, { apiKey: Secret.fromText('k') }, context);
    // The same address for both, as where an operator has one only.
    const discoveredEndpoint = 'https://eu-de.kms.cloud.ibm.com';
    await rootKeys.set(id, { keyManagerCrn, rootKeyId: 'crk-1', visibility, discoveredEndpoint }, context);
    expect((await rootKeys.list(id))[0]).toMatchObject({ endpointVisibility: visibility });
  });

  describe('a replaced root key', () => {
    const LATER = { retiredBefore: new Date('2100-01-01'), creationsBefore: new Date('2100-01-01') };
    let id: InstanceId;
    beforeEach(async () => {
      id = await newInstance();
      await rootKeys.setCredential(id, { apiKey: Secret.fromText('k') }, context);
      await rootKeys.set(id, { keyManagerCrn, rootKeyId: 'crk-1' }, context);
    });
    const replace = () => rootKeys.set(id, { keyManagerCrn, rootKeyId: 'crk-2' }, context);

    it.each([
      ['a Create that began under it is open', `creation_intents VALUES ($1, gen_random_uuid(), 'n', now(), 'x')`],
      [
        'a key that left it has a second stored key there',
        `custody_moves VALUES ($1, gen_random_uuid(), gen_random_uuid(), 'crk-1', 'crk-2', now())`,
      ],
      [
        'a key that came to it has a second stored key there',
        `custody_moves VALUES ($1, gen_random_uuid(), gen_random_uuid(), 'crk-0', 'crk-1', now())`,
      ],
      [
        'a key that was destroyed under it is looked for again',
        `later_looks VALUES ($1, gen_random_uuid(), 'stored', 'crk-1', now(), 0, now())`,
      ],
    ])('is kept while %s', async (_, open) => {
      await replace();
      await admin.query(`INSERT INTO ${open}`, [id]);
      expect(await rootKeys.dropRetired(id, LATER, anActionContext())).toBe(0);
      await admin.query('DELETE FROM creation_intents WHERE instance_id = $1', [id]);
      await admin.query('DELETE FROM custody_moves WHERE instance_id = $1', [id]);
      await admin.query('DELETE FROM later_looks WHERE instance_id = $1', [id]);
      expect(await rootKeys.dropRetired(id, LATER, anActionContext())).toBe(1);
    });

    it('and the notes of its moves go with the instance', async () => {
      await replace();
      await admin.query(
        `INSERT INTO custody_moves VALUES ($1, gen_random_uuid(), gen_random_uuid(), 'crk-1', 'crk-2', now())`,
        [id],
      );
      await instances.remove(id, context);
      const { rows } = await admin.query('SELECT FROM custody_moves WHERE instance_id = $1', [id]);
      expect(rows).toHaveLength(0);
    });
  });

  describe('ClientDirectory', () => {
    const open: { close(): Promise<void> }[] = [];
    afterEach(async () => {
      for (const opened of open.splice(0).reverse()) await opened.close();
    });

    const startDirectory = async (options: { listen?: boolean; pollMs?: number } = {}) => {
      const log = () => undefined;
      const bus = new PostgresInvalidationBus({
        connection: database.connection,
        dataSource,
        log,
        reconnectMs: 20,
        ...options,
      });
      const clients = new ClientDirectory({ source: directory, bus, clock: systemClock, log, confirmMs: 3_600_000 });
      await clients.start();
      await bus.start();
      await clients.refresh();
      open.push(bus, { close: () => clients.stop() });
      return clients;
    };

    const removalOf = (clients: ClientDirectory, fingerprint: string) =>
      new Promise<number>((resolve) => {
        const started = performance.now();
        clients.onRemoved((removal) => {
          if (removal.fingerprint === fingerprint) resolve(performance.now() - started);
        });
      });

    it('is told when the database has gone back behind what was known of it', async () => {
      const { next } = await directory.changes();
      expect(await directory.changes(next)).toMatchObject({ continuous: true });
      const [server, number = ''] = next.split('/');
      const later = `${String(server)}/${String(BigInt(number) + 1_000_000n)}`;
      expect(await directory.changes(later)).toMatchObject({ continuous: false });
    });

    it('is told when another database counts on from behind what was known', async () => {
      const [server, number = ''] = (await directory.changes()).next.split('/');
      expect(Number(server)).toBeGreaterThan(0);
      expect(await directory.changes(`1.5/${number}`)).toMatchObject({ continuous: false });
    });

    it('learns of a removal that no notice told when it asks what has changed', async () => {
      const log = () => undefined;
      const deaf = { subscribe: () => () => undefined };
      const confirmations: (() => void)[] = [];
      const schedule = (work: () => void) => {
        confirmations.push(work);
        return () => undefined;
      };
      const clients = new ClientDirectory({ source: directory, bus: deaf, clock: systemClock, log, schedule });
      open.push({ close: () => clients.stop() });
      // More than a slice, so that it is the question that finds it.
      for (let n = 0; n < 30; n += 1) await newInstance();
      const id = await newInstance();
      const certificate = await certificates.add(id, { name: 'a', pem: await newPem() }, context);
      await clients.start();
      await certificates.remove(id, certificate.id, context);
      expect(clients.lookup(certificate.fingerprint)).toBeDefined();
      confirmations[0]!();
      await clients.refresh();
      expect(clients.lookup(certificate.fingerprint)).toBeUndefined();
    });

    it('learns of a removal on another process within a second, by notice', async () => {
      const clients = await startDirectory({ pollMs: 3_600_000 });
      const id = await newInstance();
      const certificate = await certificates.add(id, { name: 'a', pem: await newPem() }, context);
      while (clients.lookup(certificate.fingerprint) === undefined) await new Promise(setImmediate);
      const removed = removalOf(clients, certificate.fingerprint);
      await certificates.remove(id, certificate.id, context);
      expect(await removed).toBeLessThan(1_000);
      expect(clients.lookup(certificate.fingerprint)).toBeUndefined();
    });

    it('learns of it by polling alone where nothing can be listened to', async () => {
      const clients = await startDirectory({ listen: false, pollMs: 50 });
      const id = await newInstance();
      const certificate = await certificates.add(id, { name: 'a', pem: await newPem() }, context);
      while (clients.lookup(certificate.fingerprint) === undefined) await new Promise(setImmediate);
      const removed = removalOf(clients, certificate.fingerprint);
      await instances.setEnabled(id, false, undefined, context);
      expect(await removed).toBeLessThan(1_000);
    });

    it('forgets everything after its listening connection was killed, and hears again', async () => {
      const clients = await startDirectory({ pollMs: 3_600_000 });
      const id = await newInstance();
      const pem = await newPem();
      const { rowCount } = await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'kmip-invalidation'`,
      );
      expect(rowCount).toBe(1);
      const certificate = await certificates.add(id, { name: 'a', pem }, context);
      while (clients.lookup(certificate.fingerprint) === undefined) await new Promise(setImmediate);
      const removed = removalOf(clients, certificate.fingerprint);
      await certificates.remove(id, certificate.id, context);
      expect(await removed).toBeLessThan(2_000);
    });
  });

  it('writes a chain that anyone can verify from the rows alone', async () => {
    const id = await newInstance();
    for (let i = 0; i < 10; i += 1) await instances.rename(id, `name ${i} "\u{1F511}\\`, context);
    const recorded = await recordedEvents(admin, id);
    const chain = recorded.map(({ seq, text, hash }) => {
      return { instanceId: id, seq, event: text, previousHash: recorded[seq - 2]?.hash ?? GENESIS_HASH, hash };
    });
    const { rows } = await admin.query<{ at: Date; action: number; failed: boolean; target: Buffer }>(
      'SELECT occurred_at AS at, action, failed, target FROM audit_records WHERE instance_id = $1 ORDER BY seq',
      [id],
    );
    expect(rows).toEqual(
      recorded.map(({ event }) => ({
        at: new Date(event.occurredAt),
        action: ACTION_CODES[event.action],
        failed: event.outcome === 'failure',
        target: packedTarget(event.target?.id ?? ''),
      })),
    );
    expect(verifyAuditChain(chain)).toMatchObject({ intact: true, head: { seq: 11 } });
  });
});
