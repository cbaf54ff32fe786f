import { randomBytes, randomUUID } from 'node:crypto';
import { toTimestamp } from '@lib/stand-in';
import { type KeyRow } from '../journal/rows';

const GENERATED_KEY_BYTES = 32;
export const DEFAULT_KEY_RING = 'default';

export interface NewKey {
  readonly instanceId: string;
  readonly id?: string | undefined;
  readonly name: string;
  readonly description?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly aliases?: readonly string[] | undefined;
  readonly expirationDate?: string | undefined;
  readonly keyRingId?: string | undefined;
  readonly extractable: boolean;
  /** Imported key material in base64; absent: 32 bytes are made. */
  readonly payload?: string | undefined;
  readonly dualAuthDelete?: boolean | undefined;
  readonly createdBy: string;
  readonly now: Date;
}

/** The first version of a key has the key's own id, until the first rotation. */
export function newKey(input: NewKey): KeyRow {
  const id = input.id ?? randomUUID();
  const createdAt = toTimestamp(input.now);
  const material = input.payload ?? randomBytes(GENERATED_KEY_BYTES).toString('base64');
  return {
    id,
    instanceId: input.instanceId,
    name: input.name,
    ...(input.description !== undefined && { description: input.description }),
    ...(input.tags && { tags: input.tags }),
    aliases: input.aliases ?? [],
    ...(input.expirationDate !== undefined && { expirationDate: input.expirationDate }),
    keyRingId: input.keyRingId ?? DEFAULT_KEY_RING,
    extractable: input.extractable,
    imported: input.payload !== undefined,
    state: 1,
    createdAt,
    createdBy: input.createdBy,
    updatedAt: createdAt,
    versions: [{ id, material, createdAt }],
    dualAuthDelete: input.dualAuthDelete ?? false,
    policies: [],
  };
}
