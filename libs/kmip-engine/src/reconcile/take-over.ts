import { inParallel, type InstanceId, STORED_KEY_PREFIX, type UniqueIdentifier } from '@lib/kernel';
import { type CallContext, KeyManagerError, type KeyManagerFault } from '@lib/key-manager';

import { MAXIMUM_OPEN_MOVES } from '../custody/custody-transfer';
import { boundKeyManager } from '../custody/root-key-binding';
import { type Examination, examineStoredKey } from '../custody/stored-key-examination';
import { OperationFailure } from '../failures/operation-failure';
import { isDestroyed } from '../lifecycle';
import { type FoundNotes, readNotes } from '../notes/note-reader';
import { factsInForce, withNotes } from '../notes/noted-facts';
import { type CustodyMove } from '../ports/custody-moves.port';
import { type ManagedObject, storedSince } from '../ports/managed-object';
import {
  type BackgroundDependencies,
  backgroundCall,
  backgroundEvent,
  keyManagersOf,
  type ReconcileScope,
} from './background';
import { KeyMove } from './key-move';
import { type Candidate, judgeCandidates, type RebuildRefusal, type WholeCandidate } from './rebuild-candidates';
import { custodyIn, namedIdentifier, restoredObject } from './restorable-key';
import { StoredKeyRemoval } from './stored-key-removal';

const AT_ONCE = 8;
/** A Create or a move of this age was interrupted. */
const STALE_AFTER_MS = 600_000;

export interface TakeOverOptions {
  /** Looks at everything and changes nothing. */
  readonly dryRun?: boolean;
  /** Ids of stored keys to take where they contradict others in what never changes: the operator's word. */
  readonly take?: readonly string[];
  readonly progress?: (done: number, total: number) => void;
}

export interface NotTakenOver {
  readonly uniqueIdentifier: UniqueIdentifier;
  readonly storedKeyId: string;
  readonly reason: RebuildRefusal | 'not_moved';
}

export interface TakeOverReport {
  /** Stored keys that were looked at. */
  readonly storedKeys: number;
  /** Keys of the former instance that are this one's now; with a dry run, that would be. */
  readonly takenOver: number;
  /** Keys that this one had already. */
  readonly present: number;
  /** Keys of the former instance that were destroyed: they stay so. */
  readonly destroyed: number;
  /** Keys of others. */
  readonly foreign: number;
  /** Those that stay where they are; run again when what is in the way is gone. */
  readonly notTaken: readonly NotTakenOver[];
  /** Stored keys of the former instance that no key needs any more, and that its tenant may delete. */
  readonly left: readonly Pick<NotTakenOver, 'uniqueIdentifier' | 'storedKeyId'>[];
  /** Notes of the former instance that say nothing, and gaps: what they said is unknown. */
  readonly notes?: Pick<FoundNotes, 'refused' | 'gaps'>;
  /** The key manager failed in a way that concerns all keys. What was done stays; run again. */
  readonly stoppedBy?: KeyManagerFault;
}

type Counts = Record<'storedKeys' | Outcome, number>;
type Outcome = 'takenOver' | 'present' | 'destroyed' | 'foreign';

interface Run {
  readonly scope: ReconcileScope;
  /** As the instance that is gone would look at its stored keys. */
  readonly formerScope: ReconcileScope;
  readonly options: TakeOverOptions;
  readonly call: CallContext;
  readonly notes: FoundNotes;
  readonly counts: Counts;
  readonly notTaken: NotTakenOver[];
  readonly left: Pick<NotTakenOver, 'uniqueIdentifier' | 'storedKeyId'>[];
}

/**
 * Brings keys of an instance that is gone into another one, under the same identifiers. A stored key is bound to its
 * instance by what it was wrapped with, so each is opened as the former one's and wrapped as this one's, in the order of
 * a move (docs/adr/0022): its row names the former stored key first, by which nobody is served, then the new one. What is
 * cut in between is carried on by another run.
 *
 * Whether this instance may have them is the caller's to prove.
 */
export class TakeOver {
  readonly #move: KeyMove;
  readonly #removal: StoredKeyRemoval;

  constructor(private readonly dependencies: BackgroundDependencies) {
    this.#move = new KeyMove(dependencies);
    this.#removal = new StoredKeyRemoval(dependencies);
  }

  /** @throws what the catalog throws */
  async run(scope: ReconcileScope, former: InstanceId, options: TakeOverOptions = {}): Promise<TakeOverReport> {
    const call = backgroundCall(this.dependencies, scope);
    const formerScope = { ...scope, instanceId: former };
    const counts: Counts = { storedKeys: 0, takenOver: 0, present: 0, destroyed: 0, foreign: 0 };
    const notTaken: NotTakenOver[] = [];
    const left: Run['left'] = [];
    try {
      // Before any key: what was suspended or destroyed there is nothing else here.
      const notes = await readNotes(formerScope, call);
      const run: Run = { scope, formerScope, options, call, notes, counts, notTaken, left };
      const listed = await list(run);
      let done = 0;
      await inParallel(listed, AT_ONCE, async ([id, candidates]) => {
        const outcome = await this.#settle(run, id, candidates);
        if (outcome !== undefined) counts[outcome] += 1;
        options.progress?.((done += 1), listed.size);
        return 'next';
      });
      return { ...counts, notTaken, left, notes: { refused: notes.refused, gaps: notes.gaps } };
    } catch (error) {
      if (!(error instanceof KeyManagerError)) throw error;
      return { ...counts, notTaken, left, stoppedBy: error.fault };
    }
  }

