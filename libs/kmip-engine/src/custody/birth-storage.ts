import { setTimeout as pause } from 'node:timers/promises';

import { KeyManagerError, type StoredKey, type StoredKeys } from '@lib/key-manager';

import { type OperationContext, callContext } from '../operation-context';
import { certainlyNotDone, explainKeyManager, isFault } from './key-manager-failure';
import { type StoredEnvelope, serializeEnvelope, storedKeyName } from './stored-envelope';

/** What was just stored may not be given out at once; looked for again after this, twice as long each time. */
const FIRST_PAUSE_MS = 50;

export interface BirthStorageResult {
  readonly stored: StoredKey;
  /** The store was repeated, and the first one may come to be all the same: a second stored key of the same bytes. */
  readonly repeated: boolean;
}

/** The key manager did not do it, or what it did is unknown. */
export class NotStored extends Error {
  constructor(
    override readonly cause: unknown,
    /** Nothing of it is in the key manager, nor will be. */
    readonly certain: boolean,
  ) {
    super('a new key was not stored');
  }
}

/**
 * Stores a new key and reads it back: what a client is answered for is there, byte for byte.
 * @throws NotStored
 */
export async function storeBirth(
  context: OperationContext,
  keyManager: StoredKeys,
  envelope: StoredEnvelope,
): Promise<BirthStorageResult> {
  const name = storedKeyName(envelope.uniqueIdentifier);
  const payload = serializeEnvelope(envelope);
  const store = () => keyManager.storeKey(callContext(context), name, payload);
  try {
    return { stored: await store(), repeated: false };
  } catch (error) {
    if (certainlyNotDone(error)) throw new NotStored(explainKeyManager(error, context.scope), true);
    const found = await lookUp(context, keyManager, name);
    if (found instanceof Array && found[0] !== undefined) return { stored: found[0], repeated: false };
    // Only where the key manager said that nothing is there, and only once: the outcome of the first is not known.
    if (found === undefined || !wasCutOff(error)) throw new NotStored(explainKeyManager(error, context.scope), false);
    return { stored: await storeAgain(context, keyManager, name, store), repeated: true };
  }
}

async function storeAgain(
  context: OperationContext,
  keyManager: StoredKeys,
  name: string,
  store: () => Promise<StoredKey>,
): Promise<StoredKey> {
  try {
    return await store();
  } catch (error) {
    const found = certainlyNotDone(error) ? undefined : await lookUp(context, keyManager, name);
    if (found?.[0] !== undefined) return found[0];
    // Even a refusal says nothing of the first try.
    throw new NotStored(explainKeyManager(error, context.scope), false);
  }
}

/** 502, 503 or a reset: an answer of something in between, not the silence of a key manager still at work. */
const wasCutOff = (error: unknown): boolean => isFault(error, 'unavailable');

/** A key under this name can only be ours: the name holds an identifier made a moment ago. @returns undefined: unknown */
async function lookUp(
  context: OperationContext,
  keyManager: StoredKeys,
  name: string,
): Promise<readonly StoredKey[] | undefined> {
  if (context.signal.aborted) return undefined;
  try {
    return await keyManager.findKeysByName(callContext(context), name);
  } catch (error) {
    context.dependencies.logger.warn(
      { err: error, correlationId: context.correlationId, storedKeyName: name },
      'whether a stored key came to be is unknown; its intent stays for the reconciler',
    );
    return undefined;
  }
}

/** Whether the key manager gives back the very bytes it was given. @throws KeyManagerError, also at the deadline */
export async function isStoredAs(
  context: OperationContext,
  keyManager: StoredKeys,
  { id, createdAt }: StoredKey,
  envelope: StoredEnvelope,
): Promise<boolean> {
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
    try {
      return (await keyManager.fetchKey(callContext(context), id, createdAt)).equals(serializeEnvelope(envelope));
    } catch (error) {
      if (!isFault(error, 'stored_key_absent')) throw error;
      await pauseOr(error, pauseMs, context.signal);
    }
  }
}

async function pauseOr(error: unknown, ms: number, signal: AbortSignal): Promise<void> {
  try {
    await pause(ms, undefined, { signal });
  } catch {
    throw error instanceof KeyManagerError ? error : new Error('interrupted', { cause: error });
  }
}
