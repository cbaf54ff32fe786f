import { type DeletableKeyId, type PurgeableKeyId, judgeDeletion, judgePurge } from '@lib/key-manager';

/** The proof for a deletion in a test, as if the catalog had ordered the destruction of what is stored there. */
export function deletable(storedKeyId: string): DeletableKeyId {
  const judged = judgeDeletion({ why: 'named_by_order', storedKeyId });
  if (judged.verdict === 'keep') throw new Error(judged.why);
  return judged.proof;
}

/** The proof for a purge in a test, as if the catalog had named it. */
export function purgeable(storedKeyId: string): PurgeableKeyId {
  const deleted = { id: storedKeyId, name: '', restorableUntil: new Date(0) };
  const judged = judgePurge({ deleted, name: '', named: new Set([storedKeyId]) });
  if (judged.verdict === 'keep') throw new Error(judged.why);
  return judged.proof;
}
