import { type Secret, type UniqueIdentifier } from '@lib/kernel';
import { type CallContext, type KeyManager, type StoredKey } from '@lib/key-manager';

import {
  type BirthFacts,
  attributesIn,
  authenticityOf,
  birthFactsIn,
  birthFactsOf,
  isSameBirth,
} from '../custody/authentic-envelope';
import { isFault } from '../custody/key-manager-failure';
import { aadOf, boundKeyManager } from '../custody/root-key-binding';
import { openStoredKey } from '../custody/stored-key';
import { type StoredEnvelope, isSound, parseEnvelope } from '../custody/stored-envelope';
import { OperationFailure } from '../failures/operation-failure';
import { type ClientAttribute, type ManagedObject } from '../ports/managed-object';
import { type ReconcileScope } from './background';

/**
 * - `name_unknown`: the name is not one of ours
 * - `damaged`: the payload is not what belongs under that name
 * - `root_key_not_bound`: it lies under a root key the instance is not bound to; bind that one and run again
 * - `not_unwrapped`: the key manager does not unwrap it, or it is another key than it says
 * - `forged`: somebody else wrote it or changed it
 * - `conflict`: another stored key of that name, or the catalog, says something else of what never changes; the operator
 *   decides which one is taken
 * - `gone`: deleted since it was listed
 * - `busy`: a Create or a move of it is under way or being settled, or the key manager does not give it out yet
 */
export type RebuildRefusal =
  'name_unknown' | 'damaged' | 'root_key_not_bound' | 'not_unwrapped' | 'forged' | 'conflict' | 'gone' | 'busy';

export interface Candidate {
  readonly stored: StoredKey;
  readonly keyManager: KeyManager;
}

/** One that was opened: it is the key it says. */
export interface WholeCandidate {
  readonly stored: StoredKey;
  readonly envelope: StoredEnvelope;
  /** False for one of a release that did not authenticate: anybody who may write there could have written it. */
  readonly proven: boolean;
  readonly attributes: readonly ClientAttribute[];
}

export interface RefusedCandidate {
  readonly stored: StoredKey;
  readonly reason: RebuildRefusal;
  /** What it says of itself, while nothing shows that this is wrong. */
  readonly claims?: BirthFacts;
}

export interface Judgement {
  readonly taken?: WholeCandidate;
  readonly refused: readonly RefusedCandidate[];
  /** Stored keys of other instances. */
  readonly foreign: number;
}

/** Who judges, and by what. */
export interface Bench {
  readonly scope: ReconcileScope;
  readonly call: CallContext;
  /** Ids of stored keys that the operator decided to take where they contradict others. */
  readonly take: readonly string[];
}

type Finding = { readonly whole: WholeCandidate } | { readonly refused: RefusedCandidate } | 'foreign';

/**
 * Which of the stored keys with one key's name is the key. Anybody who may write in the tenant's key manager can put one
 * there, and date and order say nothing: where two differ in what never changes, none is taken without the operator's word.
 * @throws what concerns every key
 */
export async function judgeCandidates(
  bench: Bench,
  id: UniqueIdentifier,
  candidates: readonly Candidate[],
  known: ManagedObject | undefined,
): Promise<Judgement> {
  const wholes: WholeCandidate[] = [];
  const refused: RefusedCandidate[] = [];
  let foreign = 0;
  for (const candidate of candidates) {
    const found = await examine(bench, id, candidate);
    if (found === 'foreign') foreign += 1;
    else if ('whole' in found) wholes.push(found.whole);
    else refused.push(found.refused);
  }
  return { ...choose(bench, wholes, refused, known && birthFactsOf(known)), foreign };
}

function choose(
  { take }: Bench,
  wholes: readonly WholeCandidate[],
  refused: readonly RefusedCandidate[],
  known: BirthFacts | undefined,
): Pick<Judgement, 'taken' | 'refused'> {
  const isConflict = ({ envelope }: WholeCandidate): boolean =>
    known !== undefined && !isSameBirth(birthFactsIn(envelope), known);
  const asConflict = ({ stored }: WholeCandidate): RefusedCandidate => ({ stored, reason: 'conflict' });
  // What the catalog knows decides, and no word of the operator makes it another key.
  const possible = wholes.filter((one) => !isConflict(one));
  const excluded = [...refused, ...wholes.filter(isConflict).map(asConflict)];
  const told = possible.find(({ stored }) => take.includes(stored.id));
  if (told !== undefined) return { taken: told, refused: excluded };
  const [first, ...others] =
    known === undefined ? [...possible.map(({ envelope }) => birthFactsIn(envelope)), ...claimsOf(refused)] : [];
  const agreed = first === undefined || others.every((other) => isSameBirth(first, other));
  if (!agreed) return { refused: [...excluded, ...possible.map(asConflict)] };
  const taken = possible.find(({ proven }) => proven) ?? possible[0];
  return { ...(taken && { taken }), refused: excluded };
}

const claimsOf = (refused: readonly RefusedCandidate[]): readonly BirthFacts[] =>
  refused.flatMap(({ claims }) => (claims === undefined ? [] : [claims]));

async function examine({ scope, call }: Bench, id: UniqueIdentifier, candidate: Candidate): Promise<Finding> {
  const { stored, keyManager } = candidate;
  const no = (reason: RebuildRefusal, claims?: BirthFacts): Finding => ({
    refused: { stored, reason, ...(claims && { claims }) },
  });
  const envelope = await orRefusal(async () =>
    parseEnvelope(await keyManager.fetchKey(call, stored.id, stored.createdAt)),
  );
  if (typeof envelope === 'string') return no(envelope);
  if (envelope.instanceId !== scope.instanceId) return 'foreign';
  if (envelope.uniqueIdentifier !== id || !isSound(envelope)) return no('damaged');
  const unwrapping = boundKeyManager(scope, envelope.rootKeyId);
  if (unwrapping === undefined) return no('root_key_not_bound', birthFactsIn(envelope));
  const place = {
    storedKeyId: stored.id,
    storedAt: stored.createdAt,
    aad: aadOf(scope.instanceId, id),
    digest: Buffer.from(envelope.digest, 'hex'),
  };
  const opened = await orRefusal(() => openStoredKey(unwrapping, place, call));
  if (typeof opened === 'string') return no(opened === 'damaged' ? 'not_unwrapped' : opened, birthFactsIn(envelope));
  try {
    return whole(stored, opened.envelope, opened.secret) ?? no('forged');
  } finally {
    opened.secret.wipe();
  }
}

function whole(stored: StoredKey, envelope: StoredEnvelope, material: Secret): Finding | undefined {
  const authenticity = authenticityOf(envelope, material);
  if (authenticity === 'forged') return undefined;
  const proven = authenticity === 'genuine';
  // Without proof they could be anybody's words, and nothing that was not authenticated is opened.
  const attributes = proven ? attributesIn(envelope, material) : [];
  return { whole: { stored, envelope, proven, attributes } };
}

/** A fault of one stored key becomes its refusal; others concern every key and end the run. */
async function orRefusal<T extends object>(work: () => Promise<T>): Promise<T | RebuildRefusal> {
  try {
    return await work();
  } catch (error) {
    if (isFault(error, 'stored_key_missing')) return 'gone';
    if (isFault(error, 'stored_key_absent')) return 'busy';
    if (isFault(error, 'ciphertext_rejected')) return 'not_unwrapped';
    if (error instanceof OperationFailure) return 'damaged';
    throw error;
  }
}
