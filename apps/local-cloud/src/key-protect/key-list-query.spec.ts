import { type KeyRow } from '../journal/rows';
import { search } from './key-list-query';
import { KmsError } from './kms.errors';
import { newKey } from './new-key';

const keys: KeyRow[] = Array.from({ length: 5001 }, (_, n) =>
  newKey({
    instanceId: 'i',
    name: `vmware_kmip_${n}`,
    extractable: true,
    payload: 'AAAA',
    aliases: n === 7 ? ['seven'] : [],
    createdBy: 'x',
    now: new Date(0),
  }),
);
const few = keys.slice(0, 5000);

it('searches 5,000 keys by name', () => {
  expect(search(few, { search: 'exact:vmware_kmip_42' })).toEqual({
    keys: [keys[42]],
    metadata: { searchQuery: 'exact:vmware_kmip_42' },
  });
});

it('refuses to search more', () => {
  const tooBroad = (): unknown => search(keys, { search: 'exact:vmware_kmip_42' });
  expect(tooBroad).toThrow(KmsError);
  expect(tooBroad).toThrow('5000');
});

it.each([
  ['a full id', () => keys[9]!.id, 9],
  ['an alias', () => 'alias:exact:seven', 7],
])('still looks up %s among more', (_name, text, index) => {
  expect(search(keys, { search: text() })).toEqual({
    keys: [keys[index]],
    metadata: { searchQuery: text(), incompleteSearch: true },
  });
});
