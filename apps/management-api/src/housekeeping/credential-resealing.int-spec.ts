import { randomBytes, randomUUID } from 'node:crypto';

import { type InstanceId, newCorrelationId, Secret, systemClock } from '@lib/kernel';
import { PostgresRegionDirectory, PostgresUnitOfWork } from '@lib/persistence';
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

  /** The service as a process has it that knows these versions of the service key. */
  function rootKeys(keys: Readonly<Record<number, Buffer>>): RootKeyBindingService {
    const known = new Map(Object.entries(keys).map(([version, key]) => [Number(version), Secret.of(Buffer.from(key))]));
    const sealer = new CredentialSealer({ newest: Math.max(...known.keys()), keys: known });
    const unitOfWork = new PostgresUnitOfWork(dataSource);
    return new RootKeyBindingService(
      unitOfWork,
      sealer,
      new EndpointPolicy(KEY_MANAGER_DRIVERS),
      systemClock,
      randomUUID,
    );
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
      rootKeys: rootKeys({ 1: first, 2: second }),
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
});
