import { type InstanceId } from '@lib/kernel';
import { type LocateFilter, type ManagedObjectStore } from '@lib/kmip-engine';
import { Tag } from '@lib/kmip-protocol';

import {
  type SymmetricKeyChanges,
  aManagedObject,
  aName,
  aText,
  anAuditEvent,
  anIntent,
  nameValue,
} from './managed-object.fixture';

export interface LocateHarness {
  readonly store: ManagedObjectStore;
  readonly instanceId: InstanceId;
}

const NOON = new Date('2026-11-24T12:00:00.000Z');
const hours = (count: number): Date => new Date(NOON.getTime() + count * 3_600_000);

/** Objects by the letter tests call them by; initial dates rise, so Locate answers them in reverse. */
const catalog: Readonly<Record<string, SymmetricKeyChanges>> = {
  a: { attributes: [aName('alpha'), aText('x-Name', 'vm-1')] },
  b: { state: 'Active', cryptographicLength: 128, attributes: [aText('x-Name', 'vm-1'), aText('x-Name', 'vm-2', 1)] },
  c: { activationDate: hours(-1), fresh: false },
  d: { state: 'Active', deactivationDate: hours(-1), cryptographicUsageMask: 4 },
  e: { activationDate: hours(-2), deactivationDate: hours(-1) },
  f: { activationDate: hours(1), cryptographicAlgorithm: 2, cryptographicLength: 168 },
  g: { state: 'Destroyed', destroyDate: hours(0), attributes: [aName('gone')] },
  h: { deactivationDate: hours(-1) },
};

type Criteria = Omit<LocateFilter, 'asOf' | 'limit' | 'offset'>;

const text = (value: string) => ({ type: 'TextString', value }) as const;

const cases: readonly (readonly [string, Criteria, string])[] = [
  ['everything', {}, 'hgfedcba'],
  ['Pre-Active, dates considered', { states: ['PreActive'] }, 'hfa'],
  ['Active, dates considered', { states: ['Active'] }, 'cb'],
  ['Deactivated, dates considered', { states: ['Deactivated'] }, 'ed'],
  ['Destroyed', { states: ['Destroyed', 'DestroyedCompromised'] }, 'g'],
  ['algorithm and length', { cryptographicAlgorithm: 3, cryptographicLength: 128 }, 'b'],
  ['object type', { objectType: 1 }, ''],
  ['all bits of a usage mask', { cryptographicUsageMask: 8 }, 'hgfecba'],
  ['not fresh', { fresh: false }, 'c'],
  ['a date range, closed', { dates: [{ attribute: 'activationDate', from: hours(-2), to: hours(-1) }] }, 'ec'],
  [
    'two date ranges at once',
    {
      dates: [
        { attribute: 'activationDate', from: hours(-3), to: hours(3) },
        { attribute: 'deactivationDate', from: hours(-1), to: hours(-1) },
      ],
    },
    'e',
  ],
  ['a custom value at any index', { attributes: [{ name: 'x-Name', value: text('vm-2') }] }, 'b'],
  ['a value that several have', { attributes: [{ name: 'x-Name', value: text('vm-1') }] }, 'ba'],
  [
    'a value of another type',
    { attributes: [{ name: 'x-Name', value: { type: 'ByteString', value: Buffer.from('vm-1') } }] },
    '',
  ],
  [
    'two attributes at once',
    {
      attributes: [
        { name: 'x-Name', value: text('vm-1') },
        { name: 'x-Name', value: text('vm-2') },
      ],
    },
    'b',
  ],
  ['a Name', { attributes: [{ name: 'Name', value: nameValue('alpha') }] }, 'a'],
  [
    'a Name by its value alone',
    {
      attributes: [
        {
          name: 'Name',
          value: { type: 'Structure', value: [{ tag: Tag.NameValue, type: 'TextString', value: 'alpha' }] },
        },
      ],
    },
    'a',
  ],
  ['a Name of another type', { attributes: [{ name: 'Name', value: nameValue('alpha', 2) }] }, ''],
  ['an identifier that is no UUID', { uniqueIdentifier: "1' OR '1'='1" }, ''],
];

export function describeLocate(harness: () => LocateHarness): void {
  describe('locate', () => {
    let letters: Map<string, string>;
    let store: ManagedObjectStore;

    beforeEach(async () => {
      const { instanceId } = harness();
      store = harness().store;
      letters = new Map();
      for (const [index, [letter, changes]] of Object.entries(catalog).entries()) {
        const object = aManagedObject({ initialDate: new Date(hours(-10).getTime() + index), ...changes });
        letters.set(object.uniqueIdentifier, letter);
        await store.openIntent(anIntent(object), 1000);
        await store.completeIntent(object, anAuditEvent(instanceId));
      }
    });

    const located = async (filter: LocateFilter) => {
      const { uniqueIdentifiers, total } = await store.locate({ ...filter, count: true });
      // The page is the same where nobody counts.
      expect(await store.locate(filter)).toStrictEqual({ uniqueIdentifiers });
      return { found: uniqueIdentifiers.map((id) => letters.get(id)).join(''), total };
    };

    it.each(cases)('finds by %s', async (_, criteria, expected) => {
      const filter = { ...criteria, asOf: NOON, limit: 100, offset: 0 };
      expect(await located(filter)).toStrictEqual({ found: expected, total: expected.length });
    });

    it('finds by identifier', async () => {
      const [id, letter] = [...letters][3]!;
      expect(await located({ uniqueIdentifier: id, asOf: NOON, limit: 10, offset: 0 })).toStrictEqual({
        found: letter,
        total: 1,
      });
    });

    it('pages, newest first, and counts all', async () => {
      expect(await located({ asOf: NOON, limit: 3, offset: 0 })).toStrictEqual({ found: 'hgf', total: 8 });
      expect(await located({ asOf: NOON, limit: 3, offset: 6 })).toStrictEqual({ found: 'ba', total: 8 });
      expect(await located({ asOf: NOON, limit: 3, offset: 50 })).toStrictEqual({ found: '', total: 8 });
      expect(await located({ asOf: NOON, limit: 0, offset: 0 })).toStrictEqual({ found: '', total: 8 });
    });
  });
}
