import { type KeyListing, type Period } from '@lib/kmip-engine';
import { type InstanceId } from '@lib/kernel';
import { Tag, type TtlvValue } from '@lib/kmip-protocol';

import { type AttributeMatch, type Bind, hasAttribute } from './attribute-search';
import { sortText } from './catalog-statements';
import { stateAt } from './locate-query';
import { CHANGING_COLUMNS } from './managed-object.mapper';

/** Keys that were never fetched come before all others. */
const TIME_COLUMNS = {
  created: 'o.initial_date',
  lastFetched: `COALESCE(o.last_fetched_at, '-infinity')`,
} as const;

/** One order of keys, or one stretch of it. */
interface Stretch {
  readonly from: string;
  readonly condition?: string;
  /** Ends in the identifier, so that no two keys have the same place. */
  readonly columns: readonly string[];
  /** Place of the key to go on behind, in the same columns. */
  readonly after: ((bind: Bind) => readonly string[]) | undefined;
}

/**
 * Queries that give one page of an instance's keys in a fixed order, each for as many keys as those before it left
 * open. By keyset: a page costs the same wherever it is. Attributes are read for the keys of the page only.
 */
export function keyListQueries(
  instanceId: InstanceId,
  listing: KeyListing,
  attributes: readonly AttributeMatch[],
): ((limit: number) => { text: string; values: unknown[] })[] {
  return stretchesOf(listing).map(({ from, condition, columns, after }) => (limit) => {
    const values: unknown[] = [instanceId];
    const bind: Bind = (value) => `$${values.push(value)}`;
    const conditions = ['o.instance_id = $1', ...filters(listing, bind)];
    if (condition !== undefined) conditions.push(condition);
    const [direction, beyond] = listing.order.descending ? ['DESC', '<'] : ['ASC', '>'];
    if (after !== undefined) conditions.push(`(${columns.join(', ')}) ${beyond} (${after(bind).join(', ')})`);
    for (const match of attributes) conditions.push(hasAttribute(match, bind));
    const selected = CHANGING_COLUMNS.map(([name]) => `o.${name}`).join(', ');
    const text = `SELECT o.id, ${selected},
        (SELECT coalesce(json_agg(json_build_array(a.name, a.index, a.value)), '[]') FROM managed_object_attributes a
          WHERE a.instance_id = o.instance_id AND a.object_id = o.id) AS attributes
      FROM ${from} WHERE ${conditions.join(' AND ')}
      ORDER BY ${columns.map((column) => `${column} ${direction}`).join(', ')} LIMIT ${bind(limit)}`;
    return { text, values };
  });
}

function stretchesOf({ order, after }: KeyListing): readonly Stretch[] {
  if (order.by === 'name') return namesInOrder(order.descending, after);
  const place = (bind: Bind): readonly string[] => [
    after?.at === undefined ? `'-infinity'` : `${bind(after.at)}::timestamptz`,
    `${bind(after?.id)}::uuid`,
  ];
  return [{ from: 'managed_objects o', columns: [TIME_COLUMNS[order.by], 'o.id'], after: after && place }];
}

/** Named keys by name, the others behind them by identifier; in descending order the other way round. */
function namesInOrder(descending: boolean, after: KeyListing['after']): readonly Stretch[] {
  const amongNamed = after?.name !== undefined;
  const named: Stretch = {
    from: `managed_object_attributes n
      JOIN managed_objects o ON o.instance_id = n.instance_id AND o.id = n.object_id`,
    // The column is repeated for the sake of the partial index.
    condition: 'n.instance_id = $1 AND n.sort_text IS NOT NULL',
    columns: ['n.sort_text', 'n.object_id'],
    after: amongNamed ? (bind) => [bind(sortText(after.name ?? '')), `${bind(after.id)}::uuid`] : undefined,
  };
  const nameless: Stretch = {
    from: 'managed_objects o',
    condition: `NOT EXISTS (SELECT FROM managed_object_attributes n
      WHERE n.instance_id = $1 AND n.object_id = o.id AND n.sort_text IS NOT NULL)`,
    columns: ['o.id'],
    after: after && !amongNamed ? (bind) => [`${bind(after.id)}::uuid`] : undefined,
  };
  if (after === undefined) return descending ? [nameless, named] : [named, nameless];
  if (descending) return amongNamed ? [named] : [nameless, named];
  return amongNamed ? [named, nameless] : [nameless];
}

/** The attributes that the keys of a list must have. A name is a Name Value, whatever its Name Type. */
export function wantedAttributes({ name, attribute }: KeyListing): { name: string; value: TtlvValue }[] {
  return [
    ...(name === undefined ? [] : [{ name: 'Name', value: nameValue(name) }]),
    ...(attribute === undefined
      ? []
      : [{ name: attribute.name, value: { type: 'TextString', value: attribute.value } as const }]),
  ];
}

const nameValue = (value: string): TtlvValue => ({
  type: 'Structure',
  value: [{ tag: Tag.NameValue, type: 'TextString', value }],
});

function filters(listing: KeyListing, bind: Bind): string[] {
  const { states, suspended, createdBy } = listing;
  return [
    ...(states === undefined
      ? []
      : [`${stateAt(`${bind(listing.asOf)}::timestamptz`)} = ANY (${bind(states)}::text[])`]),
    ...(suspended === undefined ? [] : [`o.suspended = ${bind(suspended)}`]),
    ...(createdBy === undefined ? [] : [`o.created_by = ${bind(createdBy)}`]),
    ...within('o.initial_date', listing.created, bind),
    ...within('o.last_fetched_at', listing.lastFetched, bind),
  ];
}

function within(column: string, period: Period | undefined, bind: Bind): string[] {
  return [
    ...(period?.from === undefined ? [] : [`${column} >= ${bind(period.from)}`]),
    ...(period?.before === undefined ? [] : [`${column} < ${bind(period.before)}`]),
  ];
}
