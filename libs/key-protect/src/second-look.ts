import { KeyManagerError, mayBeRolledBack } from '@lib/key-manager';

import { type KeyProtectClient, RefusedCall, type TryContext } from './rest/key-protect-client';
import { type KeyResource, keyStateOf } from './rest/resources';

/** A stored key that was just answered for with "not found" or "deleted". */
export interface MissingKey {
  readonly id: string;
  readonly status: number;
  /** When it was stored, as far as the caller knows. */
  readonly storedAt: Date | undefined;
  readonly now: Date;
}

/**
 * Whoever believes that a stored key is gone shreds data or calls a Destroy done, so one answer is not enough: it is
 * looked for among the metadata and in the list of keys, deleted ones included. Only a key that is shown as destroyed,
 * or is nowhere and too old for a fail-over to hide it, is gone.
 * @returns `stored_key_missing` or `stored_key_absent`
 * @throws what hinders the look itself
 */
export async function judgeMissing(
  client: KeyProtectClient,
  context: TryContext,
  missing: MissingKey,
): Promise<KeyManagerError> {
  const shown =
    (await unlessMissing(client.keyMetadata(context, missing.id, 'stored_key'))) ??
    (await unlessForbidden(client.findKey(context, missing.id)));
  if (shown !== undefined) return keyStateOf(shown.state) === 'destroyed' ? storedKeyMissing() : storedKeyAbsent();
  // 410 is a word about a key that was there; 404 is also what a region says that never heard of it.
  if (missing.status === 410 || missing.storedAt === undefined) return storedKeyMissing();
  return mayBeRolledBack(missing.storedAt, missing.now) ? storedKeyAbsent() : storedKeyMissing();
}

/** The refusal behind an answer that the stored key is not there; undefined for every other error. */
export const missingAnswer = (error: unknown): RefusedCall | undefined =>
  error instanceof RefusedCall && error.fault.fault === 'stored_key_missing' ? error : undefined;

async function unlessMissing(look: Promise<KeyResource>): Promise<KeyResource | undefined> {
  try {
    return await look;
  } catch (error) {
    if (missingAnswer(error) === undefined) throw error;
    return undefined;
  }
}

/** A service ID that may use single keys only cannot list; the metadata have said what there is to say. */
async function unlessForbidden(look: Promise<KeyResource | undefined>): Promise<KeyResource | undefined> {
  try {
    return await look;
  } catch (error) {
    if (!(error instanceof RefusedCall) || error.fault.fault !== 'permission_denied') throw error;
    return undefined;
  }
}

export const storedKeyMissing = (): KeyManagerError =>
  new KeyManagerError('stored_key_missing', 'the stored key was deleted in the key manager, or never there');

/** A deletion may yet have to happen, so this is never taken for "nothing was done". */
export const storedKeyAbsent = (): KeyManagerError =>
  new KeyManagerError('stored_key_absent', 'the stored key is not there at the moment; it may come (back) by itself', {
    certainlyNotDone: false,
  });
