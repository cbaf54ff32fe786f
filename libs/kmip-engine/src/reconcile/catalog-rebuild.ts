import { type AuditEvent } from '@lib/audit';
import { inParallel, STORED_KEY_PREFIX, type UniqueIdentifier } from '@lib/kernel';
import { type CallContext, KeyManagerError, type KeyManagerFault, type StoredKey } from '@lib/key-manager';

import { recordedAttributes, withMissing, withoutNames } from '../attributes/recorded-attributes';
import { isFault } from '../custody/key-manager-failure';
import { boundKeyManager } from '../custody/root-key-binding';
import { storedKeyName } from '../custody/stored-envelope';
import { isDestroyed } from '../lifecycle';
import { NoteApplication, type NotesReport } from '../notes/note-application';
import { type FoundNotes, readNotes } from '../notes/note-reader';
import { factsInForce, withNotes } from '../notes/noted-facts';
import { notePrefixOf } from '../notes/stored-note';
import { type TrailFacts } from '../notes/trail-facts';
import { type ClientAttribute, type KeyCustody, type ManagedObject, storedSince } from '../ports/managed-object';
import { ObjectStoreError } from '../ports/managed-object-store.port';
import {
  type BackgroundDependencies,
  type ReconcileScope,
  backgroundCall,
  backgroundEvent,
  keyManagersOf,
} from './background';
import { type Candidate, type RebuildRefusal, type WholeCandidate, judgeCandidates } from './rebuild-candidates';
import { type RebuildLoss, lostKeys } from './rebuild-losses';
import { custodyIn, namedIdentifier, restoredObject } from './restorable-key';

export interface RebuildOptions {
  /** Looks at everything and changes nothing. */
  readonly dryRun?: boolean;
  /** Ids of stored keys to take where they contradict others in what never changes: the operator's word. */
  readonly take?: readonly string[];
  /** What an exported audit trail says, beside the notes in the key manager. */
  readonly trail?: TrailFacts;
  /** Age at which a Create or a move that is not at its end was interrupted. Default 10 minutes. */
  readonly staleAfterMs?: number;
  /** Told after each key. */
  readonly progress?: (done: number, total: number) => void;
}

/** Each waits for the key manager most of the time; clients of the instance go first there. */
const AT_ONCE = 8;

export interface RefusedStoredKey {
  readonly storedKeyId: string;
  readonly storedKeyName: string;
  readonly reason: RebuildRefusal;
}

export interface TrailReport {
  /** Keys that were here before and are what the trail says now. Those that came back have it already. */
  readonly applied: readonly UniqueIdentifier[];
  /** The trail ends here: what happened later is unknown, of every key. */
  readonly lastSeq: number;
  readonly lastAt: Date;
  /** Keys that came back without any event in the trail: all of it is unknown. */
  readonly unknown: readonly UniqueIdentifier[];
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
  /** Of those restored or relocated: keys of a release that did not authenticate, which anybody could have written. */
  readonly unproven: number;
  /** Stored keys that are not taken over. A key that has several may be there by another one. */
  readonly refused: readonly RefusedStoredKey[];
  /** Keys that the catalog has, and whose stored key is not there. Absent when the run ended before they were looked for. */
  readonly lost?: readonly RebuildLoss[];
  /** What must not come back. Absent when the run ended before they were read. */
  readonly notes?: NotesReport;
  readonly trail?: TrailReport;
  /** The key manager failed in a way that concerns all keys. What was done stays; run again. */
  readonly stoppedBy?: KeyManagerFault;
}

type Outcome = 'restored' | 'relocated' | 'present' | 'foreign' | 'refused';

interface Run {
  readonly scope: ReconcileScope;
  readonly options: RebuildOptions;
  readonly call: CallContext;
  readonly interruptedBefore: Date;
  readonly refused: RefusedStoredKey[];
  readonly counts: Counts;
  readonly notes: FoundNotes;
  /** Keys that came back with what their notes say. */
  readonly noted: UniqueIdentifier[];
  readonly restored: UniqueIdentifier[];
  /** Their stored key was seen. */
  readonly placed: Set<UniqueIdentifier>;
}

