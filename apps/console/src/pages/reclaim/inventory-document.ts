import { type Schemas } from '../../api/schema';

export type InventoryDocument = Schemas['InstanceInventoryPrototype'];

/** Why a text is no inventory. */
export type InventoryFault = 'no_json' | 'of_one_vcenter' | 'no_time' | 'no_source' | 'no_keys';

/**
 * The document that the tenant API takes, or one key identifier a line with time and place beside it. What lies wrong in
 * it is said before it is sent; whether it is fresh enough, the service says.
 */
export function readInventory(
  text: string,
  given: { readonly takenAt: string; readonly source: string },
): InventoryDocument | InventoryFault {
  const read = text.trimStart().startsWith('{') ? parsed(text) : { key_ids: linesOf(text) };
  if (read === undefined) return 'no_json';
  // The whole answer of `kmip4v vcenter inventory`: which keys of it are of this instance that command works out.
  if (!('key_ids' in read) && 'references' in read) return 'of_one_vcenter';
  const { key_ids, taken_at = given.takenAt, source = given.source } = read as Partial<InventoryDocument>;
  if (!Array.isArray(key_ids) || !key_ids.every((id) => typeof id === 'string')) return 'no_keys';
  if (Number.isNaN(Date.parse(taken_at))) return 'no_time';
  if (source.trim() === '') return 'no_source';
  return { taken_at: new Date(taken_at).toISOString(), source: source.trim(), key_ids };
}

const linesOf = (text: string): readonly string[] =>
  text
    .split(/\s+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
