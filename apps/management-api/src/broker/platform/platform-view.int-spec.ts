import { randomUUID } from 'node:crypto';

import { type InstanceId, newCorrelationId } from '@lib/kernel';
import { PostgresServiceInstanceDirectory, PostgresServiceInstanceUnitOfWork } from '@lib/persistence';
import { type Order, PlatformReconciler, requireInstanceCrn } from '@lib/service-instances';
import {
  type LoopbackServer,
  ManualClock,
  startLoopbackServer,
  startTestPostgres,
  type TestDatabase,
} from '@lib/testing';

import { BROKER_CRN, type BrokerServices, brokerServices, OFFER } from '../../../test/broker-app';
import { OwnTokens } from '../../../test/service-identity.fixture';
import { globalCatalogFindings, type GlobalCatalogCheckOptions } from './global-catalog-check';
import { ResourceControllerInstances } from './resource-controller-instances';

jest.setTimeout(60_000);

const identity = new OwnTokens().identity;
/** What the platform answers, by path; anything else is 404. */
const answers = new Map<string, { readonly status: number; readonly body: unknown }>();
let server: LoopbackServer;

beforeAll(async () => {
  server = await startLoopbackServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '').split('?')[0] ?? '');
    const { status, body } = answers.get(path) ?? { status: 404, body: {} };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
});
afterAll(() => server.close());
beforeEach(() => {
  answers.clear();
});

describe('reconciliation with the resource controller', () => {
  let database: TestDatabase;
  let reconciler: PlatformReconciler;
  let parts: BrokerServices;
  const clock = new ManualClock();

  beforeEach(async () => {
    database = await startTestPostgres();
    const dataSource = await database.openDataSource({ role: 'api' });
    const unitOfWork = new PostgresServiceInstanceUnitOfWork(dataSource);
    const directory = new PostgresServiceInstanceDirectory(dataSource);
    parts = await brokerServices({ dataSource, clock });
    const platform = new ResourceControllerInstances(server.origin, identity);
    reconciler = new PlatformReconciler(unitOfWork, directory, platform, clock);
  });
  afterEach(() => database.close());

  const ordered = async (state?: string, status = 200): Promise<InstanceId> => {
    const order: Order = {
      ...requireInstanceCrn(`crn:v1:bluemix:public:kmip-for-vmware:us-south:a/${'a'.repeat(32)}:${randomUUID()}::`),
      serviceId: OFFER.serviceId,
      plan: OFFER.plans[0]!,
      attributes: { parameters: {}, context: {} },
      acceptsIncomplete: true,
      context: {
        initiator: { kind: 'system', component: 'test' },
        correlationId: newCorrelationId(),
        observer: 'test',
      },
    };
    await parts.provisioning.provision(order);
    if (state !== undefined) show(order.crn.text, state, status);
    return order.instanceId;
  };
  const show = (crn: string, state: string, status = 200): unknown =>
    answers.set(`/v2/resource_instances/${crn}`, { status, body: { crn, state } });

  const marked = async (): Promise<unknown[]> => {
    const admin = await database.openAdmin();
    const { rows } = await admin.query<{ id: string }>(
      'SELECT instance_id AS id FROM catalog_instances WHERE orphaned_at IS NOT NULL',
    );
    return rows.map(({ id }) => id);
  };

  it('finds and marks what the platform no longer has, and deletes nothing', async () => {
    await ordered('active');
    const held = await ordered('pending_reclamation');
    await ordered('active', 403);
    const gone = [await ordered(), await ordered('removed')].sort();
    const report = await reconciler.reconcile();
    expect({ ...report, orphans: [...report.orphans].sort() }).toEqual({
      checked: 5,
      orphans: gone,
      shouldBeDisabled: [held],
      undecided: 1,
      blind: false,
    });
    expect((await marked()).sort()).toEqual(gone);
    const admin = await database.openAdmin();
    expect((await admin.query('SELECT 1 FROM instances')).rowCount).toBe(5);
  });

  it('takes a mark back when the platform has the instance after all', async () => {
    await ordered('active');
    const lost = await ordered();
    await reconciler.reconcile();
    expect(await marked()).toEqual([lost]);
    show(`crn:v1:bluemix:public:kmip-for-vmware:us-south:a/${'a'.repeat(32)}:${lost}::`, 'active');
    expect((await reconciler.reconcile()).orphans).toEqual([]);
    expect(await marked()).toEqual([]);
  });

  it('does not take missing permission for missing instances', async () => {
    await ordered();
    await ordered();
    expect(await reconciler.reconcile()).toMatchObject({ blind: true, orphans: [] });
    expect(await marked()).toEqual([]);
  });
});

describe('comparison with the global catalog', () => {
  const [standard, dedicated] = OFFER.plans;
  const options: GlobalCatalogCheckOptions = {
    serviceUrl: '',
    identity,
    offer: OFFER,
    regions: ['us-south'],
    brokerCrns: [BROKER_CRN],
  };
  const entry = (id: string, name: string, deployment?: object): object => ({ id, name, metadata: { deployment } });
  const deployment = (location: string, guid: string): object => entry('d-1', 'd', { location, broker: { guid } });
  const BROKER_GUID = BROKER_CRN.split(':').at(-1) ?? '';

  const catalog = (changes: Readonly<Record<string, unknown>> = {}): void => {
    const { serviceId } = OFFER;
    const entries: Record<string, unknown> = {
      [`/${serviceId}`]: entry(serviceId, 'kmip-for-vmware'),
      [`/${serviceId}/plan`]: { resources: [entry(standard!.id, 'standard'), entry(dedicated!.id, 'dedicated')] },
      [`/${standard!.id}/deployment`]: { resources: [deployment('us-south', BROKER_GUID)] },
      [`/${dedicated!.id}/deployment`]: { resources: [deployment('us-south', BROKER_GUID)] },
      ...changes,
    };
    for (const [path, body] of Object.entries(entries)) answers.set(path, { status: 200, body });
  };
  const findings = (): Promise<readonly string[]> => globalCatalogFindings({ ...options, serviceUrl: server.origin });

  it('finds nothing when all agrees', async () => {
    catalog();
    expect(await findings()).toEqual([]);
  });

  it('finds a service that is not there', async () => {
    expect(await findings()).toEqual([`the global catalog has no service ${OFFER.serviceId}`]);
  });

  it('finds names, plans and deployments that differ', async () => {
    catalog({
      [`/${OFFER.serviceId}`]: entry(OFFER.serviceId, 'other'),
      [`/${OFFER.serviceId}/plan`]: { resources: [entry(standard!.id, 'basic'), entry('p-9', 'lite')] },
      [`/${standard!.id}/deployment`]: { resources: [deployment('us-south', 'stranger')] },
    });
    expect(await findings()).toEqual([
      `service ${OFFER.serviceId} is called other in the global catalog`,
      `plan ${standard!.id} is called basic in the global catalog, and standard here`,
      'deployment d-1 of plan standard belongs to another broker',
      `the global catalog has no plan ${dedicated!.id} (dedicated)`,
      'plan p-9 (lite) of the global catalog is not offered here',
    ]);
    catalog({ [`/${standard!.id}/deployment`]: { resources: [deployment('eu-de', BROKER_GUID)] } });
    expect(await findings()).toEqual(['plan standard has no deployment in us-south']);
  });

  it('says that it could not look, without telling what was sent', async () => {
    answers.set(`/${OFFER.serviceId}`, { status: 500, body: { secret: 'token' } });
    await expect(findings()).rejects.toThrow(/^the global catalog could not be read: status 500$/);
  });
});
