import { type KeyCatalog, type KeyListing, type LocateFilter, type ManagedObjectStore } from '@lib/kmip-engine';
import { Tag, type TtlvValue } from '@lib/kmip-protocol';
import { type RegionDirectory } from '@lib/tenancy';

import { CREATORS, FIRST_CREATED } from './large-catalog';

export interface Question {
  readonly what: string;
  /** @returns how much came back, to see that it is the right thing that was measured */
  readonly ask: () => Promise<number>;
}

export interface Catalog {
  readonly store: ManagedObjectStore;
  readonly keys: KeyCatalog;
  readonly directory: RegionDirectory;
  readonly size: number;
}

const PAGE = 100;
const text = (value: string): TtlvValue => ({ type: 'TextString', value });
const second = (number: number): Date => new Date(FIRST_CREATED.getTime() + number * 1_000);

/** What clients, administrators and gateways ask of a large catalog. */
export async function questions({ store, keys, directory, size }: Catalog): Promise<readonly Question[]> {
  const middle = 10 * Math.floor(size / 20);
  const asOf = new Date();
  const page: KeyListing = { asOf, order: { by: 'created', descending: true }, limit: PAGE };
  const list = (what: string, listing: Partial<KeyListing>): Question => ({
    what: `key list: ${what}`,
    ask: async () => (await keys.list({ ...page, ...listing })).length,
  });
  const locate = (what: string, filter: Partial<LocateFilter>): Question => ({
    what: `Locate ${what}`,
    ask: async () => (await store.locate({ asOf, limit: PAGE, offset: 0, ...filter })).uniqueIdentifiers.length,
  });
  const attribute = (name: string, value: TtlvValue): Partial<LocateFilter> => ({ attributes: [{ name, value }] });
  const nameValue: TtlvValue = {
    type: 'Structure',
    value: [{ tag: Tag.NameValue, type: 'TextString', value: `name ${middle}` }],
  };
  const [key] = await keys.list({ ...page, name: `name ${middle}` });
  if (key === undefined) throw new Error('the catalog is not filled');
  return [
    { what: 'row of a Get', ask: async () => ((await store.find(key.uniqueIdentifier)) === undefined ? 0 : 1) },
    locate('by an attribute that one key has', attribute('x-Identifier', text(`vm ${middle}`))),
    locate('by Name', attribute('Name', nameValue)),
    locate('by an attribute that 200 keys have', attribute('x-Name', text('machine 7'))),
    locate('by an attribute that all keys have', attribute('x-Vendor', text('VMware, Inc.'))),
    locate('without a filter', {}),
    locate('all Active keys', { states: ['Active'] }),
    list('first page', {}),
    list('page from the middle', { after: { at: second(middle), id: '80000000-0000-4000-8000-000000000000' } }),
    list('oldest first', { order: { by: 'created', descending: false } }),
    list('last used first', { order: { by: 'lastFetched', descending: true } }),
    list('longest unused first', { order: { by: 'lastFetched', descending: false } }),
    list('last used first, page from the middle', {
      order: { by: 'lastFetched', descending: true },
      after: { at: second(middle), id: '80000000-0000-4000-8000-000000000000' },
    }),
    list('destroyed ones', { states: ['Destroyed'] }),
    list('suspended ones', { suspended: true }),
    list('suspended and destroyed, of which there are few', { suspended: true, states: ['Destroyed'] }),
    list('suspended and Active, of which there are none', { suspended: true, states: ['Active'] }),
    list('of one creator', { createdBy: CREATORS[1] }),
    list('of a creator without keys', { createdBy: 'cc'.repeat(32) }),
    list('created on one day', { created: { from: second(86_400), before: second(2 * 86_400) } }),
    list('unused since a date', { lastFetched: { before: second(1_000) } }),
    list('by name', { name: `name ${middle}` }),
    list('by an attribute that one key has', { attribute: { name: 'x-Identifier', value: `vm ${middle}` } }),
    list('by an attribute that all keys have', { attribute: { name: 'x-Vendor', value: 'VMware, Inc.' } }),
    { what: 'certificates of all instances', ask: async () => (await directory.registrations()).current.length },
  ];
}