  async #settle(run: Run, id: UniqueIdentifier, candidates: readonly Candidate[]): Promise<Outcome | undefined> {
    const { scope, formerScope, call, options, notTaken } = run;
    const { take = [] } = options;
    const known = await scope.store.find(id);
    const { taken, refused } = await judgeCandidates({ scope: formerScope, call, take }, id, candidates, known);
    notTaken.push(...refused.map(({ stored, reason }) => ({ uniqueIdentifier: id, storedKeyId: stored.id, reason })));
    if (taken === undefined) {
      if (refused.length > 0) return undefined;
      return known === undefined ? 'foreign' : 'present';
    }
    if (known !== undefined && known.custody?.storedKeyId !== taken.stored.id) {
      await this.#removeFormer(run, taken);
      return isDestroyed(known.state) ? 'destroyed' : 'present';
    }
    return this.#take(run, taken, known, candidates);
  }

  async #take(
    run: Run,
    taken: WholeCandidate,
    known: ManagedObject | undefined,
    candidates: readonly Candidate[],
  ): Promise<Outcome | undefined> {
    const { options, notTaken } = run;
    const { stored, envelope } = taken;
    const { uniqueIdentifier } = envelope;
    const object = known ?? restoredObject(stored, envelope, taken.attributes, this.dependencies.clock.now());
    const noted = this.#noted(run, object);
    if (options.dryRun === true) return isDestroyed(noted.state) ? 'destroyed' : 'takenOver';
    const stays = (reason: NotTakenOver['reason']): Outcome | undefined => {
      notTaken.push({ uniqueIdentifier, storedKeyId: stored.id, reason });
      return undefined;
    };
    if (known === undefined && (await this.#enter(run, object)) === 'busy') return stays('busy');
    const entered = noted === object ? object : await this.#apply(run, uniqueIdentifier);
    if (entered === undefined || isDestroyed(entered.state)) return 'destroyed';
    if (known !== undefined && (await this.#carryOn(run, known, candidates))) {
      await this.#removeFormer(run, taken);
      return 'takenOver';
    }
    const why = await this.#transfer(run, taken);
    return why === undefined ? 'takenOver' : stays(why);
  }

  /** @returns why the key stays where it is; nothing when it is this instance's */
  async #transfer(
    { scope, formerScope }: Run,
    { envelope }: WholeCandidate,
  ): Promise<NotTakenOver['reason'] | undefined> {
    const { rootKeyId: formerRootKeyId, uniqueIdentifier } = envelope;
    const source = boundKeyManager(scope, formerRootKeyId);
    const { keyManager, rootKeyId } = scope;
    if (source === undefined || keyManager === undefined || rootKeyId === undefined) return 'root_key_not_bound';
    const from = { keyManager: source, rootKeyId: formerRootKeyId };
    try {
      const to = { keyManager, rootKeyId };
      const outcome = await this.#move.run(scope, uniqueIdentifier, from, to, formerScope.instanceId);
      return outcome === 'moved' ? undefined : 'not_moved';
    } catch (error) {
      // Of this one key; what concerns all is a fault of the key manager.
      if (error instanceof OperationFailure) return 'damaged';
      throw error;
    }
  }

  /**
   * A run before was cut after the new stored key was there and before the row named it. Its move cannot be settled by
   * anybody else: the row names a stored key that is another instance's.
   */
  async #carryOn({ scope, call }: Run, known: ManagedObject, candidates: readonly Candidate[]): Promise<boolean> {
    const { uniqueIdentifier: id, custody } = known;
    const { taken: renewed } = await judgeCandidates({ scope, call, take: [] }, id, candidates, known);
    if (renewed?.proven !== true) return false;
    const move = await scope.store.moves.find(id);
    if (move !== undefined) await scope.store.moves.claim(move);
    const to = custodyIn(renewed.stored, renewed.envelope);
    const { correlationId } = call;
    const details = { step: 'taken over by the stored key that is there', storedKeyId: to.storedKeyId };
    const action = 'vmware-solutions.kmip-key.reconcile';
    const audit = backgroundEvent(this.dependencies, scope, action, id, { correlationId, details });
    await scope.store.mutate(id, (current) => ({
      ...(current.custody?.storedKeyId === custody?.storedKeyId && { object: { ...current, custody: to } }),
      audit,
      result: undefined,
    }));
    return true;
  }

  /**
   * A run before was cut after the row named the new stored key and before the former one was deleted. As at the end of
   * a move: the new one gives the key, and both are looked at under one note.
   */
  async #removeFormer(run: Run, taken: WholeCandidate): Promise<void> {
    if (run.options.dryRun !== true && (await this.#isRemoved(run, taken))) return;
    run.left.push({ uniqueIdentifier: taken.envelope.uniqueIdentifier, storedKeyId: taken.stored.id });
  }

  async #isRemoved({ scope, formerScope, call }: Run, { envelope }: WholeCandidate): Promise<boolean> {
    const { uniqueIdentifier, rootKeyId } = envelope;
    const source = boundKeyManager(scope, rootKeyId);
    const object = await scope.store.find(uniqueIdentifier);
    if (source === undefined || object === undefined) return false;
    const claim = await this.#claim(scope, object, rootKeyId);
    const named = claim && (await this.#named(scope, claim, object, call));
    if (claim === undefined || named === undefined) return false;
    const task = { claim, digest: object.digest, named };
    const { removed, waits } = await this.#removal.run(formerScope, source, task, call);
    if (!waits) await scope.store.moves.close(claim);
    return removed > 0;
  }

  async #named(
    scope: ReconcileScope,
    claim: CustodyMove,
    object: ManagedObject,
    call: CallContext,
  ): Promise<Examination | undefined> {
    const { custody, digest } = object;
    const keyManager = custody && boundKeyManager(scope, custody.rootKeyId);
    if (custody === undefined || keyManager === undefined) return undefined;
    const { storedKeyId, authenticated } = custody;
    const place = { claim, storedKeyId, storedAt: storedSince(object), keyManager, digest, authenticated };
    return await examineStoredKey(scope, place, call);
  }

  /** The note that the run before left, or another one. @returns undefined when a stored key of it is no proof of anything */
  async #claim(
    { store }: ReconcileScope,
    { uniqueIdentifier, custody, destroyRequestedAt }: ManagedObject,
    fromRootKeyId: string,
  ): Promise<CustodyMove | undefined> {
    if (custody === undefined || destroyRequestedAt !== undefined) return undefined;
    const { dependencies } = this;
    const toRootKeyId = custody.rootKeyId;
    const left = await store.moves.find(uniqueIdentifier);
    const move = left ?? {
      uniqueIdentifier,
      moveId: dependencies.newUniqueIdentifier(),
      fromRootKeyId,
      toRootKeyId,
      startedAt: dependencies.clock.now(),
    };
    const opened = left !== undefined || (await store.moves.open(move, MAXIMUM_OPEN_MOVES)) === 'opened';
    return opened && (await store.moves.claim(move)) ? move : undefined;
  }

  /** It names the former stored key still, which is wrapped for another instance: nobody is served by it. */
  #enter({ scope, call, formerScope }: Run, object: ManagedObject): Promise<'restored' | 'present' | 'busy'> {
    const interruptedBefore = new Date(this.dependencies.clock.now().getTime() - STALE_AFTER_MS);
    const { correlationId } = call;
    const details = {
      step: 'taken over from an instance that is gone',
      fromInstance: formerScope.instanceId,
      storedKeyId: object.custody?.storedKeyId ?? '',
    };
    const audit = backgroundEvent(
      this.dependencies,
      scope,
      'vmware-solutions.kmip-key.reconcile',
      object.uniqueIdentifier,
      { correlationId, details },
    );
    return scope.store.restore(object, audit, interruptedBefore);
  }

  /** A change of its own, and not part of the row that is entered: so this instance has notes of it too. */
  async #apply(run: Run, id: UniqueIdentifier): Promise<ManagedObject | undefined> {
    const { scope, call } = run;
    const now = this.dependencies.clock.now();
    const done = await scope.store.mutate(id, (current) => {
      const object = this.#noted(run, current);
      const details = { step: 'notes of the former instance applied', facts: factsInForce(current, object, now) };
      const { correlationId } = call;
      const action = 'vmware-solutions.kmip-key.reconcile';
      const audit = backgroundEvent(this.dependencies, scope, action, id, { correlationId, details });
      return { ...(object !== current && { object }), audit, result: object };
    });
    return done?.result;
  }

  #noted({ notes }: Run, object: ManagedObject): ManagedObject {
    const unknown = notes.byKey.get(object.uniqueIdentifier) ?? [];
    return withNotes(object, { unknown, known: [], mayResume: false }, this.dependencies.clock.now());
  }
}

/** Everything by identifier, as a rebuild lists it. */
async function list(run: Run): Promise<ReadonlyMap<UniqueIdentifier, readonly Candidate[]>> {
  const seen = new Set<string>();
  const found = new Map<UniqueIdentifier, Candidate[]>();
  for (const keyManager of keyManagersOf(run.scope)) {
    for await (const stored of keyManager.listKeys(run.call, STORED_KEY_PREFIX)) {
      if (seen.has(stored.id)) continue;
      seen.add(stored.id);
      const identifier = namedIdentifier(stored);
      if (identifier === undefined) continue;
      found.set(identifier, [...(found.get(identifier) ?? []), { stored, keyManager }]);
    }
  }
  run.counts.storedKeys = seen.size;
  return found;
}
