import { type LocateFilter } from '@lib/kmip-engine';
import { type InstanceId } from '@lib/kernel';
import { type TtlvValue } from '@lib/kmip-protocol';
import { type ClientBase } from 'pg';

import { matchHashOf, nameValueOf } from './catalog-statements';
import { itemHashesOf } from './value-hashes';

/** The objects that have one attribute. */
export interface AttributeMatch {
  readonly name: string;
  readonly value: TtlvValue;
  /** All of them, or undefined when there are many. */
  readonly few: readonly string[] | undefined;
}

/** Binds a value to a statement. @returns its placeholder */
export type Bind = (value: unknown) => string;

/** So many are looked up in one go; beyond, it is cheaper to look at an object and then for its attribute. */
const FEW = 1_000;

/**
 * Finds out first whether an attribute picks out a few objects of an instance or a good part of them. The planner would
 * have to guess, and its guess costs seconds either way: an identifier that one key of a million has, a vendor that all
 * of them have.
 */
export async function findAttributes(
  client: ClientBase,
  instanceId: InstanceId,
  wanted: NonNullable<LocateFilter['attributes']>,
): Promise<AttributeMatch[]> {
  const matches: AttributeMatch[] = [];
  for (const { name, value } of wanted) {
    const values: unknown[] = [instanceId];
    const conditions = isAttribute(name, value, (given) => `$${values.push(given)}`);
    const { rows } = await client.query<{ object_id: string }>(
      `SELECT a.object_id FROM managed_object_attributes a
        WHERE a.instance_id = $1 AND ${conditions.join(' AND ')} LIMIT ${FEW + 1}`,
      values,
    );
    const few = rows.length > FEW ? undefined : rows.map(({ object_id: id }) => id);
    matches.push({ name, value, few });
  }
  return matches;
}

/** The condition on `o`, an object of the instance `$1`. */
export function hasAttribute({ name, value, few }: AttributeMatch, bind: Bind): string {
  if (few !== undefined) return `o.id = ANY (${bind(few)}::uuid[])`;
  return `EXISTS (SELECT FROM managed_object_attributes a
    WHERE a.instance_id = $1 AND a.object_id = o.id AND ${isAttribute(name, value, bind).join(' AND ')})`;
}

function isAttribute(name: string, value: TtlvValue, bind: Bind): string[] {
  const parts = [`a.name = ${bind(name)}`];
  // A structure matches when each item asked for is in the stored one; a Name Value narrows it down by an index.
  const structure = value.type === 'Structure';
  if (!structure || nameValueOf(name, value) !== undefined) {
    parts.push(`a.value_hash = ${bind(matchHashOf(name, value))}`);
  }
  if (structure) parts.push(`a.item_hashes @> ${bind(itemHashesOf(value))}::bytea[]`);
  return parts;
}
