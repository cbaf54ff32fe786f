import { randomUUID } from 'node:crypto';

import OpenServiceBrokerV1 from '@ibm-cloud/platform-services/open-service-broker/v1';
import { type InstanceId, newCorrelationId, Secret, systemClock, toFingerprint, toInstanceId } from '@lib/kernel';
import {
  PostgresInvalidationBus,
  PostgresObjectStores,
  PostgresRegionDirectory,
  PostgresUnitOfWork,
} from '@lib/persistence';
import { KEY_MANAGER_DRIVERS } from '@lib/platform';
import { issueCertificateAuthority, issueClientCertificate } from '@lib/pki';
import {
  type ActionContext,
  admitted,
  ClientDirectory,
  CredentialSealer,
  EndpointPolicy,
  InstanceService,
  RootKeyBindingService,
} from '@lib/tenancy';
import { FakeIam, recordedEvents, sampleAudit, sampleObject, startTestPostgres, type TestDatabase } from '@lib/testing';
import { BearerTokenAuthenticator } from 'ibm-cloud-sdk-core';
import { type Client } from 'pg';

import { type BrokerApp, BROKER_CRN, OFFER, startBrokerApp } from '../../test/broker-app';

jest.setTimeout(60_000);

const ACCOUNT = 'a'.repeat(32);
const KEY_MANAGER = `crn:v1:bluemix:public:kms:us-south:a/${ACCOUNT}:${randomUUID()}::`;
const HEADERS = {
  'X-Broker-Api-Version': '2.12',
  'X-Broker-API-Originating-Identity': `ibmcloud ${Buffer.from('{"iam_id":"IBMid-ORDERER"}').toString('base64')}`,
};
const TENANT: ActionContext = {
  initiator: { kind: 'user', iamId: 'IBMid-TENANT' },
  correlationId: newCorrelationId(),
  observer: 'test',
};

/** Notices travel through the database; a test fails by its time limit when one never comes. */
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
};

