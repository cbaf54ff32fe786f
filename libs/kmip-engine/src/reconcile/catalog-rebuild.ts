import { type UniqueIdentifier } from '@lib/kernel';
import {
  type CallContext,
  KeyManagerError,
  type KeyManager,
  type KeyManagerFault,
  type StoredKey,
} from '@lib/key-manager';

import { isFault } from '../custody/key-manager-failure';
import { aadOf, boundKeyManager } from '../custody/root-key-binding';
import {
  type StoredEnvelope,
  STORED_KEY_PREFIX,
  isSound,
  parseEnvelope,
  storedKeyName,
} from '../custody/stored-envelope';
import { openStoredKey } from '../custody/stored-key';
import { OperationFailure } from '../failures/operation-failure';
import { isDestroyed } from '../lifecycle';
import { type KeyCustody, type ManagedObject } from '../ports/managed-object';
import { type BackgroundDependencies, type ReconcileScope, backgroundCall, backgroundEvent } from './background';
import { custodyIn, namedIdentifier, restoredObject } from './restorable-key';

export interface RebuildOptions {
  /** Looks at everything and changes nothing. */
  readonly dryRun?: boolean;
  /** Unwraps every key before it is taken over, not just where several stored keys claim to be the same one. */
  readonly verify?: boolean;
  /** Age at which a Create or a move that is not at its end was interrupted. Default 10 minutes. */
  readonly staleAfterMs?: number;
}

/**
 * - `name_unknown`: the name is not one of ours
 * - `damaged`: the payload is not what belongs under that name
 * - `root_key_not_bound`: it lies under a root key the instance is not bound to; bind that one and run again
 * - `not_unwrapped`: the key manager does not unwrap it, or it is another key than it says
 * - `gone`: deleted since it was listed
 * - `busy`: a Create or a move of it is under way or being settled, or the key manager does not give it out yet
 */
export type RebuildRefusal = 'name_unknown' | 'damaged' | 'root_key_not_bound' | 'not_unwrapped' | 'gone' | 'busy';

export interface RefusedStoredKey {
  readonly storedKeyId: string;
  readonly storedKeyName: string;
  readonly reason: RebuildRefusal;
}

export interface RebuildReport {
  /** Stored keys that were looked at. */
  readonly storedKeys: number;
  /** Keys that were missing in the catalog and are there now; with a dry run, that would be. */
  readonly restored: number;
  /** Keys of which the catalog named a stored key that is gone, while there is another one. */
  readonly relocated: number;
  /** Keys the catalog has, destroyed ones included. */
  readonly present: number;
  /** Keys of other instances that use the same key manager. */
  readonly foreign: number;
  /** Stored keys that are not taken over. A key that has several may be there by another one. */
  readonly refused: readonly RefusedStoredKey[];
  /** The key manager failed in a way that concerns all keys. What was done stays; run again. */
  readonly stoppedBy?: KeyManagerFault;
}

type Outcome = 'restored' | 'relocated' | 'present' | 'foreign' | 'refused';

interface Candidate {
  readonly stored: StoredKey;
  readonly keyManager: KeyManager;
}

interface Run {
  readonly scope: ReconcileScope;
  readonly options: RebuildOptions;
  readonly call: CallContext;
  readonly interruptedBefore: Date;
  readonly refused: RefusedStoredKey[];
}

/** This stored key cannot be the one; another of the same name may be. */
class Refused extends Error {
  constructor(readonly reason: RebuildRefusal) {
    super(reason);
  }
}

class Overtaken extends Error {}

/**
 * Brings back what a catalog lost, from the stored keys in the tenant's key manager: rows that are missing, and rows
 * that name a stored key from before a move. Clients may be served meanwhile. Repeatable at any point; each step is
 * committed with its audit record.
 */
export class CatalogRebuild {
  constructor(private readonly dependencies: BackgroundDependencies) {}

  /** @throws what the catalog throws */
  async run(scope: ReconcileScope, options: RebuildOptions = {}): Promise<RebuildReport> {
    const now = this.dependencies.clock.now().getTime();
    const interruptedBefore = new Date(now - (options.staleAfterMs ?? 600_000));
    const call = backgroundCall(this.dependencies, scope);
    const run: Run = { scope, options, call, interruptedBefore, refused: [] };
    const counts = { storedKeys: 0, restored: 0, relocated: 0, present: 0, foreign: 0 };
    try {
      for (const [uniqueIdentifier, candidates] of await this.#list(run, counts)) {
        const outcome = await this.#settle(run, uniqueIdentifier, candidates);
        if (outcome !== 'refused') counts[outcome] += 1;
      }
    } catch (error) {
      if (!(error instanceof KeyManagerError)) throw error;
      return { ...counts, refused: run.refused, stoppedBy: error.fault };
    }
    return { ...counts, refused: run.refused };
  }

