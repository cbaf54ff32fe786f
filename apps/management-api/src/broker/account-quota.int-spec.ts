import { randomUUID } from 'node:crypto';

import { newCorrelationId, systemClock } from '@lib/kernel';
import { PostgresRegionDirectory, PostgresUnitOfWork } from '@lib/persistence';
import { type Order, requireInstanceCrn } from '@lib/service-instances';
import { type ActionContext, InstanceService } from '@lib/tenancy';
import { startTestPostgres, type TestDatabase } from '@lib/testing';

import { brokerConfig, type BrokerServices, brokerServices, OFFER } from '../../test/broker-app';

jest.setTimeout(120_000);

const MAXIMUM = 3;
const context: ActionContext = {
  initiator: { kind: 'system', component: 'test' },
  correlationId: newCorrelationId(),
  observer: 'test',
};
const crnIn = (account: string): string =>
  `crn:v1:bluemix:public:kmip-for-vmware:us-south:a/${account}:${randomUUID()}::`;

describe('the instances of one account', () => {
  const databases: TestDatabase[] = [];
  let instances: InstanceService;
  let parts: BrokerServices;

  async function work(database: TestDatabase): Promise<void> {
    databases.push(database);
    const dataSource = await database.openDataSource({ role: 'api' });
    const directory = new PostgresRegionDirectory(dataSource);
    const unitOfWork = new PostgresUnitOfWork(dataSource);
    instances = new InstanceService(unitOfWork, directory, systemClock, { maximumPerAccount: MAXIMUM });
    const config = brokerConfig({ MAXIMUM_INSTANCES_PER_ACCOUNT: String(MAXIMUM) });
    parts = await brokerServices({ dataSource, config });
  }
  beforeEach(async () => work(await startTestPostgres()));
  afterEach(async () => {
    for (const each of databases.splice(0).toReversed()) await each.close();
  });

  const orderIn = (account: string): Order => ({
    ...requireInstanceCrn(crnIn(account)),
    serviceId: OFFER.serviceId,
    plan: OFFER.plans[0]!,
    attributes: { parameters: {}, context: {} },
    acceptsIncomplete: true,
    context,
  });
  const make = (account: string, crn = crnIn(account)) => instances.create({ crn, name: 'kmip-01' }, context);
  const codes = (outcomes: readonly PromiseSettledResult<unknown>[]): string[] =>
    outcomes.map((each) => (each.status === 'fulfilled' ? 'made' : (each.reason as { code: string }).code)).toSorted();

  it('are counted rightly while many are made at once, on both ways, and for each account by itself', async () => {
    const [mine, other] = ['a'.repeat(32), 'b'.repeat(32)];
    const made = await Promise.allSettled(Array.from({ length: 6 }, () => make(mine)));
    expect(codes(made)).toEqual([
      ...Array.from({ length: 3 }, () => 'instance_quota_exceeded'),
      ...Array.from({ length: MAXIMUM }, () => 'made'),
    ]);
    const mixed = await Promise.allSettled([
      ...Array.from({ length: 3 }, () => make(other)),
      ...Array.from({ length: 3 }, () => parts.provisioning.provision(orderIn(other))),
    ]);
    expect(codes(mixed).filter((code) => code === 'made')).toHaveLength(MAXIMUM);
    expect(await instances.list({ accountId: other, limit: 10 })).toHaveLength(MAXIMUM);
  });

  it('tell which limit it is, leave nothing of what was refused, and have room again after a removal', async () => {
    const account = 'c'.repeat(32);
    const crn = crnIn(account);
    const [first] = [await make(account, crn), await make(account), await make(account)];
    await expect(make(account)).rejects.toThrow(/MAXIMUM_INSTANCES_PER_ACCOUNT, 3/);
    // What is there is told so, also in a full account.
    await expect(make(account, crn)).rejects.toMatchObject({ code: 'instance_exists' });
    const order = orderIn(account);
    await expect(parts.provisioning.provision(order)).rejects.toMatchObject({
      code: 'catalog_plan_limit',
      message: expect.stringMatching(
        /^The account has as many KMIP instances .+MAXIMUM_INSTANCES_PER_ACCOUNT/,
      ) as string,
    });
    await instances.remove(first.id, context);
    expect(await parts.provisioning.provision(order)).toMatchObject({ kind: 'created' });
  });

  it('are those that a restore brought back, and no others', async () => {
    const account = 'd'.repeat(32);
    await make(account);
    const backup = await startTestPostgres({ from: databases[0]!.connection.database });
    await make(account);
    await make(account);
    await expect(make(account)).rejects.toMatchObject({ code: 'instance_quota_exceeded' });
    await work(backup);
    await make(account);
    await make(account);
    await expect(make(account)).rejects.toMatchObject({ code: 'instance_quota_exceeded' });
  });
});