/** The platform's own client plays the platform. */
describe("an instance's life, driven by IBM's Open Service Broker client", () => {
  let database: TestDatabase;
  let admin: Client;
  let iam: FakeIam;
  let broker: BrokerApp;
  let platform: OpenServiceBrokerV1;
  let instances: InstanceService;
  let rootKeys: RootKeyBindingService;
  let stores: PostgresObjectStores;
  let clients: ClientDirectory;
  let bus: PostgresInvalidationBus;
  let directory: PostgresRegionDirectory;

  beforeAll(async () => {
    database = await startTestPostgres();
    admin = await database.openAdmin();
    const dataSource = await database.openDataSource();
    iam = await FakeIam.start();
    broker = await startBrokerApp(dataSource, iam);
    const iamId = `crn-${BROKER_CRN}`;
    const bearerToken = await iam.token({ iamId, claims: { id: iamId, sub_type: 'CRN' } });
    platform = new OpenServiceBrokerV1({
      authenticator: new BearerTokenAuthenticator({ bearerToken }),
      serviceUrl: broker.url,
    });
    const unitOfWork = new PostgresUnitOfWork(dataSource);
    directory = new PostgresRegionDirectory(dataSource);
    instances = new InstanceService(unitOfWork, directory, systemClock);
    const sealer = new CredentialSealer({ newest: 1, keys: new Map([[1, Secret.of(Buffer.alloc(32, 9))]]) });
    const endpoints = new EndpointPolicy(KEY_MANAGER_DRIVERS);
    rootKeys = new RootKeyBindingService(unitOfWork, sealer, endpoints, systemClock, randomUUID);
    stores = new PostgresObjectStores(dataSource);
    bus = new PostgresInvalidationBus({ connection: database.connection, dataSource, log: () => undefined });
    await bus.start();
    clients = new ClientDirectory({ source: directory, bus, clock: systemClock, log: () => undefined });
    await clients.start();
  });
  afterAll(async () => {
    await clients.stop();
    await bus.close();
    await broker.close();
    await iam.stop();
    await database.close();
  });
  afterEach(() => {
    expect(broker.failures.splice(0)).toEqual([]);
  });

  const newOrder = (planId: string, parameters: Record<string, unknown> = {}) => {
    const guid = randomUUID();
    const crn = `crn:v1:bluemix:public:kmip-for-vmware:us-south:a/${ACCOUNT}:${guid}::`;
    return {
      id: guid as InstanceId,
      instanceId: crn,
      serviceId: OFFER.serviceId,
      planId,
      context: { platform: 'ibmcloud', account_id: ACCOUNT, crn, name: 'ordered' },
      parameters,
      acceptsIncomplete: true,
      headers: HEADERS,
    };
  };
  type Ordered = ReturnType<typeof newOrder>;

  const clientCertificate = async () => {
    const ca = await issueCertificateAuthority({ commonName: 'vCenter', validDays: 2 });
    return issueClientCertificate(ca, { commonName: 'vc-01', validDays: 1, keyKind: 'ec-p256' });
  };

  const bindRootKey = async (id: InstanceId): Promise<void> => {
    await rootKeys.setCredential(id, { apiKey: Secret.fromText('an API key of the tenant') }, TENANT);
    await rootKeys.set(id, { keyManagerCrn: KEY_MANAGER, rootKeyId: randomUUID() }, TENANT);
  };

  const createKey = async (id: InstanceId): Promise<void> => {
    const { active } = await rootKeys.access(id);
    const store = stores.forInstance(id);
    const custody = { storedKeyId: randomUUID(), rootKeyId: active.rootKeyId, rootKeyVersion: 'v1' };
    const object = sampleObject({ state: 'Active', custody });
    const { uniqueIdentifier, createdBy } = object;
    const intent = {
      uniqueIdentifier,
      storedKeyName: `vmware_kmip_${uniqueIdentifier}`,
      startedAt: new Date(),
      createdBy,
    };
    await store.openIntent(intent, 10);
    await store.completeIntent(object, sampleAudit(id));
  };

  const del = ({ instanceId, serviceId, planId }: Ordered) =>
    platform.deleteServiceInstance({ instanceId, serviceId, planId, acceptsIncomplete: true, headers: HEADERS });

  /** Waits for the end of the operation in progress. */
  const succeeded = async (order: Ordered): Promise<void> => {
    for (;;) {
      const { result: last } = await platform.getLastOperation(order);
      if (last.state !== 'in progress') {
        expect(last.state).toBe('succeeded');
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  const rowsOf = async (id: InstanceId): Promise<number> => {
    const tables =
      'instances client_certificates root_key_bindings credentials managed_objects instance_usage catalog_bindings';
    let sum = 0;
    for (const table of tables.split(' ')) {
      const column = table === 'instances' ? 'id' : 'instance_id';
      const sql = `SELECT count(*)::int AS n FROM ${table} WHERE ${column} = $1`;
      sum += (await admin.query<{ n: number }>(sql, [id])).rows[0]?.n ?? 0;
    }
    return sum;
  };

  it('shows the catalog', async () => {
    const { result } = await platform.listCatalog({ headers: HEADERS });
    expect(result.services?.[0]?.plans.map(({ name }) => name)).toEqual(['standard', 'dedicated']);
  });

  it('is ordered, bound to a root key, disabled, enabled and deleted', async () => {
    const certificate = await clientCertificate();
    const order = newOrder(OFFER.plans[0]!.id, {
      name: 'site-a',
      client_certificates: [{ name: 'vcenter-01', certificate: certificate.certificatePem }],
      key_manager_crn: KEY_MANAGER,
    });
    const created = await platform.replaceServiceInstance(order);
    expect(created.status).toBe(201);
    expect(created.result.dashboard_url).toBe(
      `https://kmip.example.com/console/instances/${encodeURIComponent(order.instanceId)}`,
    );
    expect(await instances.get(order.id)).toMatchObject({
      state: 'inactive',
      name: 'site-a',
      region: 'us-south',
      accountId: ACCOUNT,
    });
    await bindRootKey(order.id);
    expect((await instances.get(order.id)).state).toBe('installed');
    await createKey(order.id);

    const { current } = await directory.registrations(order.id);
    const fingerprint = current[0]?.fingerprint ?? toFingerprint('');
    const mayConnect = (): boolean => {
      return clients.lookup(fingerprint)?.current.some(admitted) === true;
    };
    await until(mayConnect);

    const state = {
      instanceId: order.instanceId,
      enabled: false,
      reasonCode: 'IBMCLOUD_ACCT_SUSPEND',
      initiatorId: 'IBMid-ADMIN',
    };
    const before = Date.now();
    await platform.replaceServiceInstanceState(state);
    await until(() => !mayConnect());
    expect(Date.now() - before).toBeLessThan(1_000);
    expect((await platform.getServiceInstanceState({ instanceId: order.instanceId })).result).toMatchObject({
      enabled: false,
      active: false,
    });
    expect(await rowsOf(order.id)).toBeGreaterThan(4);
    await platform.replaceServiceInstanceState({ ...state, enabled: true, reasonCode: 'IBMCLOUD_ACCT_ACTIVATE' });
    await until(mayConnect);

    const refused = await del(order).catch(
      (error: unknown) => error as { status: number; result: { description: string } },
    );
    expect(refused).toMatchObject({ status: 422, result: { error: 'KeysInUse', instance_usable: true } });
    expect((await instances.get(order.id)).state).toBe('installed');
    await platform.updateServiceInstance({ ...order, parameters: { delete_active_keys: true } });
    const deleted = await del(order);
    expect(deleted.status).toBe(200);
    expect(deleted.result).toMatchObject({ keys_left_behind: [{ key_manager_crn: KEY_MANAGER, count: 1 }] });
    expect(await rowsOf(order.id)).toBe(0);
    await until(() => clients.lookup(fingerprint) === undefined);
    await expect(del(order)).rejects.toMatchObject({ status: 410 });
    const { result } = await platform.getLastOperation({ ...order, operation: 'deprovision-2' });
    expect(result.state).toBe('succeeded');
    expect(result.description).toContain(`1 in ${KEY_MANAGER}`);
    expect(result.description).toContain('vmware_kmip_');
  });

  it('is deleted with keys in use once its reclamation has passed, and not when it was restored', async () => {
    const order = newOrder(OFFER.plans[0]!.id);
    await platform.replaceServiceInstance(order);
    await bindRootKey(order.id);
    await createKey(order.id);
    const { instanceId } = order;
    const schedule = { instanceId, enabled: false, reasonCode: 'IBMCLOUD_RECLAMATION_SCHEDULE' };
    await platform.replaceServiceInstanceState(schedule);
    await platform.replaceServiceInstanceState({
      instanceId,
      enabled: true,
      reasonCode: 'IBMCLOUD_RECLAMATION_RESTORE',
    });
    await expect(del(order)).rejects.toMatchObject({ status: 422 });
    await platform.replaceServiceInstanceState(schedule);
    await platform.replaceServiceInstanceState({ instanceId, enabled: false, reasonCode: 'IBMCLOUD_ACCT_SUSPEND' });
    expect((await del(order)).status).toBe(200);
    expect(await rowsOf(order.id)).toBe(0);
  });

  it('is made and ended in the background on the dedicated plan', async () => {
    const order = newOrder(OFFER.plans[1]!.id);
    const { status, result } = await platform.replaceServiceInstance(order);
    expect([status, result.operation]).toEqual([202, 'provision-1']);
    expect((await instances.get(order.id)).state).toBe('installing');
    await succeeded(order);
    expect((await instances.get(order.id)).state).toBe('inactive');
    expect((await del(order)).status).toBe(202);
    expect((await instances.get(order.id)).state).toBe('removing');
    await succeeded(order);
    expect(await rowsOf(order.id)).toBe(0);
  });

  it('goes from step to step as its tenant sets it up and takes it down', async () => {
    const order = newOrder(OFFER.plans[0]!.id);
    await platform.replaceServiceInstance(order);
    const state = async (): Promise<string> => (await instances.get(order.id)).state;
    const setCredential = () => rootKeys.setCredential(order.id, { apiKey: Secret.fromText('an API key') }, TENANT);
    const steps: [() => Promise<unknown>, string][] = [
      [setCredential, 'configuring'],
      [() => rootKeys.unsetCredential(order.id, TENANT), 'inactive'],
      [setCredential, 'configuring'],
      [() => rootKeys.set(order.id, { keyManagerCrn: KEY_MANAGER, rootKeyId: randomUUID() }, TENANT), 'installed'],
      [setCredential, 'installed'],
      [() => rootKeys.unset(order.id, TENANT), 'inactive'],
    ];
    for (const [act, expected] of steps) {
      await act();
      expect(await state()).toBe(expected);
    }
  });

  it('says how far its tenant has come when he was quicker than the order, and stays closed once it is removed', async () => {
    const order = newOrder(OFFER.plans[1]!.id);
    await platform.replaceServiceInstance(order);
    await bindRootKey(order.id);
    expect((await instances.get(order.id)).state).toBe('installing');
    await succeeded(order);
    expect((await instances.get(order.id)).state).toBe('installed');

    await del(order);
    await rootKeys.unset(order.id, TENANT);
    await bindRootKey(order.id);
    expect((await instances.get(order.id)).state).toBe('removing');
    await succeeded(order);
    expect(await rowsOf(order.id)).toBe(0);
  });

  it('is told under the name of whoever caused it, in a chain that outlives it', async () => {
    const order = newOrder(OFFER.plans[0]!.id);
    await platform.replaceServiceInstance(order);
    await del(order);
    const recorded = await recordedEvents(admin, order.id);
    expect(recorded.map(({ event }) => event.action.replace('vmware-solutions.', ''))).toEqual([
      'instance.create',
      'instance.update',
      'instance.delete',
    ]);
    expect(recorded.every(({ text }) => text.includes('IBMid-ORDERER'))).toBe(true);
  });

  it('takes certificates that another instance has: proof decides whose keys they make', async () => {
    const { certificatePem } = await clientCertificate();
    const parameters = { client_certificates: [{ name: 'vcenter-01', certificate: certificatePem }] };
    const first = newOrder(OFFER.plans[0]!.id, parameters);
    await platform.replaceServiceInstance(first);
    const second = newOrder(OFFER.plans[0]!.id, parameters);
    expect((await platform.replaceServiceInstance(second)).status).toBe(201);
    const registered = await directory.registrations(toInstanceId(second.id));
    expect(registered.current).toMatchObject([{ certificateName: 'vcenter-01' }]);
  });
});
