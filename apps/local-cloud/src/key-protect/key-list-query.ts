import { type KeyRow } from '../journal/rows';
import { DESTROYED, stateOf } from './key-state';
import { invalidQuery, KmsError } from './kms.errors';
import { readFilter, statePredicate, type KeyPredicate } from './key-filter';
import { readSearch } from './key-search';

export type Query = Readonly<Record<string, string | string[] | undefined>>;

const DEFAULT_LIMIT = 200;
const MAX_LIMIT = 5000;
const SEARCHABLE_KEYS = 5000;

export function textOf(query: Query, name: string): string | undefined {
  const value = query[name];
  if (Array.isArray(value)) throw invalidQuery(name, 'given once');
  return value;
}

export interface Page {
  readonly limit: number;
  readonly offset: number;
}

export function readPage(query: Query, defaultLimit = DEFAULT_LIMIT): Page {
  return {
    limit: readInteger(query, 'limit', 1, MAX_LIMIT) ?? defaultLimit,
    offset: readInteger(query, 'offset', 0, Number.MAX_SAFE_INTEGER) ?? 0,
  };
}

function readInteger(query: Query, name: string, min: number, max: number): number | undefined {
  const text = textOf(query, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : -1;
  if (value < min || value > max) throw invalidQuery(name, `an integer from ${min} to ${max}`);
  return value;
}

export function readBoolean(query: Query, name: string): boolean | undefined {
  const text = textOf(query, name);
  if (text === undefined) return undefined;
  if (text !== 'true' && text !== 'false') throw invalidQuery(name, 'true or false');
  return text === 'true';
}

/** Everything that narrows a list before it is searched. */
export function readNarrowing(query: Query): KeyPredicate {
  const state = textOf(query, 'state');
  const extractable = readBoolean(query, 'extractable');
  const filter = readFilter(textOf(query, 'filter'));
  if (state !== undefined && filter.properties.has('state')) throw invalidQuery('state', 'absent when filter has it');
  if (extractable !== undefined && filter.properties.has('extractable')) {
    throw invalidQuery('extractable', 'absent when filter has it');
  }
  const predicates: KeyPredicate[] = [...filter.predicates];
  if (state !== undefined) predicates.push(statePredicate(state, invalidQuery('state', 'a list of 0, 1, 2, 3 and 5')));
  // A list shows deleted keys only to those who ask for them.
  else if (!filter.properties.has('state')) predicates.push((key) => key.state !== DESTROYED);
  if (extractable !== undefined) predicates.push((key) => key.extractable === extractable);
  return (key, now) => predicates.every((predicate) => predicate(key, now));
}

export interface SearchResult {
  readonly keys: KeyRow[];
  readonly metadata: object;
}

/** Free-text search works on at most 5,000 keys; more is an error, unless the text names one key outright. */
export function search(keys: readonly KeyRow[], query: Query): SearchResult {
  const text = textOf(query, 'search');
  if (text === undefined) return { keys: [...keys], metadata: {} };
  const { matches, direct } = readSearch(text);
  if (keys.length <= SEARCHABLE_KEYS) return { keys: keys.filter(matches), metadata: { searchQuery: text } };
  const found = keys.filter(direct);
  if (found.length === 0)
    throw new KmsError('KEY_SEARCH_TOO_BROAD', { target: { type: 'query_param', name: 'search' } });
  return { keys: found, metadata: { searchQuery: text, incompleteSearch: true } };
}

const SORTABLE: Readonly<Record<string, (key: KeyRow, now: Date) => string | number>> = {
  id: (key) => key.id,
  state: (key, now) => stateOf(key, now),
  extractable: (key) => Number(key.extractable),
  imported: (key) => Number(key.imported),
  creationDate: (key) => key.createdAt,
  lastUpdateDate: (key) => key.updatedAt,
  lastRotateDate: (key) => key.rotatedAt ?? '',
  deletionDate: (key) => key.deletedAt ?? '',
  expirationDate: (key) => key.expirationDate ?? '',
};

/** Sorts in place; equal keys follow by id, so that pages do not overlap. */
export function sortKeys(keys: KeyRow[], query: Query, now: Date): KeyRow[] {
  const orders = (textOf(query, 'sort') ?? 'id').split(',').map((part) => {
    const property = part.replace(/^-/, '');
    const value = Object.hasOwn(SORTABLE, property) ? SORTABLE[property] : undefined;
    if (!value) throw invalidQuery('sort', `one or more of ${Object.keys(SORTABLE).join(', ')}`);
    return { value, sign: part.startsWith('-') ? -1 : 1 };
  });
  const compare = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0);
  return keys.sort((a, b) => {
    for (const { value, sign } of orders) {
      const order = compare(value(a, now), value(b, now)) * sign;
      if (order !== 0) return order;
    }
    return compare(a.id, b.id);
  });
}
