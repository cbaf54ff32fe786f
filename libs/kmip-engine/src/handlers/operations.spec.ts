import {
  type Attribute,
  ObjectType,
  Operation,
  type OperationRequest,
  type ProtocolVersion,
  RevocationReasonCode,
  State,
  Tag,
  V1_0,
  V1_1,
  V1_2,
  V1_3,
  V1_4,
  V2_0,
  V2_1,
  versionOf,
} from '@lib/kmip-protocol';
import { type CommonFields, everyOperation, OBJECT_KINDS, stateNumbers, type StoredState } from '@lib/kmip-engine';
import { EngineHarness, attribute, failureCode, nameValue, reasonName, vcenterKey } from '@lib/testing';

const text = (value: string) => ({ type: 'TextString', value }) as const;
const integer = (value: number) => ({ type: 'Integer', value }) as const;
const enumeration = (value: number) => ({ type: 'Enumeration', value }) as const;
const date = (seconds: number) => ({ type: 'DateTime', value: BigInt(seconds) }) as const;

const NOW_SECONDS = Date.UTC(2026, 10, 24, 12) / 1000;
const UNKNOWN = '00000000-0000-4000-8000-000000000000';

/** Every operation on an existing object, as one request. */
const operations = (uniqueIdentifier: string): readonly OperationRequest[] => [
  { name: 'Get', payload: { uniqueIdentifier } },
  { name: 'GetAttributes', payload: { uniqueIdentifier, attributeNames: ['State'] } },
  { name: 'GetAttributeList', payload: { uniqueIdentifier } },
  { name: 'AddAttribute', payload: { uniqueIdentifier, attribute: attribute('x-a', text('1')) } },
  { name: 'Activate', payload: { uniqueIdentifier } },
  {
    name: 'Revoke',
    payload: { uniqueIdentifier, revocationReason: { revocationReasonCode: RevocationReasonCode.Superseded } },
  },
  { name: 'Destroy', payload: { uniqueIdentifier } },
];

