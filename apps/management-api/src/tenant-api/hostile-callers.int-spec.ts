import { randomUUID } from 'node:crypto';

import { type InstanceId, newCorrelationId } from '@lib/kernel';
import { issueClientCertificate } from '@lib/pki';
import { FakeIam, FakeKeyManager, sampleAudit, sampleObject, startTestPostgres, type TestDatabase } from '@lib/testing';
import fc from 'fast-check';

import { boundOperations, TENANT_API_CONTROLLERS } from '../../test/bound-operations';
import { OTHER_ACCOUNT, TenantApiApp } from '../../test/tenant-api-app';
import { ROLE_ACTIONS, ROLES } from '@lib/tenancy';
import { type DocumentedOperation, loadApiDocument, type Schema } from '../http/openapi/document';

jest.setTimeout(300_000);

const FUZZ_REQUESTS = 5_000;
const SEED = 20_261_124;

const document = loadApiDocument();
const operations = boundOperations(document, TENANT_API_CONTROLLERS);

describe('tenant API against hostile callers', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;
  let mine: InstanceId;
  let foreign: InstanceId;
  let keyId: string;
  let certificateId: string;

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    const found = {
      passed: true,
      destroyPermitted: true,
      checkedAt: new Date(),
      steps: [],
    };
    const record = {
      name: '',
      iamId: 'iam-ServiceId-1',
      accountId: '',
      ofServiceId: true,
      locked: false,
      disabled: false,
    };
    const workbench = {
      describeApiKey: () => Promise.resolve(record),
      keyManagers: () => Promise.resolve([]),
      rootKeys: () => Promise.resolve(undefined),
      check: () => Promise.resolve(found),
    };
    // Making keys takes longer than everything else here, and is not what is tried.
    const { certificatePem, privateKeyPem } = await issueClientCertificate('self-signed', {
      commonName: 'x',
      validDays: 9,
    });
    const issuer = {
      sign: () => Promise.resolve(certificatePem),
      issue: () => Promise.resolve({ certificatePem, privateKeyPem: privateKeyPem.clone() }),
    };
    const dataSource = await database.openDataSource();
    api = await TenantApiApp.start(dataSource, iam, new FakeKeyManager(), workbench, { issuer });
    mine = await api.newInstance();
    foreign = await api.newInstance(OTHER_ACCOUNT);
    const object = sampleObject();
    keyId = object.uniqueIdentifier;
    const store = api.stores.forInstance(mine);
    const intent = { storedKeyName: `vmware_kmip_${keyId}`, startedAt: new Date(), createdBy: 'x' };
    await store.openIntent({ uniqueIdentifier: object.uniqueIdentifier, ...intent }, 10);
    await store.completeIntent(object, sampleAudit(mine, { correlationId: newCorrelationId() }));
    const allowed = await issueClientCertificate('self-signed', { commonName: 'vc', validDays: 30 });
    const body = { name: 'vc', certificate: allowed.certificatePem };
    const added = await api.send('POST', `/v1/instances/${mine}/client_certificates`, { body });
    certificateId = String(added.body['id']);
  });

  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop()]);
  });

  beforeEach(() => {
    api.failures.length = 0;
  });

  const pathOf = ({ path }: DocumentedOperation, instance: string, id: string): string => {
    const under = path.startsWith('/v1/instances/{id}') ? instance : id;
    return path
      .replace('{instance_id}', instance)
      .replace('{key_manager_id}', randomUUID())
      .replace('{client_certificate_id}', certificateId)
      .replace('{id}', encodeURIComponent(under));
  };
  const idFor = ({ path }: DocumentedOperation): string => (path.includes('/keys/') ? keyId : certificateId);

  describe.each(operations.map((operation) => [operation.contract.operation.id, operation] as const))(
    '%s',
    (_id, { contract: { operation }, action, instanceParameter }) => {
      const send = (as: string, instance: string): ReturnType<TenantApiApp['send']> =>
        api.send(operation.method, pathOf(operation, instance, idFor(operation)), { as });

      it('is closed without a token', async () => {
        const answer = await send('no token', mine);
        expect(answer.status).toBe(401);
        expect(answer.headers['www-authenticate']).toBeDefined();
      });

      if (instanceParameter === undefined) return;

      it('does not tell an instance of another account from none', async () => {
        const [theirs, none] = [await send('manager', foreign), await send('manager', randomUUID())];
        expect([theirs.status, none.status]).toEqual([404, 404]);
        expect(theirs.body.errors).toEqual(none.body.errors);
        expect((await send('foreigner', mine)).status).toBe(404);
      });

      it.each(ROLES)('obeys the table for %s', async (role) => {
        const permitted = ROLE_ACTIONS[role].includes(action);
        // What the role may do fails later or not at all, but never for want of permission. Without a body or a
        // parameter it changes nothing.
        const { status } = await send(role, mine);
        if (permitted) expect(status).not.toBe(403);
        else expect(status).toBe(403);
      });

      it('shows nobody anything', async () => {
        expect((await send('nobody', mine)).status).toBe(404);
      });
    },
  );

  it(`answers ${FUZZ_REQUESTS} requests made from the document without a 5xx`, async () => {
    const samples = fc.sample(fc.tuple(fc.nat(operations.length - 1), fc.infiniteStream(fc.nat(0xffff))), {
      numRuns: FUZZ_REQUESTS,
      seed: SEED,
    });
    const statuses = new Map<number, number>();
    const found: string[] = [];
    let fuzzed = 0;
    await inParallel(16, samples, async ([index, numbers]) => {
      const operation = operations[index]!.contract.operation;
      const dice = new Dice(numbers);
      const request = fuzz(operation, dice, { mine, ids: [keyId, certificateId] });
      const { status, text } = await api.send(operation.method, request.path, request);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      fuzzed += 1;
      if (status >= 500) found.push(`${operation.id} ${request.path} ${JSON.stringify(request.body)} ${text}`);
    });
    expect(found).toEqual([]);
    expect(fuzzed).toBe(FUZZ_REQUESTS);
    // Otherwise it would have been refused at the door and shown nothing.
    expect(statuses.get(200)).toBeGreaterThan(FUZZ_REQUESTS / 20);
    expect(statuses.get(400)).toBeGreaterThan(FUZZ_REQUESTS / 20);
    expect(api.failures).toEqual([]);
  });
});

