import { type UniqueIdentifier } from '@lib/kernel';
import { type CallContext, type StoredKeys, type StoredKey } from '@lib/key-manager';

import { isFault } from '../custody/key-manager-failure';
import { boundKeyManager } from '../custody/root-key-binding';
import { type KeyNote, type WrittenNote } from '../ports/key-notes.port';
import { type ReconcileScope, keyManagersOf } from '../reconcile/background';
import { NOTE_PREFIX, namedNote, parseNote, unwrapNote } from './stored-note';

/**
 * - `name_unknown`: the name is not one of ours
 * - `damaged`: the payload is no note, or one of a later release
 * - `replayed`: a note of another key or number, copied under this name
 * - `root_key_not_bound`: it lies under a root key the instance is not bound to
 * - `not_unwrapped`: the key manager does not unwrap it
 * - `forged`: somebody else wrote it or changed it
 * - `gone`: deleted since it was listed
 * - `busy`: the key manager does not give it out at the moment
 */
export type NoteRefusal =
  'name_unknown' | 'damaged' | 'replayed' | 'root_key_not_bound' | 'not_unwrapped' | 'forged' | 'gone' | 'busy';

export interface RefusedNote {
  readonly storedKeyId: string;
  readonly storedKeyName: string;
  readonly reason: NoteRefusal;
}

/** A note names one before it that is not there, or cannot be read: what it said is unknown. */
export interface NoteGap {
  readonly uniqueIdentifier: UniqueIdentifier;
  readonly missing: number;
}

/** What the key managers of an instance say about its keys. */
export interface FoundNotes {
  readonly byKey: ReadonlyMap<UniqueIdentifier, readonly WrittenNote[]>;
  /** Those of other instances that use the same key manager are left out. */
  readonly refused: readonly RefusedNote[];
  readonly gaps: readonly NoteGap[];
}

/** Nothing of these says that anybody wrote something wrong: one copy under the same name that can be read is enough. */
const UNREADABLE: ReadonlySet<NoteRefusal> = new Set(['root_key_not_bound', 'not_unwrapped', 'gone', 'busy']);

type Opened = WrittenNote | NoteRefusal | 'foreign';

/**
 * Opens the notes whose names begin with `prefix`. What cannot be trusted is reported, and says nothing.
 * @throws KeyManagerError what concerns every note: without them no key may be brought back
 */
export async function readNotes(scope: ReconcileScope, call: CallContext, prefix = NOTE_PREFIX): Promise<FoundNotes> {
  const seen = new Set<string>();
  const genuine = new Map<string, WrittenNote>();
  const refused: RefusedNote[] = [];
  for (const keyManager of keyManagersOf(scope)) {
    for await (const stored of keyManager.listKeys(call, prefix)) {
      if (seen.has(stored.id)) continue;
      seen.add(stored.id);
      const opened = await open(scope, call, keyManager, stored);
      if (opened === 'foreign') continue;
      if (typeof opened === 'string') {
        refused.push({ storedKeyId: stored.id, storedKeyName: stored.name, reason: opened });
      } else if (genuine.get(stored.name)?.rootKeyId !== scope.rootKeyId) genuine.set(stored.name, opened);
    }
  }
  const byKey = new Map<UniqueIdentifier, WrittenNote[]>();
  for (const note of [...genuine.values()].toSorted((one, other) => one.number - other.number)) {
    byKey.set(note.uniqueIdentifier, [...(byKey.get(note.uniqueIdentifier) ?? []), note]);
  }
  const telling = refused.filter(({ storedKeyName, reason }) => !UNREADABLE.has(reason) || !genuine.has(storedKeyName));
  return { byKey, refused: telling, gaps: [...byKey.values()].flatMap(gapsIn) };
}

function gapsIn(notes: readonly KeyNote[]): readonly NoteGap[] {
  const numbers = new Set(notes.map(({ number }) => number));
  return notes.flatMap(({ uniqueIdentifier, previous }) =>
    previous === undefined || numbers.has(previous) ? [] : [{ uniqueIdentifier, missing: previous }],
  );
}

async function open(
  scope: ReconcileScope,
  call: CallContext,
  keyManager: StoredKeys,
  stored: StoredKey,
): Promise<Opened> {
  const named = namedNote(stored.name);
  if (named === undefined) return 'name_unknown';
  try {
    const note = parseNote(await keyManager.fetchKey(call, stored.id, stored.createdAt));
    if (note === undefined) return 'damaged';
    if (note.instanceId !== scope.instanceId) return 'foreign';
    const { uniqueIdentifier, number } = note;
    if (uniqueIdentifier !== named.uniqueIdentifier || number !== named.number) return 'replayed';
    const unwrapping = boundKeyManager(scope, note.rootKeyId);
    if (unwrapping === undefined) return 'root_key_not_bound';
    return (await unwrapNote(unwrapping, note, call)) ?? 'forged';
  } catch (error) {
    if (isFault(error, 'stored_key_missing')) return 'gone';
    if (isFault(error, 'stored_key_absent')) return 'busy';
    if (isFault(error, 'ciphertext_rejected')) return 'not_unwrapped';
    throw error;
  }
}
