import { createHash, randomUUID } from 'node:crypto';

import { type InstanceId, toInstanceId, toUniqueIdentifier } from '@lib/kernel';
import {
  ObjectType,
  type OperationRequest,
  type OperationRequests,
  type ResponseBatchItem,
  RevocationReasonCode,
} from '@lib/kmip-protocol';
import {
  attribute,
  EngineHarness,
  insertInstance,
  nameValue,
  propertyRuns,
  startTestPostgres,
  type TestDatabase,
  vcenterKey,
} from '@lib/testing';
import fc from 'fast-check';
import { type Client } from 'pg';

import { PostgresObjectStores } from './postgres-object-stores';

jest.setTimeout(3_600_000);

/** Seconds; a search takes `PROPERTY_RUNS` and `PROPERTY_SEED`. */
const RUNS = 12;
const STEPS = 40;
const TENANTS = [0, 1, 2] as const;
const NOBODYS = '00000000-0000-4000-8000-000000000000';

/** Operations that name an object: a new one does not compile before it is here. */
type OfObject = {
  [N in keyof OperationRequests]: 'uniqueIdentifier' extends keyof OperationRequests[N] ? N : never;
}[keyof OperationRequests];

const OF_OBJECT: { readonly [N in OfObject]: (uniqueIdentifier: string) => OperationRequests[N] } = {
  Get: (uniqueIdentifier) => ({ uniqueIdentifier }),
  GetAttributes: (uniqueIdentifier) => ({ uniqueIdentifier, attributeNames: [] }),
  GetAttributeList: (uniqueIdentifier) => ({ uniqueIdentifier }),
  AddAttribute: (uniqueIdentifier) => ({
    uniqueIdentifier,
    attribute: attribute('x-note', { type: 'TextString', value: 'mine' }),
  }),
  Activate: (uniqueIdentifier) => ({ uniqueIdentifier }),
  Revoke: (uniqueIdentifier) => ({
    uniqueIdentifier,
    revocationReason: { revocationReasonCode: RevocationReasonCode.CessationOfOperation },
  }),
  Destroy: (uniqueIdentifier) => ({ uniqueIdentifier }),
};
const NAMES = Object.keys(OF_OBJECT) as OfObject[];

interface Step {
  readonly tenant: (typeof TENANTS)[number];
  readonly what: OfObject | 'Create' | 'Locate';
  /** Whose key is named; a tenant that has none names nobody's. */
  readonly whose: (typeof TENANTS)[number];
  readonly which: number;
}

const steps = fc.array(
  fc.record({
    tenant: fc.constantFrom(...TENANTS),
    what: fc.oneof(
      { arbitrary: fc.constantFrom(...NAMES), weight: 8 },
      { arbitrary: fc.constant('Create' as const), weight: 2 },
      { arbitrary: fc.constant('Locate' as const), weight: 1 },
    ),
    whose: fc.constantFrom(...TENANTS),
    which: fc.nat({ max: 99 }),
  }),
  { minLength: STEPS, maxLength: STEPS },
);

/** Draws the same for a tenant, whoever else draws in between. */
class Chance {
  tenant = 0;
  readonly #drawn = [0, 0, 0];

  constructor(private readonly run: string) {}

  readonly randomBytes = (length: number): Buffer => {
    const drawn = (this.#drawn[this.tenant] ?? 0) + 1;
    this.#drawn[this.tenant] = drawn;
    const seed = createHash('sha256').update(`${this.run} ${this.tenant} ${drawn}`);
    return Buffer.alloc(length, seed.digest());
  };

  readonly newUniqueIdentifier = () => {
    const hex = this.randomBytes(16).toString('hex');
    return toUniqueIdentifier(
      `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`,
    );
  };
}

/** Tenants as their clients see them. */
class Site {
  readonly keys: string[][] = TENANTS.map(() => []);

  constructor(
    private readonly chance: Chance,
    private readonly ask: (tenant: number, request: OperationRequest) => Promise<ResponseBatchItem>,
  ) {}

  /** @param named of the key, when it is not one of the tenant's own */
  async take({ tenant, what, whose, which }: Step, named?: string): Promise<object> {
    this.chance.tenant = tenant;
    const keys = this.keys[tenant] ?? [];
    const own = this.keys[whose] ?? [];
    const answer = await this.ask(tenant, requestOf(what, keys.length, named ?? own[which % own.length] ?? NOBODYS));
    if (answer.response?.name === 'Create') keys.push(answer.response.payload.uniqueIdentifier);
    // In any order, of what was made in one instant.
    return answer.response?.name === 'Locate' ? answer.response.payload.uniqueIdentifiers.toSorted() : answer;
  }
}

function requestOf(what: Step['what'], count: number, uniqueIdentifier: string): OperationRequest {
  if (what === 'Locate') return { name: what, payload: { attributes: [] } };
  if (what !== 'Create') return { name: what, payload: OF_OBJECT[what](uniqueIdentifier) } as OperationRequest;
  // Each tenant uses the same names.
  const attributes = [...vcenterKey, attribute('Name', nameValue(`key ${count}`))];
  return { name: what, payload: { objectType: ObjectType.SymmetricKey, templateAttribute: { attributes } } };
}

describe('three tenants of one engine and one database', () => {
  let database: TestDatabase;
  let admin: Client;
  let stores: PostgresObjectStores;

  beforeAll(async () => {
    database = await startTestPostgres();
    admin = await database.openAdmin();
    stores = new PostgresObjectStores(await database.openDataSource({ role: 'gateway' }));
  });
  afterAll(() => database.close());

  async function together(instanceIds: readonly InstanceId[], run: string): Promise<Site> {
    for (const instanceId of instanceIds) await insertInstance(admin, instanceId);
    const chance = new Chance(run);
    const { engine } = new EngineHarness({ dependencies: chance });
    const harnesses = instanceIds.map((instanceId) => new EngineHarness({ engine, instanceId }));
    return new Site(chance, async (tenant, { name, payload }) => {
      const [harness, instanceId] = [harnesses[tenant], instanceIds[tenant]];
      if (harness === undefined || instanceId === undefined) throw new Error('no such tenant');
      return harness.attempt(name, payload, { scope: { store: stores.forInstance(instanceId) } });
    });
  }

  /** The model: each has an engine, a catalog and a key manager to itself. */
  function apart(instanceIds: readonly InstanceId[], run: string): Site {
    const chance = new Chance(run);
    const harnesses = instanceIds.map((instanceId) => new EngineHarness({ instanceId, dependencies: chance }));
    return new Site(chance, async (tenant, { name, payload }) => {
      const harness = harnesses[tenant];
      if (harness === undefined) throw new Error('no such tenant');
      return harness.attempt(name, payload);
    });
  }

  it('are answered as if each were alone, and of a key of another one as of none', async () => {
    const asked = new Set<string>();
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const run = randomUUID();
        const instanceIds = TENANTS.map(() => toInstanceId(randomUUID()));
        const [shared, alone] = [await together(instanceIds, run), apart(instanceIds, run)];
        for (const step of plan) {
          const isForeign = step.whose !== step.tenant && (shared.keys[step.whose] ?? []).length > 0;
          const answer = await shared.take(step);
          expect(answer).toEqual(await alone.take(step, isForeign ? NOBODYS : undefined));
          if (isForeign) asked.add(step.what);
        }
      }),
      propertyRuns(RUNS),
    );
    expect([...NAMES].filter((name) => !asked.has(name))).toEqual([]);
  });
});
