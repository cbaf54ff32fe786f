import { assertNever, type UniqueIdentifier } from '@lib/kernel';

declare const proven: unique symbol;

/** Id of a stored key of which {@link judgeDeletion} found that it may be deleted. Nothing else makes one. */
export type DeletableKeyId = string & { readonly [proven]: true };

declare const purgeable: unique symbol;

/** Id of a deleted key of which {@link judgePurge} found that nobody is to restore it. Nothing else makes one. */
export type PurgeableKeyId = string & { readonly [purgeable]: true };

/**
 * What a look at one stored key found.
 * - `whole`: one of ours, of this very object; it unwraps, and gives the key it says
 * - `gone`: deleted, by the key manager's word
 * - `absent`: not there at the moment; it may come back
 * - `withheld`: the key manager gives it without its payload
 * - `damaged`: the payload is not what belongs under that name
 * - `unknown_format`: a version, field or algorithm this release does not know; a later one does
 * - `foreign`: it belongs to another instance
 * - `root_key_not_bound`: it lies under a root key the instance is not bound to
 * - `not_unwrapped`: the key manager does not unwrap it, be that for good or for now
 * - `other_key`: it unwraps to another key than it says, or than the catalog knows
 * - `forged`: the key in it is right, and somebody else changed what is said of it; it is not served
 * - `error`: it could not be looked at
 */
export const STORED_KEY_FINDINGS = [
  'whole',
  'gone',
  'absent',
  'withheld',
  'damaged',
  'unknown_format',
  'foreign',
  'root_key_not_bound',
  'not_unwrapped',
  'other_key',
  'forged',
  'error',
] as const;

export type StoredKeyFinding = (typeof STORED_KEY_FINDINGS)[number];

/** Whoever holds it keeps others from creating, moving or settling the object meanwhile. Compared by identity. */
export interface ObjectClaim {
  readonly uniqueIdentifier: UniqueIdentifier;
}

/** One stored key, looked at under a claim of the object whose name it has. */
export interface ExaminedKey {
  readonly storedKeyId: string;
  readonly claim: ObjectClaim;
  readonly finding: StoredKeyFinding;
}

/**
 * Why a stored key should go.
 * - `named_by_order`: the committed record that orders the destruction names this very stored key
 * - `copy_under_order`: the destruction of its object was ordered and committed, and it was found by its name
 * - `superseded`: the committed row of its object names another one, `named`
 * - `test_value`: `written` was put there to try something, `payload` was read
 * - `never_issued`: a deletion that tries the right to delete, of an identifier that is made here and now
 */
export type DeletionCase =
  | { readonly why: 'named_by_order'; readonly storedKeyId: string }
  | { readonly why: 'copy_under_order'; readonly key: ExaminedKey }
  | { readonly why: 'superseded'; readonly key: ExaminedKey; readonly named: ExaminedKey }
  | { readonly why: 'test_value'; readonly storedKeyId: string; readonly payload: Buffer; readonly written: Buffer }
  | { readonly why: 'never_issued'; readonly newId: () => string };

/**
 * Why a stored key stays. Beside what the look at it found:
 * - `only_copy`: no other whole copy was found where the catalog says the key lies, so this may be the only one
 * - `busy`: the two were not looked at under one claim
 * - `doubtful_order`: the order of its destruction is old, and the catalog does not know where the key lies
 * - `not_ours`: not the test value that was written
 * - `not_named`: deleted, and no committed row of its object is known to have named it
 */
export type KeepReason =
  Exclude<StoredKeyFinding, 'whole'> | 'only_copy' | 'busy' | 'doubtful_order' | 'not_ours' | 'not_named';

export type DeletionVerdict =
  | { readonly verdict: 'delete'; readonly proof: DeletableKeyId }
  | { readonly verdict: 'keep'; readonly why: KeepReason };

/**
 * The one place that decides whether a stored key is deleted (docs/adr/0060): only what is positively established to be
 * ours, of this object, and needed no more. A deletion cannot be taken back, a stored key too many can: in doubt it stays.
 */