type Counts = Record<'storedKeys' | Exclude<Outcome, 'refused'> | 'unproven', number>;

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
  readonly #application: NoteApplication;

  constructor(private readonly dependencies: BackgroundDependencies) {
    this.#application = new NoteApplication(dependencies);
  }

  /** @throws what the catalog throws */
  async run(scope: ReconcileScope, options: RebuildOptions = {}): Promise<RebuildReport> {
    const now = this.dependencies.clock.now().getTime();
    const interruptedBefore = new Date(now - (options.staleAfterMs ?? 600_000));
    const call = backgroundCall(this.dependencies, scope);
    const basis = newBasis(scope, options, call, interruptedBefore);
    try {
      // Before any key: one must not be served again in between.
      const run = { ...basis, notes: await readNotes(scope, call) };
      const listed = await this.#list(run);
      let done = 0;
      await inParallel(listed, AT_ONCE, async ([uniqueIdentifier, candidates]) => {
        const outcome = await this.#settle(run, uniqueIdentifier, candidates);
        if (outcome !== 'refused') run.counts[outcome] += 1;
        if (outcome === 'restored' || outcome === 'relocated') run.placed.add(uniqueIdentifier);
        options.progress?.((done += 1), listed.size);
        return 'next';
      });
      return {
        ...basis.counts,
        refused: basis.refused,
        lost: await lostKeys(scope, call, run.placed),
        notes: await this.#applyNotes(run),
        ...(await this.#applyTrail(run)),
      };
    } catch (error) {
      if (!(error instanceof KeyManagerError)) throw error;
      return { ...basis.counts, refused: basis.refused, stoppedBy: error.fault };
    }
  }

  async #applyTrail({ scope, options, call, restored }: Run): Promise<{ readonly trail?: TrailReport }> {
    const { trail, dryRun = false } = options;
    if (trail === undefined) return {};
    const { lastSeq, lastAt, named } = trail;
    const applied = await this.#application.runTrail(scope, trail, { dryRun, call });
    return { trail: { applied, lastSeq, lastAt, unknown: restored.filter((id) => !named.has(id)) } };
  }

  /** To keys that were here before; those that came back have them already. */
  async #applyNotes({ scope, options, notes, noted, call }: Run): Promise<NotesReport> {
    const report = await this.#application.run(scope, notes, { ...options, mayResume: true, call });
    return { ...report, applied: [...new Set([...noted, ...report.applied])] };
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
    const notes = await readNotes(scope, call, notePrefixOf(uniqueIdentifier));
    const run = { ...newBasis(scope, {}, call, interruptedBefore), notes };
    const outcome = await this.#settle(run, uniqueIdentifier, candidates);
    return outcome === 'restored' || outcome === 'present';
  }

  /**
   * Everything by identifier, the newest first. Names and ids only, all of them in memory: pages come in no order that
   * would bring the stored keys of one name together, and a search by name reads every page again.
   */
  async #list(run: Run): Promise<ReadonlyMap<UniqueIdentifier, readonly Candidate[]>> {
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
    run.counts.storedKeys = seen.size;
    for (const candidates of found.values()) candidates.sort(newestFirst);
    return found;
  }

  async #settle(run: Run, id: UniqueIdentifier, candidates: readonly Candidate[]): Promise<Outcome> {
    const object = await run.scope.store.find(id);
    if (object !== undefined && (await this.#isInPlace(run, object, candidates))) return 'present';
    const { scope, call, options } = run;
    const { take = [] } = options;
    const { taken, refused, foreign } = await judgeCandidates({ scope, call, take }, id, candidates, object);
    for (const { stored, reason } of refused) refuse(run, stored, reason);
    if (taken === undefined) return foreign > 0 && refused.length === 0 ? 'foreign' : 'refused';
    const outcome = await this.#take(run, taken, object);
    if (!taken.proven && (outcome === 'restored' || outcome === 'relocated')) run.counts.unproven += 1;
    return outcome;
  }

  async #take(run: Run, taken: WholeCandidate, object: ManagedObject | undefined): Promise<Outcome> {
    try {
      if (object === undefined) return await this.#restore(run, taken);
      return await this.#relocate(run, object, custodyIn(taken.stored, taken.envelope));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refuse(run, taken.stored, error.reason);
      return 'refused';
    }
  }

  /** Nothing is to be done for an object whose stored key is there, or that needs none any more. */
  async #isInPlace(
    { scope, call, placed }: Run,
    object: ManagedObject,
    candidates: readonly Candidate[],
  ): Promise<boolean> {
    const { state, custody, destroyRequestedAt } = object;
    if (isDestroyed(state) || destroyRequestedAt !== undefined || custody === undefined) return true;
    if (candidates.some(({ stored }) => stored.id === custody.storedKeyId)) {
      placed.add(object.uniqueIdentifier);
      return true;
    }
    const keyManager = boundKeyManager(scope, custody.rootKeyId);
    if (keyManager === undefined) return true;
    try {
      (await keyManager.fetchKey(call, custody.storedKeyId, storedSince(object))).fill(0);
      return true;
    } catch (error) {
      if (isFault(error, 'stored_key_missing')) return false;
      if (isFault(error, 'stored_key_absent')) return true;
      throw error;
    }
  }

  async #restore(run: Run, { stored, envelope, attributes: sealed }: WholeCandidate): Promise<Outcome> {
    const now = this.dependencies.clock.now();
    const recorded = run.options.trail?.attributes.get(envelope.uniqueIdentifier) ?? [];
    const attributes = withMissing(sealed, recorded);
    const born = restoredObject(stored, envelope, attributes, now);
    const adopted = run.notes.byKey.get(born.uniqueIdentifier) ?? [];
    const told = run.options.trail?.byKey.get(born.uniqueIdentifier) ?? [];
    const object = withNotes(born, { unknown: [...adopted, ...told], known: [], mayResume: true }, now);
    run.restored.push(object.uniqueIdentifier);
    if (object !== born) run.noted.push(object.uniqueIdentifier);
    if (run.options.dryRun === true) return 'restored';
    const facts = factsInForce(born, object, now);
    // The trail that goes on from here says it too, for the next loss.
    const audit = (step: string, attributes: readonly ClientAttribute[]): AuditEvent => {
      const event = this.#event(run, object.uniqueIdentifier, step, born.custody, facts);
      return { ...event, details: { ...event.details, ...recordedAttributes(attributes) } };
    };
    const outcome = await restoreIn(run, object, [...adopted, ...told], audit);
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

  #event({ scope, call }: Run, id: UniqueIdentifier, step: string, custody: KeyCustody | undefined, facts = '') {
    return backgroundEvent(this.dependencies, scope, 'vmware-solutions.kmip-key.reconcile', id, {
      correlationId: call.correlationId,
      details: {
        step,
        storedKeyId: custody?.storedKeyId ?? '',
        rootKeyVersion: custody?.rootKeyVersion ?? '',
        ...(facts !== '' && { facts }),
      },
    });
  }
}

