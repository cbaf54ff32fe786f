import { type DeletableKeyId, judgeDeletion } from '@lib/key-manager';

/** The proof for a deletion in a test, as if the catalog had ordered the destruction of what is stored there. */
export function deletable(storedKeyId: string): DeletableKeyId {
  const judged = judgeDeletion({ why: 'named_by_order', storedKeyId });
  if (judged.verdict === 'keep') throw new Error(judged.why);
  return judged.proof;
}
