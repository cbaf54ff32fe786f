import { randomUUID } from 'node:crypto';

import { newCorrelationId, Secret, systemClock } from '@lib/kernel';
import { type KeyManager } from '@lib/key-manager';
import { PostgresUnitOfWork } from '@lib/persistence';
import { KEY_MANAGER_DRIVERS } from '@lib/platform';
import { type InstanceParameters, requireInstanceCrn } from '@lib/service-instances';
import { CredentialSealer, EndpointPolicy, RootKeyBindingService } from '@lib/tenancy';
import { FakeIam, startTestPostgres, type TestDatabase } from '@lib/testing';

import { type BrokerServices, brokerServices, OFFER } from '../../test/broker-app';
import { ACCOUNT, TenantApiApp } from '../../test/tenant-api-app';

jest.setTimeout(60_000);

const KEY_MANAGER = `crn:v1:bluemix:public:kms:us-south:a/${ACCOUNT}:${randomUUID()}`;
const ROOT_KEY = randomUUID();
const context = {
  initiator: { kind: 'system', component: 'test' },
  correlationId: newCorrelationId(),
  observer: 'test',
} as const;

describe('a root key that was chosen in the order', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;
  let broker: BrokerServices;
  let rootKeys: RootKeyBindingService;

  beforeAll(async () => {
    database = await startTestPostgres();
    const dataSource = await database.openDataSource({ role: 'api' });
    iam = await FakeIam.start();
    api = await TenantApiApp.start(dataSource, iam, {} as KeyManager, {});
    broker = await brokerServices({ dataSource });
    const sealer = new CredentialSealer({ newest: 1, keys: new Map([[1, Secret.of(Buffer.alloc(32, 1))]]) });
    const endpoints = new EndpointPolicy(KEY_MANAGER_DRIVERS);
    rootKeys = new RootKeyBindingService(
      new PostgresUnitOfWork(dataSource),
      sealer,
      endpoints,
      systemClock,
      randomUUID,
    );
  });
  afterAll(async () => {
    await api.close();
    await iam.stop();
    await database.close();
  });

  const ordered = async (parameters: InstanceParameters) => {
    const crn = `crn:v1:bluemix:public:kmip-for-vmware:us-south:a/${ACCOUNT}:${randomUUID()}::`;
    const instance = requireInstanceCrn(crn);
    const attributes = { parameters, context: {} };
    const plan = OFFER.plans[0]!;
    await broker.provisioning.provision({
      ...instance,
      serviceId: OFFER.serviceId,
      plan,
      attributes,
      acceptsIncomplete: true,
      context,
    });
    return instance.instanceId;
  };
  const proposed = async (id: string): Promise<unknown> =>
    (await api.send('GET', `/v1/instances/${id}`)).body['proposed_root_key_crn'];

  it.each<[InstanceParameters, string | undefined]>([
    [{}, undefined],
    [{ key_manager_crn: `${KEY_MANAGER}::` }, `${KEY_MANAGER}::`],
    [{ key_manager_crn: KEY_MANAGER, root_key_id: ROOT_KEY }, `${KEY_MANAGER}:key:${ROOT_KEY}`],
    [{ key_manager_crn: `${KEY_MANAGER}::`, root_key_id: ROOT_KEY }, `${KEY_MANAGER}:key:${ROOT_KEY}`],
  ])('%j is proposed to its tenant as %s', async (parameters, crn) => {
    expect(await proposed(await ordered(parameters))).toBe(crn);
  });

  it('is proposed until one is bound', async () => {
    const id = await ordered({ key_manager_crn: KEY_MANAGER, root_key_id: ROOT_KEY });
    await rootKeys.setCredential(id, { apiKey: Secret.fromText('an API key') }, context);
    expect(await proposed(id)).toBeDefined();
    await rootKeys.set(id, { keyManagerCrn: KEY_MANAGER, rootKeyId: randomUUID() }, context);
    expect(await proposed(id)).toBeUndefined();
    await rootKeys.unset(id, context);
    expect(await proposed(id)).toBeDefined();
  });

  it('is not there for an instance that was not ordered', async () => {
    expect(await proposed(await api.newInstance())).toBeUndefined();
  });
});