/** A key is needed more than its Name, which a client may have given to another one since. */
async function restoreIn(
  { scope: { store }, interruptedBefore }: Run,
  object: ManagedObject,
  notes: Parameters<ReconcileScope['store']['restore']>[3],
  audit: (step: string, attributes: readonly ClientAttribute[]) => AuditEvent,
): ReturnType<ReconcileScope['store']['restore']> {
  const step = 'restored from the key manager';
  try {
    return await store.restore(object, audit(step, object.attributes), interruptedBefore, notes);
  } catch (error) {
    const isTaken = error instanceof ObjectStoreError && error.fault === 'name_taken';
    const attributes = withoutNames(object.attributes);
    if (!isTaken || attributes.length === object.attributes.length) throw error;
    const record = audit(`${step} without its Name, which another key has`, attributes);
    return store.restore({ ...object, attributes }, record, interruptedBefore, notes);
  }
}

const newestFirst = (one: Candidate, other: Candidate): number =>
  other.stored.createdAt.getTime() - one.stored.createdAt.getTime();

/** A run before it has read the notes. */
function newBasis(
  scope: ReconcileScope,
  options: RebuildOptions,
  call: CallContext,
  interruptedBefore: Date,
): Omit<Run, 'notes'> {
  const counts = { storedKeys: 0, restored: 0, relocated: 0, present: 0, foreign: 0, unproven: 0 };
  return { scope, options, call, interruptedBefore, refused: [], counts, noted: [], restored: [], placed: new Set() };
}

function refuse({ refused }: Run, { id, name }: StoredKey, reason: RebuildRefusal): void {
  refused.push({ storedKeyId: id, storedKeyName: name, reason });
}