  /**
   * Takes over the one key of a Create that was interrupted, if its stored key is whole and unwraps.
   * @returns whether the catalog has the key
   * @throws KeyManagerError when the key manager failed in a way that leaves it open
   */
  async adopt(scope: ReconcileScope, uniqueIdentifier: UniqueIdentifier, interruptedBefore: Date): Promise<boolean> {
    const call = backgroundCall(this.dependencies, scope);
    const candidates: Candidate[] = [];
    for (const keyManager of keyManagersOf(scope)) {
      const found = await keyManager.findKeysByName(call, storedKeyName(uniqueIdentifier));
      candidates.push(...found.map((stored) => ({ stored, keyManager })));
    }
    candidates.sort(newestFirst);
    const run: Run = { scope, options: { verify: true }, call, interruptedBefore, refused: [] };
    const outcome = await this.#settle(run, uniqueIdentifier, candidates);
    return outcome === 'restored' || outcome === 'present';
  }

  /**
   * Everything by identifier, the newest first. Names and ids only, all of them in memory: pages come in no order that
   * would bring the stored keys of one name together, and a search by name reads every page again.
   */
  async #list(run: Run, counts: { storedKeys: number }): Promise<ReadonlyMap<UniqueIdentifier, readonly Candidate[]>> {
    const seen = new Set<string>();
    const found = new Map<UniqueIdentifier, Candidate[]>();
    for (const lister of keyManagersOf(run.scope)) {
      for await (const stored of lister.listKeys(run.call, STORED_KEY_PREFIX)) {
        // Two root keys may lie in one key manager instance.
        if (seen.has(stored.id)) continue;
        seen.add(stored.id);
        const identifier = namedIdentifier(stored);
        if (identifier === undefined) refuse(run, stored, 'name_unknown');
        else found.set(identifier, [...(found.get(identifier) ?? []), { stored, keyManager: lister }]);
      }
    }
    counts.storedKeys = seen.size;
    for (const candidates of found.values()) candidates.sort(newestFirst);
    return found;
  }

  async #settle(run: Run, id: UniqueIdentifier, candidates: readonly Candidate[]): Promise<Outcome> {
    const object = await run.scope.store.find(id);
    if (object !== undefined && (await this.#isInPlace(run, object, candidates))) return 'present';
    const sure = object !== undefined || candidates.length > 1 || run.options.verify === true;
    let settled: Outcome = 'refused';
    for (const candidate of candidates) {
      const outcome = await this.#take(run, id, candidate, { object, sure });
      if (outcome !== 'refused') settled = outcome;
      if (outcome !== 'refused' && outcome !== 'foreign') break;
    }
    return settled;
  }

  async #take(
    run: Run,
    id: UniqueIdentifier,
    candidate: Candidate,
    { object, sure }: { readonly object: ManagedObject | undefined; readonly sure: boolean },
  ): Promise<Outcome> {
    try {
      const envelope = await this.#read(run, id, candidate);
      if (envelope === undefined) return 'foreign';
      if (sure) await this.#open(run, candidate, envelope, object?.digest);
      if (object === undefined) return await this.#restore(run, candidate.stored, envelope);
      return await this.#relocate(run, object, custodyIn(candidate.stored, envelope));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refuse(run, candidate.stored, error.reason);
      return 'refused';
    }
  }

  /** Nothing is to be done for an object whose stored key is there, or that needs none any more. */
  async #isInPlace(
    { scope, call }: Run,
    { state, custody, destroyRequestedAt }: ManagedObject,
    candidates: readonly Candidate[],
  ): Promise<boolean> {
    if (isDestroyed(state) || destroyRequestedAt !== undefined || custody === undefined) return true;
    if (candidates.some(({ stored }) => stored.id === custody.storedKeyId)) return true;
    const keyManager = boundKeyManager(scope, custody.rootKeyId);
    if (keyManager === undefined) return true;
    try {
      (await keyManager.fetchKey(call, custody.storedKeyId)).fill(0);
      return true;
    } catch (error) {
      if (isFault(error, 'stored_key_missing')) return false;
      throw error;
    }
  }

  /** @returns undefined when it belongs to another instance */
  async #read(
    { scope, call }: Run,
    id: UniqueIdentifier,
    { stored, keyManager }: Candidate,
  ): Promise<StoredEnvelope | undefined> {
    const envelope = await ofThisKey('damaged', async () => parseEnvelope(await keyManager.fetchKey(call, stored.id)));
    if (envelope.instanceId !== scope.instanceId) return undefined;
    if (envelope.uniqueIdentifier !== id || !isSound(envelope)) throw new Refused('damaged');
    if (boundKeyManager(scope, envelope.rootKeyId) === undefined) throw new Refused('root_key_not_bound');
    return envelope;
  }

  async #open(
    { scope, call }: Run,
    { stored }: Candidate,
    { rootKeyId, uniqueIdentifier, digest }: StoredEnvelope,
    known: Buffer | undefined,
  ): Promise<void> {
    const keyManager = boundKeyManager(scope, rootKeyId);
    if (keyManager === undefined) throw new Refused('root_key_not_bound');
    const place = {
      storedKeyId: stored.id,
      aad: aadOf(scope.instanceId, uniqueIdentifier),
      digest: known ?? Buffer.from(digest, 'hex'),
    };
    const { secret } = await ofThisKey('not_unwrapped', () => openStoredKey(keyManager, place, call));
    secret.wipe();
  }

  async #restore(run: Run, stored: StoredKey, envelope: StoredEnvelope): Promise<Outcome> {
    const object = restoredObject(stored, envelope, this.dependencies.clock.now());
    if (run.options.dryRun === true) return 'restored';
    const audit = this.#event(run, object.uniqueIdentifier, 'restored from the key manager', object.custody);
    const outcome = await run.scope.store.restore(object, audit, run.interruptedBefore);
    if (outcome === 'busy') throw new Refused('busy');
    return outcome;
  }

  /** A catalog of before a move names the stored key that the move deleted. */
  async #relocate(run: Run, { uniqueIdentifier, custody }: ManagedObject, to: KeyCustody): Promise<Outcome> {
    const { store } = run.scope;
    const move = await store.moves.find(uniqueIdentifier);
    if (move !== undefined && move.startedAt >= run.interruptedBefore) throw new Refused('busy');
    if (run.options.dryRun === true) return 'relocated';
    // A mover that slept must not remove the stored key that the catalog is about to name.
    if (move !== undefined) await store.moves.claim(move);
    const audit = this.#event(run, uniqueIdentifier, 'relocated to the stored key that is there', to);
    try {
      await store.mutate(uniqueIdentifier, (current) => {
        if (current.destroyRequestedAt !== undefined || current.custody?.storedKeyId !== custody?.storedKeyId)
          throw new Overtaken();
        return { object: { ...current, custody: to }, audit, result: undefined };
      });
      return 'relocated';
    } catch (error) {
      if (error instanceof Overtaken) return 'present';
      throw error;
    }
  }

  #event({ scope, call }: Run, id: UniqueIdentifier, step: string, custody: KeyCustody | undefined) {
    return backgroundEvent(this.dependencies, scope, 'vmware-solutions.kmip-key.reconcile', id, {
      correlationId: call.correlationId,
      details: { step, storedKeyId: custody?.storedKeyId ?? '', rootKeyVersion: custody?.rootKeyVersion ?? '' },
    });
  }
}

const newestFirst = (one: Candidate, other: Candidate): number =>
  other.stored.createdAt.getTime() - one.stored.createdAt.getTime();

/** Where keys of the instance may lie: under the root key that is bound, and under former ones. */
export const keyManagersOf = ({ keyManager, former = [] }: ReconcileScope): readonly KeyManager[] => [
  ...(keyManager === undefined ? [] : [keyManager]),
  ...former.map((one) => one.keyManager),
];

function refuse({ refused }: Run, { id, name }: StoredKey, reason: RebuildRefusal): void {
  refused.push({ storedKeyId: id, storedKeyName: name, reason });
}

/** Turns a fault of one stored key into its refusal; others concern every key and end the run. */
async function ofThisKey<T>(altered: RebuildRefusal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isFault(error, 'stored_key_missing')) throw new Refused('gone');
    if (isFault(error, 'stored_key_absent')) throw new Refused('busy');
    if (isFault(error, 'ciphertext_rejected')) throw new Refused('not_unwrapped');
    if (error instanceof OperationFailure) throw new Refused(altered);
    throw error;
  }
}
