import { randomUUID } from 'node:crypto';

import OpenServiceBrokerV1 from '@ibm-cloud/platform-services/open-service-broker/v1';
import { type Clock, systemClock } from '@lib/kernel';
import { type Logger } from '@lib/observability';
import { type ReconciliationReport } from '@lib/service-instances';
import { startTestPostgres, type TestDatabase } from '@lib/testing';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { BearerTokenAuthenticator } from 'ibm-cloud-sdk-core';
import { type Client } from 'pg';

import { createLocalCloud, type LocalCloud } from '../../apps/local-cloud/src/local-cloud';
import { BrokerReport } from '../../apps/management-api/src/broker/broker-report';
import { MeteringDuty } from '../../apps/management-api/src/broker/duties/metering.duty';
import { ReconciliationDuty } from '../../apps/management-api/src/broker/duties/reconciliation.duty';
import { brokerConfig, brokerModule, listening } from '../../apps/management-api/test/broker-app';

jest.setTimeout(60_000);

const ISSUER = 'https://iam.example.com/identity';
const SERVICE_ID = randomUUID();
const PLAN_ID = randomUUID();
const HOUR_MS = 3_600_000;

/** The broker as it is composed for real; the platform around it is the local cloud and IBM's own clients. */
describe('the catalog against the local cloud', () => {
  let cloud: LocalCloud;
  let database: TestDatabase;
  let rows: Client;
  let app: NestFastifyApplication;
  let platform: OpenServiceBrokerV1;
  let account: string;
  /** What the service believes the time to be, behind the real one. */
  let behindMs = 3 * HOUR_MS;
  const clock: Clock = { ...systemClock, now: () => new Date(Date.now() - behindMs) };
  const logged: unknown[] = [];
  const reports: ReconciliationReport[] = [];
  const closers: (() => Promise<unknown>)[] = [];

  const admin = async <T>(path: string, body?: object, method = body ? 'POST' : 'GET'): Promise<T> => {
    const answer = await fetch(`${cloud.adminUrl}${path}`, {
      method,
      ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  };

  beforeAll(async () => {
    [cloud, database] = await Promise.all([
      createLocalCloud({ issuer: ISSUER }).then((made) => made.start()),
      startTestPostgres(),
    ]);
    closers.push(
      () => database.close(),
      () => cloud.close(),
    );
    rows = await database.openAdmin();
    account = (await admin<{ id: string }>('/accounts', { name: 'tenant' })).id;
    await admin('/services', { name: SERVICE_ID, actions: [] });
    const ourAccount = (await admin<{ id: string }>('/accounts', { name: 'provider' })).id;
    // The resource controller shows instances of an account to identities with a role in that account.
    const { iamId } = await admin<{ iamId: string }>('/service-ids', { accountId: account });
    const { apikey } = await admin<{ apikey: string }>('/api-keys', { iamId });
    await admin('/policies', { iamId, roles: ['Viewer'], resource: { serviceName: 'kmip-for-vmware' } });
    const brokerCrn = `crn:v1:bluemix:public:resource-controller::a/${ourAccount}::resource-broker:${randomUUID()}`;
    const config = brokerConfig({
      SERVICE_API_KEY: apikey,
      IAM_URL: `${cloud.url}/iam`,
      IAM_ISSUER: ISSUER,
      RESOURCE_CONTROLLER_URL: `${cloud.url}/resource-controller`,
      USAGE_METERING_URL: `${cloud.url}/metering`,
      BROKER_ALLOWED_CRNS: brokerCrn,
      BROKER_SERVICE_ID: SERVICE_ID,
      BROKER_STANDARD_PLAN_ID: PLAN_ID,
      BROKER_RECONCILE: 'on',
    });
    const log = (fields: object, message: string): number => logged.push({ ...fields, message });
    const logger = { debug: () => undefined, info: log, warn: log, error: log } as unknown as Logger;
    const dataSource = await database.openDataSource();
    const module = await brokerModule({ dataSource, config, clock, logger }).compile();
    const report = module.get(BrokerReport);
    jest.spyOn(report, 'reconciled').mockImplementation((found) => void reports.push(found));
    app = await listening(module);
    closers.push(() => app.close());
    const caller = { iamId: `crn-${brokerCrn}`, accountId: ourAccount };
    const { access_token: bearerToken } = await admin<{ access_token: string }>('/tokens', caller);
    platform = new OpenServiceBrokerV1({
      authenticator: new BearerTokenAuthenticator({ bearerToken }),
      serviceUrl: await app.getUrl(),
    });
  });
  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  });

  /** The platform makes its record of an instance, then orders it here. */
  async function ordered(): Promise<{ readonly id: string; readonly crn: string }> {
    const instance = { accountId: account, serviceName: 'kmip-for-vmware', planId: PLAN_ID };
    const { id, crn } = await admin<{ id: string; crn: string }>('/instances', instance);
    const { status } = await platform.replaceServiceInstance({
      instanceId: crn,
      serviceId: SERVICE_ID,
      planId: PLAN_ID,
      context: { platform: 'ibmcloud', account_id: account, crn },
      headers: { 'X-Broker-Api-Version': '2.12' },
    });
    expect(status).toBe(201);
    return { id, crn };
  }

  it('takes an order of the resource controller, and reports its usage hour by hour', async () => {
    const { crn } = await ordered();
    behindMs = 0;
    await app.get(MeteringDuty).round();
    await app.get(MeteringDuty).round();
    const usage =
      await admin<{ resourceId: string; record: { resource_instance_id: string; end: number; start: number } }[]>(
        '/usage',
      );
    expect(usage.map(({ resourceId, record }) => [resourceId, record.resource_instance_id])).toEqual(
      Array.from({ length: 3 }, () => [SERVICE_ID, crn]),
    );
    for (const { record } of usage) expect(record.end - record.start).toBe(HOUR_MS);
    const { rows: outbox } = await rows.query('SELECT DISTINCT state FROM metering_records');
    expect(outbox).toEqual([{ state: 'accepted' }]);
  });

  it('tells of instances that the platform no longer has, and of those it holds for deletion', async () => {
    const [kept, held, gone] = [await ordered(), await ordered(), await ordered()];
    await admin(`/instances/${held.id}`, { state: 'pending_reclamation' }, 'PATCH');
    await admin(`/instances/${gone.id}`, { state: 'removed' }, 'PATCH');
    logged.length = 0;
    await app.get(ReconciliationDuty).round();
    expect(logged).toMatchObject([{ orphans: [gone.id], shouldBeDisabled: [held.id], blind: false, undecided: 0 }]);
    expect(reports.at(-1)).toMatchObject({ orphans: [gone.id], shouldBeDisabled: [held.id] });
    const { rows: marked } = await rows.query(
      'SELECT instance_id AS id FROM catalog_instances WHERE orphaned_at IS NOT NULL',
    );
    expect(marked).toEqual([{ id: gone.id }]);
    const state = { instanceId: kept.crn };
    expect((await platform.getServiceInstanceState(state)).result).toMatchObject({ enabled: true });
  });
});
