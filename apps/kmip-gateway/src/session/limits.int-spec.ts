import { type KmipClient } from '@lib/kmip-client';
import { type InstanceId } from '@lib/kernel';
import { BatchErrorContinuationOption, ObjectType, type OperationRequest, V1_1, V1_3 } from '@lib/kmip-protocol';
import { type IssuedCertificate } from '@lib/pki';
import { aRequest, failureCode, FakeKeyManager, startTestPostgres, type TestDatabase, vcenterKey } from '@lib/testing';

import { GatewayHarness, newVCenter } from '../../test/gateway-harness';

jest.setTimeout(120_000);

const KEYS = 10_000;
const ACCOUNT = 'busy-account';
const locate = (maximumItems?: number): OperationRequest => ({
  name: 'Locate',
  payload: { attributes: [], ...(maximumItems === undefined ? {} : { maximumItems }) },
});
const create: OperationRequest = {
  name: 'Create',
  payload: { objectType: ObjectType.SymmetricKey, templateAttribute: { attributes: [...vcenterKey] } },
};

let database: TestDatabase;
let admin: Awaited<ReturnType<TestDatabase['openAdmin']>>;
let gateway: GatewayHarness;
let client: KmipClient;
let instance: InstanceId;
let vCenter: IssuedCertificate;

beforeAll(async () => {
  database = await startTestPostgres();
  admin = await database.openAdmin();
  const dataSource = await database.openDataSource();
  const newKeyManager = () => new FakeKeyManager();
  const limits = { maximumConnectionsPerCertificate: 2, maximumConnectionsPerAccount: 3 };
  gateway = await GatewayHarness.start({ dataSource, newKeyManager, answerBytesPerOwner: 4_500_000, limits });
  vCenter = await newVCenter();
  instance = await gateway.tenants.add(ACCOUNT);
  await gateway.tenants.register(instance, vCenter);
  await gateway.settled();
  client = await gateway.connect(vCenter);
  await gateway.create(client);
  await admin.query(
    `INSERT INTO managed_objects SELECT (jsonb_populate_record(o,
        jsonb_build_object('id', gen_random_uuid(), 'digest', '\\x' || md5(n::text), 'stored_key_id', gen_random_uuid()))).*
      FROM managed_objects o, generate_series(2, ${KEYS}) n WHERE instance_id = $1`,
    [instance],
  );
});

afterAll(async () => {
  await gateway.close();
  await database.close();
});

/** Codes of the items, in their order and each once in a row; and what came over the wire for them. */
async function ask(
  requests: readonly OperationRequest[],
  protocolVersion = V1_1,
): Promise<{ codes: string[]; identifiers: number }> {
  const batchErrorContinuationOption = BatchErrorContinuationOption.Continue;
  const { batchItems } = await client.send(aRequest(requests, { protocolVersion, batchErrorContinuationOption }));
  const codes = batchItems.map((item) => failureCode(item) ?? 'ok');
  const found = batchItems.map(({ response }) =>
    response?.name === 'Locate' ? response.payload.uniqueIdentifiers.length : 0,
  );
  return {
    codes: codes.filter((code, n) => code !== codes[n - 1]),
    identifiers: found.reduce((sum, count) => sum + count, 0),
  };
}

describe('a message of many unfiltered Locates', () => {
  it('is answered with what fits in one answer, and the rest names the limit', async () => {
    const { codes, identifiers } = await ask(Array.from({ length: 1_000 }, () => locate()));
    expect(codes).toEqual(['ok', 'answer_limit']);
    // Each has 48 bytes on the wire.
    expect(identifiers * 48).toBeLessThan(4_194_304);
  });

  it('does not make a key behind them of which nobody would hear', async () => {
    const before = await keyCount();
    const { codes } = await ask([...Array.from({ length: 20 }, () => locate()), create]);
    expect(codes).toEqual(['ok', 'answer_limit']);
    expect(await keyCount()).toBe(before);
  });

  it('counts no more rows when the answers are short', async () => {
    const counted: OperationRequest = { name: 'Locate', payload: { attributes: [], maximumItems: 1, offsetItems: 0 } };
    const { codes } = await ask([...Array.from({ length: 999 }, () => counted), create], V1_3);
    expect(codes).toEqual(['ok', 'message_work', 'ok']);
  });

  it('is answered as a whole when each looks for one key only', async () => {
    const { codes, identifiers } = await ask([...Array.from({ length: 200 }, () => locate(1)), create]);
    expect([codes, identifiers]).toEqual([['ok'], 200]);
  });
});

it('two messages with large answers have no memory at the same time, but one after the other', async () => {
  const large = () => ask(Array.from({ length: 8 }, () => locate()));
  const unread = gateway.answers.account(instance);
  expect(unread.hold(4_000_000)).toBe(true);
  expect((await large()).codes).toEqual(['ok', 'answer_memory']);
  unread.release();
  expect((await large()).codes).toEqual(['ok']);
  expect((await large()).codes).toEqual(['ok']);
});

describe('a client over a limit of connections', () => {
  it('is told which by the answer to its first request, and others of the same owner are served on', async () => {
    const second = await gateway.connect(vCenter);
    const third = await gateway.connect(vCenter);
    expect(await gateway.create(third)).toEqual({ failure: 'connections_per_certificate' });
    expect(await gateway.create(second)).toMatchObject({ id: expect.any(String) as string });
    await second.close();
    await third.close();
  });

  it('counts the instances of one account together, and another account not', async () => {
    const [sibling, neighbour] = [await newVCenter(), await newVCenter()];
    await gateway.tenants.register(await gateway.tenants.add(ACCOUNT), sibling);
    await gateway.tenants.register(await gateway.tenants.add(), neighbour);
    await gateway.settled();
    const open = [await gateway.connect(sibling), await gateway.connect(sibling)];
    const surplus = await gateway.connect(vCenter);
    expect(await gateway.create(surplus)).toEqual({ failure: 'connections_per_account' });
    expect(await gateway.create(await gateway.connect(neighbour))).toMatchObject({ id: expect.any(String) as string });
    for (const each of open) await each.close();
  });
});

async function keyCount(): Promise<string | undefined> {
  const { rows } = await admin.query<{ count: string }>('SELECT count(*) FROM managed_objects WHERE instance_id = $1', [
    instance,
  ]);
  return rows[0]?.count;
}
