import { type Attribute, type LocateRequest, State, Tag, V1_4, versionOf } from '@lib/kmip-protocol';
import { EngineHarness, attribute, nameValue } from '@lib/testing';

const text = (value: string) => ({ type: 'TextString', value }) as const;
const enumeration = (value: number) => ({ type: 'Enumeration', value }) as const;
const integer = (value: number) => ({ type: 'Integer', value }) as const;
const boolean = (value: boolean) => ({ type: 'Boolean', value }) as const;
const bytes = (hex: string) => ({ type: 'ByteString', value: Buffer.from(hex, 'hex') }) as const;
const start = Date.UTC(2026, 10, 24, 12) / 1000;
const date = (offset: number) => ({ type: 'DateTime', value: BigInt(start + offset) }) as const;

describe('Locate', () => {
  let harness: EngineHarness;
  let letters: Map<string, string>;

  /** a: named, tagged; b: Active; c: served once, in a group; d: destroyed. One second apart. */
  beforeEach(async () => {
    harness = new EngineHarness();
    letters = new Map();
    const birth = async (letter: string, ...attributes: Attribute[]) => {
      const id = await harness.createKey(attributes);
      letters.set(id, letter);
      harness.clock.advance(1000);
      return id;
    };
    await birth('a', attribute('Name', nameValue('alpha')), attribute('x-Component', text('Virtual Machine')));
    await harness.perform('Activate', { uniqueIdentifier: await birth('b', attribute('x-bytes', bytes('01ff'))) });
    await harness.fetch(await birth('c', attribute('Object Group', text('group'))));
    await harness.perform('Destroy', { uniqueIdentifier: await birth('d', attribute('Name', nameValue('gone'))) });
  });

  const locate = async (request: Partial<LocateRequest>, version = V1_4) => {
    const { uniqueIdentifiers, locatedItems } = await harness.perform(
      'Locate',
      { attributes: [], ...request },
      { version },
    );
    return {
      found: uniqueIdentifiers.map((id) => letters.get(id)).join(''),
      ...(locatedItems === undefined ? {} : { locatedItems }),
    };
  };
  const by = (...attributes: Attribute[]) => ({ attributes });

  const cases: readonly (readonly [string, Partial<LocateRequest>, string])[] = [
    ['everything that is not destroyed, newest first', {}, 'cba'],
    ['Name', by(attribute('Name', nameValue('alpha'))), 'a'],
    [
      'Name by value alone',
      by(attribute('Name', { type: 'Structure', value: [{ ...text('alpha'), tag: Tag.NameValue }] })),
      'a',
    ],
    ['the Name of a destroyed key', by(attribute('Name', nameValue('gone'))), ''],
    ['a custom attribute', by(attribute('x-Component', text('Virtual Machine'))), 'a'],
    ['a custom attribute nobody has', by(attribute('x-Other', text('1'))), ''],
    ['bytes', by(attribute('x-bytes', bytes('01ff'))), 'b'],
    ['other bytes', by(attribute('x-bytes', bytes('01fe'))), ''],
    ['State', by(attribute('State', enumeration(State.Active))), 'b'],
    ['State Destroyed', by(attribute('State', enumeration(State.Destroyed))), 'd'],
    ['a state there is not', by(attribute('State', enumeration(77))), ''],
    ['two states at once', by(attribute('State', enumeration(1)), attribute('State', enumeration(2))), ''],
    [
      'Object Type and algorithm',
      by(attribute('Object Type', enumeration(2)), attribute('Cryptographic Algorithm', enumeration(3))),
      'cba',
    ],
    ['another object type', by(attribute('Object Type', enumeration(7))), ''],
    [
      'usage mask, every bit',
      by(attribute('Cryptographic Usage Mask', integer(4)), attribute('Cryptographic Usage Mask', integer(8))),
      'cba',
    ],
    ['a usage mask nobody has', by(attribute('Cryptographic Usage Mask', integer(16))), ''],
    ['Initial Date exactly', by(attribute('Initial Date', date(1))), 'b'],
    ['Initial Date in a range', by(attribute('Initial Date', date(1)), attribute('Initial Date', date(2))), 'cb'],
    ['the range the other way round', by(attribute('Initial Date', date(2)), attribute('Initial Date', date(1))), 'cb'],
    ['Original Creation Date', by(attribute('Original Creation Date', date(0))), 'a'],
    ['Fresh', by(attribute('Fresh', boolean(false))), 'c'],
    ['Object Group Member Fresh', { objectGroupMember: 1 }, 'ba'],
    ['what every key has', by(attribute('Extractable', boolean(true))), 'cba'],
    ['what no key has', by(attribute('Sensitive', boolean(true))), ''],
    ['an attribute of certificates', by(attribute('Certificate Type', enumeration(1))), ''],
    ['archival storage only', { storageStatusMask: 2 }, ''],
    ['on-line and archival storage', { storageStatusMask: 3 }, 'cba'],
    ['all of several', by(attribute('Object Group', text('group')), attribute('State', enumeration(2))), ''],
  ];
  it.each(cases)('finds by %s', async (_, request, expected) => {
    expect(await locate(request)).toStrictEqual({ found: expected });
  });

  it('finds by identifier, and nothing by a foreign one', async () => {
    const [id] = [...letters.keys()];
    expect(await locate(by(attribute('Unique Identifier', text(id!))))).toStrictEqual({ found: 'a' });
    expect(await locate(by(attribute('Unique Identifier', text('1'))))).toStrictEqual({ found: '' });
  });

  it.each([
    [4, { maximumItems: 2 }, { found: 'cb' }],
    [3, { maximumItems: 2, offsetItems: 2 }, { found: 'a', locatedItems: 3 }],
    [2, { maximumItems: 2 }, { found: 'cb' }],
    [4, { offsetItems: 9 }, { found: '', locatedItems: 3 }],
  ])('pages in 1.%s', async (minor, request, expected) => {
    expect(await locate(request, versionOf(1, minor))).toStrictEqual(expected);
  });

  const refused: readonly (readonly [string, Partial<LocateRequest>, string, string])[] = [
    ['an unknown attribute', by(attribute('Nonsense', text('1'))), 'InvalidField', 'attribute_unknown'],
    ['no value', by(attribute('Name', undefined)), 'InvalidField', 'attribute_value_missing'],
    ['a wrong type', by(attribute('State', integer(1))), 'InvalidField', 'attribute_value_invalid'],
    [
      'three dates',
      by(...[0, 1, 2].map((second) => attribute('Initial Date', date(second)))),
      'InvalidField',
      'attribute_value_invalid',
    ],
    ['Digest', by(attribute('Digest', { type: 'Structure', value: [] })), 'InvalidField', 'locate_not_by_this'],
    ['a negative Maximum Items', { maximumItems: -1 }, 'InvalidField', 'locate_page_negative'],
    ['a negative Offset Items', { offsetItems: -1 }, 'InvalidField', 'locate_page_negative'],
    ['the default member of a group', { objectGroupMember: 2 }, 'FeatureNotSupported', 'locate_group_member'],
  ];
  it.each(refused)('refuses %s', async (_, request, reason, code) => {
    expect(await harness.refusal('Locate', { attributes: [], ...request }, { version: V1_4 })).toStrictEqual({
      reason,
      code,
    });
  });

  it('returns no more than the server lets one message hold', async () => {
    const scope = { limits: { maximumLiveKeys: 9, maximumLocatedItems: 1 } };
    const { uniqueIdentifiers } = await harness.perform('Locate', { attributes: [] }, { scope });
    expect(uniqueIdentifiers).toHaveLength(1);
  });
});
