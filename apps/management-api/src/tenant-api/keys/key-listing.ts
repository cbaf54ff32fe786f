import { type KeyListing, type ListedKey, type StoredState } from '@lib/kmip-engine';
import { isUuid } from '@lib/kernel';

import { type OperationCall } from '../../http/operation';
import { type Cursor, invalidToken, pageRequest } from '../paging';
import { periodOf } from '../period';
import { type Obstacle } from '../root-key/root-key-health.response';
import { KEY_STATES, SHREDDED } from './key.response';

const NEVER = 'never';
/** As in the document. */
const ORDERS: Readonly<Record<string, KeyListing['order']['by']>> = {
  created_at: 'created',
  'last_fetched.at': 'lastFetched',
  name: 'name',
};

/** The query of `list_instance_keys` in the words of the catalog, one key more than the page holds. */
export function keyListingOf(
  call: OperationCall,
  asOf: Date,
  rootKeys: ReadonlyMap<string, Obstacle | undefined>,
): KeyListing {
  const { query } = call;
  const { limit, after } = pageRequest(call, 2);
  const order = orderOf(String(query['sort']));
  const text = (name: string): string | undefined => (query[name] === undefined ? undefined : String(query[name]));
  const { name, states, createdBy, attribute } = {
    name: text('name'),
    states: text('state'),
    createdBy: text('created_by.sha256_fingerprint'),
    attribute: text('attribute'),
  };
  return {
    asOf,
    order,
    limit: limit + 1,
    created: periodOf('created_at', text('created_at')),
    lastFetched: periodOf('last_fetched.at', text('last_fetched.at')),
    ...(after !== undefined && { after: placeOf(after, order.by) }),
    ...(states !== undefined && { states: statesOf(states), lost: states.split(',').includes(SHREDDED) }),
    ...(name !== undefined && { name }),
    ...(createdBy !== undefined && { createdBy }),
    ...(attribute !== undefined && { attribute: attributeOf(attribute) }),
    ...(typeof query['servable'] === 'boolean' && {
      servable: { is: query['servable'], rootKeys: servingOnes(rootKeys) },
    }),
    ...(typeof query['suspended'] === 'boolean' && { suspended: query['suspended'] }),
  };
}

const servingOnes = (rootKeys: ReadonlyMap<string, Obstacle | undefined>): string[] =>
  [...rootKeys].flatMap(([rootKeyId, obstacle]) => (obstacle === undefined ? [rootKeyId] : []));

export const cursorOf = (key: ListedKey, order: KeyListing['order']): Cursor => {
  if (order.by === 'name') return [key.sortName, key.uniqueIdentifier];
  const at = order.by === 'created' ? key.initialDate : key.lastFetchedAt;
  return [at?.toISOString() ?? NEVER, key.uniqueIdentifier];
};

export function orderOf(sort: string): KeyListing['order'] {
  const descending = sort.startsWith('-');
  return { by: ORDERS[descending ? sort.slice(1) : sort] ?? 'created', descending };
}

function placeOf([at = '', id = '']: Cursor, by: KeyListing['order']['by']): NonNullable<KeyListing['after']> {
  if (!isUuid(id)) throw invalidToken();
  if (by === 'name') return { name: at, id };
  const date = at === NEVER ? undefined : new Date(at);
  if (Number.isNaN(date?.getTime())) throw invalidToken();
  return { at: date, id };
}

function statesOf(list: string): StoredState[] {
  const wanted = new Set(list.split(','));
  // Object.keys loses the key type of a table of ours.
  return (Object.keys(KEY_STATES) as StoredState[]).filter((state) => wanted.has(KEY_STATES[state]));
}

function attributeOf(text: string): { readonly name: string; readonly value: string } {
  const equals = text.indexOf('=');
  return { name: text.slice(0, equals), value: text.slice(equals + 1) };
}