/** Rows in the order of `operations`; what each answers in a state. */
const byState: readonly (readonly [StoredState, ...string[]])[] = [
  ['PreActive', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok', 'ok'],
  ['Active', 'ok', 'ok', 'ok', 'ok', 'activate_wrong_state', 'ok', 'destroy_active'],
  ['Deactivated', 'ok', 'ok', 'ok', 'ok', 'activate_wrong_state', 'revoke_wrong_state', 'ok'],
  ['Compromised', 'ok', 'ok', 'ok', 'ok', 'activate_wrong_state', 'revoke_wrong_state', 'ok'],
  [
    'Destroyed',
    'key_destroyed',
    'ok',
    'ok',
    'object_is_destroyed',
    'activate_wrong_state',
    'revoke_wrong_state',
    'already_destroyed',
  ],
  [
    'DestroyedCompromised',
    'key_destroyed',
    'ok',
    'ok',
    'object_is_destroyed',
    'activate_wrong_state',
    'revoke_wrong_state',
    'already_destroyed',
  ],
];
const stateCells = byState.flatMap(([state, ...answers]) =>
  operations(UNKNOWN).map(({ name }, index) => [name, state, answers[index]!, index] as const),
);

describe('operation by state', () => {
  it.each(stateCells)('%s on a key that is %s: %s', async (_, state, expected, index) => {
    const harness = new EngineHarness();
    const id = await harness.createKey();
    harness.store.overwrite({ ...harness.store.objects()[0]!, state });
    const { name, payload } = operations(id)[index]!;
    const answer = await harness.attempt(name, payload);
    expect(failureCode(answer) ?? 'ok').toBe(expected);
    if (expected !== 'ok')
      expect(reasonName(answer.resultReason)).toBe(expected === 'key_destroyed' ? 'ItemNotFound' : 'PermissionDenied');
  });

  /** What lies over a state: it stays as it is, and some operations are refused. */
  const overlays: readonly (readonly [string, Partial<CommonFields>, ...string[]])[] = [
    ['suspended', { suspended: true }, 'key_suspended', 'ok', 'ok', 'ok', 'ok', 'ok', 'key_suspended'],
    [
      'being destroyed',
      { destroyRequestedAt: new Date(0) },
      'key_being_destroyed',
      'ok',
      'ok',
      'ok',
      'key_being_destroyed',
      'ok',
      'ok',
    ],
  ];
  const overlayCells = overlays.flatMap(([overlay, changes, ...answers]) =>
    operations(UNKNOWN).map(({ name }, index) => [name, overlay, answers[index]!, index, changes] as const),
  );
  it.each(overlayCells)('%s on a key that is %s: %s', async (_name, _overlay, expected, index, changes) => {
    const harness = new EngineHarness();
    const id = await harness.createKey();
    harness.store.overwrite({ ...harness.store.objects()[0]!, ...changes });
    const { name, payload } = operations(id)[index]!;
    expect(failureCode(await harness.attempt(name, payload)) ?? 'ok').toBe(expected);
  });

  it.each(operations(UNKNOWN))('$name tells an unknown key from nothing else', async ({ name, payload }) => {
    const harness = new EngineHarness();
    expect(await harness.refusal(name, payload)).toStrictEqual({ reason: 'ItemNotFound', code: 'unknown_object' });
    expect(harness.store.audits).toMatchObject([
      { outcome: 'failure', reason: 'unknown_object', target: { id: UNKNOWN } },
    ]);
  });
});

describe('operation by version', () => {
  const introduced: readonly (readonly [string, number])[] = [
    ['DiscoverVersions', 1],
    ['Query', 0],
    ['Create', 0],
    ['Locate', 0],
    ['Get', 0],
  ];
  it.each(introduced)('%s exists from 1.%s on', async (name, first) => {
    const harness = new EngineHarness();
    const id = await harness.createKey();
    const payloads: Record<string, unknown> = {
      DiscoverVersions: { protocolVersions: [] },
      Query: { queryFunctions: [1] },
      Create: { objectType: 2, templateAttribute: { attributes: vcenterKey } },
      Locate: { attributes: [] },
      Get: { uniqueIdentifier: id },
    };
    for (let minor = 0; minor <= 4; minor++) {
      const answer = await harness.attempt(name as 'Get', payloads[name] as { uniqueIdentifier: string }, {
        version: versionOf(1, minor),
      });
      expect(failureCode(answer) ?? 'ok').toBe(minor < first ? 'operation_not_supported' : 'ok');
    }
  });

  it('answers everything else with Operation Not Supported', async () => {
    const harness = new EngineHarness();
    const served = everyOperation().numbers(V1_4);
    const others = Object.values(Operation).filter((operation) => !served.includes(operation));
    for (const operation of [...others, 48, 0x8000_0001]) {
      const { batchItems } = await harness.exchange({
        header: { protocolVersion: V1_4, batchCount: 1 },
        batchItems: [{ operation, request: { name: 'Get', payload: {} } }],
      });
      expect(batchItems.map(({ resultReason }) => reasonName(resultReason))).toStrictEqual(['OperationNotSupported']);
    }
  });

  it('Discover Versions answers the common ones in our order, and none at all', async () => {
    const harness = new EngineHarness();
    const asked = [V1_0, V2_1, V1_3, V1_1];
    expect(await harness.perform('DiscoverVersions', { protocolVersions: asked })).toStrictEqual({
      protocolVersions: [V1_3, V1_1, V1_0],
    });
    expect(await harness.perform('DiscoverVersions', { protocolVersions: [V2_0] })).toStrictEqual({
      protocolVersions: [],
    });
  });

  it.each([0, 1, 2, 3, 4])('Query in 1.%s lists operations of that version', async (minor) => {
    const harness = new EngineHarness();
    const { operations: listed, objectTypes } = await harness.perform(
      'Query',
      { queryFunctions: [2, 1, 8, 99] },
      { version: versionOf(1, minor) },
    );
    expect(listed).toStrictEqual(everyOperation().numbers(versionOf(1, minor)));
    expect(listed?.includes(Operation.DiscoverVersions)).toBe(minor > 0);
    expect(objectTypes).toStrictEqual(OBJECT_KINDS.map(({ objectType }) => objectType));
    expect(objectTypes).toContain(ObjectType.SymmetricKey);
  });
});

describe('Query for capabilities and generators', () => {
  const tags = async (version: ProtocolVersion) => {
    const { other } = await new EngineHarness().perform('Query', { queryFunctions: [11, 8, 3] }, { version });
    return other?.map(({ tag, value }) => [tag, Array.isArray(value) ? value.length : 0]);
  };

  it('answers nothing of it before 1.3, and in 1.4 more than in 1.3', async () => {
    expect(await tags(V1_2)).toBeUndefined();
    expect(await tags(V1_3)).toStrictEqual([
      [Tag.RNGParameters, 1],
      [Tag.CapabilityInformation, 3],
    ]);
    expect(await tags(V1_4)).toStrictEqual([
      [Tag.RNGParameters, 1],
      [Tag.CapabilityInformation, 5],
    ]);
  });
});

describe('Revoke', () => {
  it('keeps message and date of the compromise, and shows them', async () => {
    const harness = new EngineHarness();
    const uniqueIdentifier = await harness.createKey();
    await harness.perform('Revoke', {
      uniqueIdentifier,
      revocationReason: { revocationReasonCode: 2, revocationMessage: 'disk lost' },
      compromiseOccurrenceDate: new Date(6000),
    });
    const attributeNames = ['Revocation Reason', 'Compromise Occurrence Date'];
    const { attributes } = await harness.perform('GetAttributes', { uniqueIdentifier, attributeNames });
    expect(attributes.map(({ attributeValue }) => attributeValue)).toStrictEqual([
      {
        type: 'Structure',
        value: [
          { tag: Tag.RevocationReasonCode, type: 'Enumeration', value: 2 },
          { tag: Tag.RevocationMessage, type: 'TextString', value: 'disk lost' },
        ],
      },
      date(6),
    ]);
  });

  it('refuses a message longer than an attribute may be', async () => {
    const harness = new EngineHarness();
    const uniqueIdentifier = await harness.createKey();
    const revocationReason = { revocationReasonCode: 1, revocationMessage: 'm'.repeat(4097) };
    expect(await harness.refusal('Revoke', { uniqueIdentifier, revocationReason })).toMatchObject({
      code: 'attribute_too_long',
    });
  });
});

/** SKFF-M-9 of the official test cases: the list of a key created, activated, fetched and reported compromised. */
const list10 = [
  'Activation Date',
  'Compromise Date',
  'Compromise Occurrence Date',
  'Cryptographic Algorithm',
  'Cryptographic Length',
  'Cryptographic Usage Mask',
  'Digest',
  'Initial Date',
  'Last Change Date',
  'Lease Time',
  'Name',
  'Object Type',
  'Revocation Reason',
  'State',
  'Unique Identifier',
];
const lists: readonly (readonly string[])[] = [
  [],
  ['Fresh'],
  ['Fresh', 'Original Creation Date'],
  ['Fresh', 'Original Creation Date', 'Random Number Generator'],
  [
    'Fresh',
    'Original Creation Date',
    'Random Number Generator',
    'Always Sensitive',
    'Extractable',
    'Never Extractable',
    'Sensitive',
  ],
];

describe('attributes', () => {
  let harness: EngineHarness;
  let id: string;
  beforeEach(async () => {
    harness = new EngineHarness();
    id = await harness.createKey([attribute('Name', nameValue('first'))]);
  });
  const add = (name: string, value: Attribute['attributeValue'], version = V1_1) =>
    harness.refusal('AddAttribute', { uniqueIdentifier: id, attribute: attribute(name, value) }, { version });
  const change = (changes: Partial<CommonFields>) =>
    harness.store.overwrite({ ...harness.store.objects()[0]!, ...changes });

  it.each([0, 1, 2, 3, 4])('lists what KMIP 1.%s knows, and never more', async (minor) => {
    await harness.perform('Activate', { uniqueIdentifier: id });
    const revocationReason = { revocationReasonCode: RevocationReasonCode.KeyCompromise };
    await harness.perform('Revoke', { uniqueIdentifier: id, revocationReason });
    const { attributeNames } = await harness.perform(
      'GetAttributeList',
      { uniqueIdentifier: id },
      { version: versionOf(1, minor) },
    );
    const expected = [...list10, ...lists[minor]!].sort();
    expect([...attributeNames].sort()).toStrictEqual(expected);
    const { attributes } = await harness.perform(
      'GetAttributes',
      { uniqueIdentifier: id, attributeNames: [] },
      { version: versionOf(1, minor) },
    );
    expect(attributes.map(({ attributeName }) => attributeName).sort()).toStrictEqual(expected);
    const { attributes: fresh } = await harness.perform(
      'GetAttributes',
      { uniqueIdentifier: id, attributeNames: ['Fresh', 'Sensitive', 'x-none', 'No Such Attribute'] },
      { version: versionOf(1, minor) },
    );
    expect(fresh.map(({ attributeName }) => attributeName)).toStrictEqual(
      ['Fresh', 'Sensitive'].filter((name) => expected.includes(name)),
    );
  });

  it('shows Fresh until the key was served', async () => {
    const fresh = async () =>
      (await harness.perform('GetAttributes', { uniqueIdentifier: id, attributeNames: ['Fresh'] })).attributes[0]
        ?.attributeValue;
    expect(await fresh()).toStrictEqual({ type: 'Boolean', value: true });
    await harness.fetch(id);
    expect(await fresh()).toStrictEqual({ type: 'Boolean', value: false });
  });

  it('refuses a name asked for twice', async () => {
    const attributeNames = ['State', 'State'];
    expect(await harness.refusal('GetAttributes', { uniqueIdentifier: id, attributeNames })).toMatchObject({
      reason: 'InvalidMessage',
    });
  });

  const refused: readonly (readonly [string, string, Attribute['attributeValue'], string, string])[] = [
    ['a server attribute', 'State', enumeration(State.Active), 'PermissionDenied', 'attribute_read_only'],
    [
      'an attribute of every key',
      'Lease Time',
      { type: 'Interval', value: 1 },
      'PermissionDenied',
      'attribute_read_only',
    ],
    ['a server date', 'Destroy Date', date(0), 'PermissionDenied', 'attribute_read_only'],
    ['a server custom attribute', 'y-mine', text('1'), 'PermissionDenied', 'attribute_read_only'],
    ['an attribute of certificates', 'Certificate Type', enumeration(1), 'PermissionDenied', 'attribute_not_supported'],
    [
      'an attribute we do not support',
      'Usage Limits',
      { type: 'Structure', value: [] },
      'PermissionDenied',
      'attribute_not_supported',
    ],
    ['an attribute of a later version', 'Comment', text('1'), 'InvalidField', 'attribute_unknown'],
    ['no attribute of the standard', 'Nonsense', text('1'), 'InvalidField', 'attribute_unknown'],
    ['__proto__', '__proto__', text('1'), 'InvalidField', 'attribute_unknown'],
    ['no value', 'x-a', undefined, 'InvalidField', 'attribute_value_missing'],
    ['a wrong type', 'Contact Information', integer(1), 'InvalidField', 'attribute_value_invalid'],
    ['a Name without a value', 'Name', { type: 'Structure', value: [] }, 'InvalidField', 'attribute_value_invalid'],
    ['another policy', 'Operation Policy Name', text('mine'), 'InvalidField', 'attribute_value_invalid'],
    ['a long name', `x-${'n'.repeat(254)}`, text('1'), 'InvalidField', 'attribute_too_long'],
    ['a long value', 'x-a', text('v'.repeat(4097)), 'InvalidField', 'attribute_too_long'],
    [
      'structures within a structure',
      'x-a',
      { type: 'Structure', value: [{ tag: 0x540001, type: 'Structure', value: [] }] },
      'InvalidField',
      'attribute_nested',
    ],
    ['its own Name again', 'Name', nameValue('first'), 'IllegalOperation', 'name_taken'],
    ['a date before 1970', 'Activation Date', date(-1), 'InvalidField', 'attribute_value_invalid'],
    ['a date after 9999', 'Activation Date', date(253_402_300_800), 'InvalidField', 'attribute_value_invalid'],
  ];
  it.each(refused)('refuses to add %s', async (_, name, value, reason, code) => {
    const before = harness.store.objects();
    expect(await add(name, value)).toStrictEqual({ reason, code });
    expect(harness.store.objects()).toStrictEqual(before);
  });

  it('refuses an index, and a second value where there can be one', async () => {
    const indexed = { ...attribute('x-a', text('1')), attributeIndex: 1 };
    expect(await harness.refusal('AddAttribute', { uniqueIdentifier: id, attribute: indexed })).toStrictEqual({
      reason: 'InvalidField',
      code: 'attribute_index_given',
    });
    change({ attributes: [{ name: 'Contact Information', index: 0, value: text('me') }] });
    expect(await add('Contact Information', text('you'))).toStrictEqual({
      reason: 'IllegalOperation',
      code: 'attribute_present',
    });
  });

  it("refuses another key's Name and takes one of its own", async () => {
    await harness.createKey([attribute('Name', nameValue('second'))]);
    expect(await add('Name', nameValue('second'))).toStrictEqual({ reason: 'IllegalOperation', code: 'name_taken' });
    const third = attribute('Name', nameValue('third'));
    expect(await harness.perform('AddAttribute', { uniqueIdentifier: id, attribute: third })).toStrictEqual({
      uniqueIdentifier: id,
      attribute: { ...third, attributeIndex: 1 },
    });
  });

  it('numbers the instances of a custom attribute and answers them all', async () => {
    for (const [index, value] of ['a', 'b', 'c'].entries()) {
      const added = await harness.perform('AddAttribute', {
        uniqueIdentifier: id,
        attribute: attribute('x-t', text(value)),
      });
      expect(added.attribute.attributeIndex).toBe(index === 0 ? undefined : index);
    }
    const { attributes } = await harness.perform('GetAttributes', { uniqueIdentifier: id, attributeNames: ['x-t'] });
    expect(attributes.map(({ attributeValue }) => attributeValue?.value)).toStrictEqual(['a', 'b', 'c']);
  });

  it('holds a thousand attributes and not one more', async () => {
    const attributes = Array.from({ length: 1000 }, (_, index) => ({ name: 'x-n', index, value: text('v') }));
    change({ attributes });
    expect(await add('x-n', text('v'))).toStrictEqual({ reason: 'IndexOutOfBounds', code: 'attribute_limit' });
  });

  it('lets an Active key be given an end but no other beginning', async () => {
    change({ state: 'Active' });
    expect(await add('Activation Date', date(NOW_SECONDS + 60))).toMatchObject({ code: 'date_frozen' });
    const ending = attribute('Deactivation Date', date(NOW_SECONDS + 60));
    await harness.perform('AddAttribute', { uniqueIdentifier: id, attribute: ending });
    harness.clock.advance(60_000);
    expect(await harness.refusal('Activate', { uniqueIdentifier: id })).toMatchObject({ code: 'activate_wrong_state' });
  });

  it('moves Last Change Date with every change', async () => {
    harness.clock.advance(5000);
    await harness.perform('AddAttribute', { uniqueIdentifier: id, attribute: attribute('x-a', text('1')) });
    expect(harness.store.objects()[0]?.lastChangeDate).toStrictEqual(harness.clock.now());
  });

  it('activates by date, and lets dates be set only while they are open and in order', async () => {
    await harness.perform('AddAttribute', {
      uniqueIdentifier: id,
      attribute: attribute('Activation Date', date(NOW_SECONDS + 60)),
    });
    expect(await add('Activation Date', date(NOW_SECONDS + 90))).toMatchObject({ code: 'attribute_present' });
    expect(await add('Deactivation Date', date(NOW_SECONDS + 30))).toMatchObject({ code: 'dates_out_of_order' });
    harness.clock.advance(60_000);
    const { attributes } = await harness.perform('GetAttributes', { uniqueIdentifier: id, attributeNames: ['State'] });
    expect(attributes[0]?.attributeValue).toStrictEqual(enumeration(stateNumbers.Active));
    change({ state: 'Deactivated' });
    expect(await add('Protect Stop Date', date(NOW_SECONDS + 600))).toMatchObject({
      reason: 'PermissionDenied',
      code: 'date_frozen',
    });
  });
});

describe('Create', () => {
  const algorithm = attribute('Cryptographic Algorithm', enumeration(3));
  const mask = attribute('Cryptographic Usage Mask', integer(12));
  const create = (attributes: readonly Attribute[], objectType = 2, version = V1_1) =>
    new EngineHarness().refusal('Create', { objectType, templateAttribute: { attributes } }, { version });

  const refused: readonly (readonly [string, readonly Attribute[], string, string])[] = [
    ['no algorithm', [mask], 'InvalidField', 'algorithm_missing'],
    ['no usage mask', [algorithm], 'InvalidField', 'usage_mask_missing'],
    [
      'an unknown algorithm',
      [mask, attribute('Cryptographic Algorithm', enumeration(99))],
      'InvalidField',
      'algorithm_not_supported',
    ],
    ['HMAC', [mask, attribute('Cryptographic Algorithm', enumeration(9))], 'InvalidField', 'algorithm_not_supported'],
    [
      'an odd length',
      [algorithm, mask, attribute('Cryptographic Length', integer(257))],
      'InvalidField',
      'length_not_supported',
    ],
    [
      'a negative length',
      [algorithm, mask, attribute('Cryptographic Length', integer(-1))],
      'InvalidField',
      'attribute_value_invalid',
    ],
    ['no attributes at all', [], 'InvalidField', 'algorithm_missing'],
    [
      'an attribute without a value',
      [algorithm, mask, attribute('x-a', undefined)],
      'InvalidField',
      'attribute_value_missing',
    ],
    [
      'two contacts',
      [algorithm, mask, attribute('Contact Information', text('a')), attribute('Contact Information', text('b'))],
      'IndexOutOfBounds',
      'attribute_twice',
    ],
    [
      'a long byte string',
      [algorithm, mask, attribute('x-a', { type: 'ByteString', value: Buffer.alloc(4097) })],
      'InvalidField',
      'attribute_too_long',
    ],
    [
      'a big number of many digits',
      [algorithm, mask, attribute('x-a', { type: 'BigInteger', value: 2n ** 32_776n })],
      'InvalidField',
      'attribute_too_long',
    ],
    ['the algorithm twice', [algorithm, algorithm, mask], 'IndexOutOfBounds', 'attribute_twice'],
    ['a state', [algorithm, mask, attribute('State', enumeration(2))], 'InvalidField', 'attribute_not_for_create'],
    ['y-', [algorithm, mask, attribute('y-a', text('1'))], 'InvalidField', 'attribute_not_for_create'],
    [
      'usage limits',
      [algorithm, mask, attribute('Usage Limits', { type: 'Structure', value: [] })],
      'InvalidField',
      'attribute_not_for_create',
    ],
    [
      'the same Name twice',
      [algorithm, mask, attribute('Name', nameValue('n')), attribute('Name', nameValue('n'))],
      'InvalidField',
      'create_name_taken',
    ],
    [
      'contradicting dates',
      [algorithm, mask, attribute('Activation Date', date(2000)), attribute('Deactivation Date', date(1000))],
      'InvalidField',
      'dates_out_of_order',
    ],
  ];
  it.each(refused)('refuses %s', async (_, attributes, reason, code) => {
    expect(await create(attributes)).toStrictEqual({ reason, code });
  });

  const isCreated = (type: number) => OBJECT_KINDS.some(({ objectType, creation }) => objectType === type && creation);
  const others = Object.values(ObjectType).filter((type) => !isCreated(type));
  it.each([...others, 99])('refuses object type %s', async (objectType) => {
    expect(await create([algorithm, mask], objectType)).toStrictEqual({
      reason: 'InvalidField',
      code: 'object_type_not_supported',
    });
  });

  it('refuses a request without a single attribute', async () => {
    expect(await new EngineHarness().refusal('Create', { objectType: 2, templateAttribute: {} })).toStrictEqual({
      reason: 'InvalidField',
      code: 'algorithm_missing',
    });
  });

  it('knows no templates', async () => {
    const templateAttribute = { names: [{ nameValue: 't', nameType: 1 }], attributes: [algorithm, mask] };
    expect(await new EngineHarness().refusal('Create', { objectType: 2, templateAttribute })).toStrictEqual({
      reason: 'ItemNotFound',
      code: 'template_unknown',
    });
  });

  it('refuses a sensitive key in 1.4, which would be one nobody could fetch', async () => {
    const sensitive = (value: boolean) => attribute('Sensitive', { type: 'Boolean', value });
    expect(await create([algorithm, mask, sensitive(true)], 2, V1_4)).toMatchObject({
      code: 'attribute_not_for_create',
    });
    await expect(new EngineHarness().createKey([sensitive(false)], V1_4)).resolves.toHaveLength(36);
  });

  it('takes 256 bits when no length is named, tolerates indexes and starts Active with a past date', async () => {
    const harness = new EngineHarness();
    const attributes = [
      { ...algorithm, attributeIndex: 0 },
      { ...mask, attributeIndex: 0 },
      attribute('Activation Date', date(1000)),
      attribute('Operation Policy Name', text('default')),
      attribute('Object Group', text('g1')),
      attribute('Object Group', text('g2')),
    ];
    await harness.perform('Create', { objectType: 2, templateAttribute: { attributes } });
    expect(harness.store.objects()).toMatchObject([
      {
        state: 'Active',
        cryptographicLength: 256,
        attributes: [
          { name: 'Object Group', index: 0 },
          { name: 'Object Group', index: 1 },
          { name: 'Operation Policy Name', index: 0 },
        ],
      },
    ]);
  });

  it('gives a Name free with the key that had it', async () => {
    const harness = new EngineHarness();
    const named = attribute('Name', nameValue('vm'));
    const id = await harness.createKey([named]);
    const again = { objectType: 2, templateAttribute: { attributes: [...vcenterKey, named] } };
    expect(await harness.refusal('Create', again)).toStrictEqual({ reason: 'InvalidField', code: 'create_name_taken' });
    await harness.perform('Destroy', { uniqueIdentifier: id });
    await expect(harness.perform('Create', again)).resolves.toMatchObject({ objectType: 2 });
  });
});

describe('Get', () => {
  const forms: readonly (readonly [string, object, string, string])[] = [
    ['Transparent', { keyFormatType: 7 }, 'KeyFormatTypeNotSupported', 'format_not_available'],
    ['compressed', { keyCompressionType: 1 }, 'KeyCompressionTypeNotSupported', 'compression_not_available'],
    [
      'wrapped',
      { keyWrappingSpecification: [{ tag: 0x42009e, type: 'Enumeration', value: 1 }] },
      'FeatureNotSupported',
      'wrapping_not_supported',
    ],
  ];
  it.each(forms)('serves no key %s', async (_, form, reason, code) => {
    const harness = new EngineHarness();
    const uniqueIdentifier = await harness.createKey();
    const before = harness.keyManager.calls.length;
    expect(await harness.refusal('Get', { uniqueIdentifier, ...form })).toStrictEqual({ reason, code });
    expect(harness.keyManager.calls).toHaveLength(before);
  });
});
