import { createHash } from 'node:crypto';

import { toText } from '@lib/kmip-engine';
import { type TtlvValue } from '@lib/kmip-protocol';

/** Equal for equal values (and tags, for items of structures). */
export function hashOf(value: TtlvValue, tag = 0): Buffer {
  return createHash('sha256')
    .update(`[${String(tag)},${toText(value)}]`)
    .digest();
}

/** Hashes of the items of a structure; other values have none. */
export function itemHashesOf(value: TtlvValue): Buffer[] {
  return value.type === 'Structure' ? value.value.map((item) => hashOf(item, item.tag)) : [];
}