export function judgeDeletion(deletion: DeletionCase): DeletionVerdict {
  switch (deletion.why) {
    case 'named_by_order':
      return allow(deletion.storedKeyId);
    case 'copy_under_order':
      return deletion.key.finding === 'whole' ? allow(deletion.key.storedKeyId) : keep(reasonOf(deletion.key.finding));
    case 'superseded':
      return judgeSuperseded(deletion.key, deletion.named);
    case 'test_value':
      return judgeTestValue(deletion);
    case 'never_issued':
      return allow(deletion.newId());
    default:
      return assertNever(deletion);
  }
}

/** A stored key that was deleted and not purged: its administrators can restore it. */
export interface DeletedKey {
  readonly id: string;
  readonly name: string;
  /** At the latest, where the key manager does not say it. */
  readonly restorableUntil: Date;
}

export interface PurgeCase {
  /** As the key manager shows it at this moment. */
  readonly deleted: DeletedKey;
  readonly name: string;
  /** Which the committed rows of an object have named whose destruction was ordered and is done. */
  readonly named: ReadonlySet<string>;
}

export type PurgeVerdict =
  | { readonly verdict: 'purge'; readonly proof: PurgeableKeyId }
  | { readonly verdict: 'keep'; readonly why: KeepReason };

/**
 * The one place that decides whether a deleted key is purged (docs/adr/0067). Its payload can no longer be looked at, so
 * what was written in the catalog while it was whole is the only proof; its name alone is anybody's.
 */
export function judgePurge({ deleted, name, named }: PurgeCase): PurgeVerdict {
  if (deleted.name !== name || !named.has(deleted.id)) return { verdict: 'keep', why: 'not_named' };
  return { verdict: 'purge', proof: deleted.id as PurgeableKeyId };
}

function judgeSuperseded(key: ExaminedKey, named: ExaminedKey): DeletionVerdict {
  if (key.finding !== 'whole') return keep(reasonOf(key.finding));
  if (key.claim !== named.claim) return keep('busy');
  if (named.finding !== 'whole' || key.storedKeyId === named.storedKeyId) return keep('only_copy');
  return allow(key.storedKeyId);
}

/** An empty payload, or one that the key manager withholds, proves nothing. */
function judgeTestValue({ storedKeyId, payload, written }: Extract<DeletionCase, { why: 'test_value' }>) {
  return written.length > 0 && payload.equals(written) ? allow(storedKeyId) : keep('not_ours');
}

/** Every finding but one keeps a stored key, and a new one has to be put here before anything compiles. */
const REASON_OF: Readonly<Record<StoredKeyFinding, KeepReason>> = {
  whole: 'only_copy',
  gone: 'gone',
  absent: 'absent',
  withheld: 'withheld',
  damaged: 'damaged',
  unknown_format: 'unknown_format',
  foreign: 'foreign',
  root_key_not_bound: 'root_key_not_bound',
  not_unwrapped: 'not_unwrapped',
  other_key: 'other_key',
  forged: 'forged',
  error: 'error',
};

/**
 * What waits while a stored key of an object is left that is to go: an `order` of destruction and the note that a Create
 * or a move left, only that `note`, or `nothing`. An order is done when nothing is left that may be the key in a form of
 * ours that can be read again. What is proven to be somebody else's writing is reported with each look and holds up
 * nobody: whoever may write in the tenant's key manager could stop every Destroy otherwise, and it is never deleted.
 */
export const WAITS_FOR: Readonly<Record<StoredKeyFinding, 'order' | 'note' | 'nothing'>> = {
  whole: 'order',
  absent: 'order',
  withheld: 'order',
  unknown_format: 'order',
  root_key_not_bound: 'order',
  not_unwrapped: 'order',
  error: 'order',
  gone: 'note',
  damaged: 'note',
  foreign: 'nothing',
  other_key: 'nothing',
  forged: 'nothing',
};

const reasonOf = (finding: StoredKeyFinding): KeepReason => REASON_OF[finding];

const keep = (why: KeepReason): DeletionVerdict => ({ verdict: 'keep', why });

/** The only cast to this proof, held so by a lint rule. */
const allow = (storedKeyId: string): DeletionVerdict => ({
  verdict: 'delete',
  proof: storedKeyId as DeletableKeyId,
});