async function inParallel<T>(workers: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = [...items];
  const run = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: workers }, run));
}

/** Decisions from a seeded stream, so that a failing request can be made again. */
class Dice {
  constructor(private readonly numbers: IterableIterator<number>) {}

  below(limit: number): number {
    return Number(this.numbers.next().value) % limit;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }
}

interface Known {
  readonly mine: string;
  readonly ids: readonly string[];
}

const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e308,
  Number.MAX_SAFE_INTEGER,
  '',
  ' ',
  '\u0000',
  '\ud800',
  '\u202e;--',
  "' OR 1=1 --",
  'a'.repeat(20_000),
  '%00',
  '../../etc/passwd',
  '9999-99-99T99:99:99Z',
  [],
  [[[]]],
  {},
  { $ref: '#' },
  { __proto__: null, constructor: 1 },
];

function fuzz(
  operation: DocumentedOperation,
  dice: Dice,
  known: Known,
): { path: string; body?: unknown; headers: Record<string, string> } {
  const path = operation.path.replaceAll(/\{([a-z_]+)\}/g, (_match, name: string) => {
    if (name === 'instance_id' || operation.path.endsWith('instances/{id}')) return known.mine;
    return encodeURIComponent(dice.chance(3) ? text(dice) : dice.pick(known.ids));
  });
  const query = operation.parameters
    .filter((parameter) => parameter.in === 'query' && (parameter.required || dice.chance(3)))
    .map(({ name, schema }) => `${encodeURIComponent(name)}=${encodeURIComponent(wellFormed(valueFor(schema, dice)))}`);
  const headers = Object.fromEntries(
    operation.parameters
      .filter((parameter) => parameter.in === 'header' && (parameter.required || dice.chance(4)))
      .map(({ name }) => [name, dice.pick(['*', '"abc"', 'validate', 'x'])]),
  );
  const [schema] = Object.values(operation.requestBody);
  return {
    path: query.length > 0 ? `${path}?${query.join('&')}` : path,
    ...(schema && { body: dice.chance(20) ? '{"a":1,"a":[' : (valueFor(schema, dice, 8) ?? {}) }),
    headers,
  };
}

const text = (dice: Dice): string => wellFormed(dice.pick(ODD));

/** encodeURIComponent refuses half a surrogate pair, which no client can send in a URI either. */
const wellFormed = (value: unknown): string => {
  const written = typeof value === 'string' ? value : ((JSON.stringify(value) as string | undefined) ?? '');
  return written.replaceAll(/\p{Cs}/gu, '?').slice(0, 3_000);
};

/** Mostly what the schema asks for, now and then something else. */
function valueFor(schema: Schema, dice: Dice, oddOneIn = 5): unknown {
  if (dice.chance(oddOneIn)) return dice.pick(ODD);
  const { example, enum: choices, properties, allOf } = schema;
  if (Array.isArray(choices)) return dice.pick(choices as unknown[]);
  if (Array.isArray(allOf)) return valueFor(allOf[0] as Schema, dice, oddOneIn);
  if (properties !== undefined) {
    const fields = Object.entries(properties as Record<string, Schema>).filter(() => !dice.chance(3));
    return Object.fromEntries(fields.map(([name, field]) => [name, valueFor(field, dice, 8)]));
  }
  if (schema.type === 'integer') return dice.pick([1, 2, 50, 100]);
  if (schema.type === 'boolean') return dice.chance(2);
  return example ?? schema.default ?? 'x';
}
