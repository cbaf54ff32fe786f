import { randomBytes, randomUUID } from 'node:crypto';

import { type InstanceId, newCorrelationId, Secret, systemClock } from '@lib/kernel';
import { PostgresRegionDirectory, PostgresUnitOfWork, PostgresWebhooks } from '@lib/persistence';
import { KEY_MANAGER_DRIVERS } from '@lib/platform';
import {
  type ActionContext,
  CredentialSealer,
  EndpointPolicy,
  InstanceService,
  RootKeyBindingService,
} from '@lib/tenancy';
import { ManualClock, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type DataSource } from 'typeorm';

import { sealedRow, WebhookSender } from '../webhooks/webhook-sender';
import { Webhooks } from '../webhooks/webhooks';
import { CredentialResealing, RESEAL_AFTER_MS } from './credential-resealing';

jest.setTimeout(60_000);

const context: ActionContext = {
  initiator: { kind: 'user', iamId: 'IBMid-1' },
  correlationId: newCorrelationId(),
  observer: 'management-api',
};

describe('CredentialResealing', () => {
  const [first, second] = [randomBytes(32), randomBytes(32)];
  let database: TestDatabase;
  let dataSource: DataSource;
  let directory: PostgresRegionDirectory;

  beforeAll(async () => {
    database = await startTestPostgres();
    dataSource = await database.openDataSource();
    directory = new PostgresRegionDirectory(dataSource);
  });
  afterAll(() => database.close());

  type Keys = Readonly<Record<number, Buffer>>;

  /** As a process has it that knows these versions of the service key. */
  function sealerOf(keys: Keys): CredentialSealer {
    const known = new Map(Object.entries(keys).map(([version, key]) => [Number(version), Secret.of(Buffer.from(key))]));
    return new CredentialSealer({ newest: Math.max(...known.keys()), keys: known });
  }

  function rootKeys(keys: Keys): RootKeyBindingService {
    const unitOfWork = new PostgresUnitOfWork(dataSource);
    const policy = new EndpointPolicy(KEY_MANAGER_DRIVERS);
    return new RootKeyBindingService(unitOfWork, sealerOf(keys), policy, systemClock, randomUUID);
  }

  function webhooks(keys: Keys): Webhooks {
    const sealer = sealerOf(keys);
    const instances = new InstanceService(new PostgresUnitOfWork(dataSource), directory, systemClock);
    const sender = new WebhookSender({ sealer, post: {}, clock: systemClock });
    const restore = { heldSince: () => undefined };
    const store = new PostgresWebhooks(dataSource);
    return new Webhooks({ store, sender, sealer, instances, restore, clock: systemClock });
  }

  async function addInstance(): Promise<InstanceId> {
    const instances = new InstanceService(new PostgresUnitOfWork(dataSource), directory, systemClock);
    const crn = `crn:v1:bluemix:public:kmip:eu-de:a/acc:${randomUUID()}::`;
    const { id } = await instances.create({ crn, name: 'kmip-01' }, context);
    await rootKeys({ 1: first }).setCredential(id, { apiKey: Secret.fromText(`key of ${id}`) }, context);
    return id;
  }

  function setUp() {
    const clock = new ManualClock();
    const counted: number[] = [];
    const unreadable: InstanceId[] = [];
    const resealing = new CredentialResealing({
      directory,
      keepers: [rootKeys({ 1: first, 2: second }), webhooks({ 1: first, 2: second })],
      serviceKeyVersion: 2,
      clock,
      gauge: (count) => counted.push(count),
      unreadable: (id) => unreadable.push(id),
    });
    return { clock, counted, unreadable, resealing };
  }

  it('waits for the other processes, moves every API key, and leaves one alone that cannot be opened', async () => {
    const ids = await Promise.all(Array.from({ length: 5 }, addInstance));
    const [broken, ...sound] = ids;
    if (broken === undefined) throw new Error('no instance');
    const admin = await database.openAdmin();
    await admin.query(`UPDATE credentials SET sealed_api_key = '\\x00' WHERE instance_id = $1`, [broken]);
    const { clock, counted, unreadable, resealing } = setUp();

    await resealing.round();
    expect(counted).toEqual([5]);
    for (const id of sound) expect((await rootKeys({ 1: first }).openApiKey(id)).exposeText()).toBe(`key of ${id}`);

    clock.advance(RESEAL_AFTER_MS);
    await resealing.round();
    expect(counted).toEqual([5, 1]);
    expect(unreadable).toEqual([broken]);
    for (const id of sound) expect((await rootKeys({ 2: second }).openApiKey(id)).exposeText()).toBe(`key of ${id}`);
  });

  it('moves the secrets of webhooks as well', async () => {
    const id = await addInstance();
    const wish = { url: 'https://hooks.example.com/', vmNames: false };
    const made = await webhooks({ 1: first }).set(id, wish, { present: undefined, revision: undefined }, context);
    const { clock, unreadable, resealing } = setUp();
    await resealing.round();
    clock.advance(RESEAL_AFTER_MS);
    await resealing.round();
    expect(unreadable).not.toContain(id);
    const moved = await webhooks({ 2: second }).find(id);
    expect(moved?.revision).toBe(1);
    const opened = moved && sealerOf({ 2: second }).open(sealedRow(id, moved.id), moved.secret);
    expect(opened?.expose()).toEqual(made?.expose());
  });
});
