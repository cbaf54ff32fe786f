import { type operations } from '../../api/schema';

/** As the tenant API has it. */
export type KeyQuery = NonNullable<operations['list_instance_keys']['parameters']['query']>;

export const SEARCHED_BY = ['machine', 'name', 'identifier', 'attribute'] as const;

export const KEY_STATES = [
  'pre_active',
  'active',
  'deactivated',
  'compromised',
  'destroyed',
  'destroyed_compromised',
  'shredded',
] as const;

export const SORTS = ['-created_at', 'created_at', '-last_fetched.at', 'last_fetched.at', 'name', '-name'] as const;

/** What a page of keys is asked for with; it stands in the address, so that it can be sent to a colleague. */
export const FILTERS = ['by', 'text', 'state', 'servable', 'suspended', 'from', 'to', 'unfetched', 'sort'] as const;

const PAGE = 50;
const DAY = /^\d{4}-\d{2}-\d{2}$/;
const IDENTIFIER = /^[-0-9a-zA-Z]{1,128}$/;

/** @returns the identifier, where one key is looked for by it: that is no search */
export function identifierIn(search: URLSearchParams): string | undefined {
  const text = search.get('text')?.trim() ?? '';
  return search.get('by') === 'identifier' && IDENTIFIER.test(text) ? text.toLowerCase() : undefined;
}

/** What is not understood is left out: an address may have been made by hand. */
export function keyQueryOf(search: URLSearchParams): KeyQuery {
  const start = search.get('start');
  const state = KEY_STATES.find((one) => one === search.get('state'));
  const sort = SORTS.find((one) => one === search.get('sort'));
  const fetched = dayOf(search.get('unfetched'));
  return {
    limit: PAGE,
    ...textOf(search),
    ...(state !== undefined && { state }),
    ...flagOf('servable', search.get('servable')),
    ...flagOf('suspended', search.get('suspended')),
    ...periodOf(dayOf(search.get('from')), dayOf(search.get('to'))),
    ...(fetched !== undefined && { last_fetched_at: `lt:${fetched}` }),
    ...(sort !== undefined && { sort }),
    ...(start !== null && { start }),
  };
}

function textOf(search: URLSearchParams): KeyQuery {
  const text = search.get('text')?.trim() ?? '';
  if (text === '') return {};
  switch (search.get('by')) {
    case 'name':
      return { name: text };
    case 'attribute':
      return { attribute: text };
    case 'identifier':
      return {};
    default:
      return { attribute: `x-Name=${text}` };
  }
}

const dayOf = (text: string | null): string | undefined => (text !== null && DAY.test(text) ? text : undefined);

function flagOf(name: 'servable' | 'suspended', text: string | null): KeyQuery {
  return text === 'true' || text === 'false' ? { [name]: text === 'true' } : {};
}

/** The last day counts as a whole. */
function periodOf(from: string | undefined, to: string | undefined): KeyQuery {
  const comparisons = [
    ...(from === undefined ? [] : [`gte:${from}`]),
    ...(to === undefined ? [] : [`lt:${dayAfter(to)}`]),
  ];
  return comparisons.length === 0 ? {} : { created_at: comparisons.join(',') };
}

const dayAfter = (day: string): string => new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
