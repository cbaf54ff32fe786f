import { type AuditEvent } from '@lib/audit';
import { type UniqueIdentifier } from '@lib/kernel';
import { type CallContext } from '@lib/key-manager';

import { recordedAttributes, withMissing, withoutNames } from '../attributes/recorded-attributes';
import { isDestroyed, wholeSeconds } from '../lifecycle';
import { type KeyNote, type WrittenNote } from '../ports/key-notes.port';
import { type ClientAttribute, type ManagedObject } from '../ports/managed-object';
import { ObjectStoreError } from '../ports/managed-object-store.port';
import {
  type BackgroundDependencies,
  type ReconcileScope,
  backgroundCall,
  backgroundEvent,
} from '../reconcile/background';
import { type FoundNotes, type NoteGap, type RefusedNote, readNotes } from './note-reader';
import { factsInForce, withNotes } from './noted-facts';
import { type TrailFacts } from './trail-facts';

export interface NotesReport {
  /** Notes that can be trusted. */
  readonly read: number;
  /** Keys that are what their notes say and were not before. With a dry run, that would be. */
  readonly applied: readonly UniqueIdentifier[];
  /** Keys with notes that the catalog does not have, nor a stored key to bring them back from. */
  readonly absent: readonly UniqueIdentifier[];
  /** Of the absent ones, those that were destroyed by what their notes say: nothing of them is missing. */
  readonly destroyed: readonly UniqueIdentifier[];
  /** They say nothing: neither is a key withdrawn by them nor given back. */
  readonly refused: readonly RefusedNote[];
  readonly gaps: readonly NoteGap[];
}

export interface ApplicationOptions {
  readonly dryRun?: boolean;
  /** A suspension that was taken back is taken back again: only by the operator's word. Default false. */
  readonly mayResume?: boolean;
  readonly call?: CallContext;
}

/**
 * Does to the rows of a catalog, which may be from a backup, what notes say that it does not know of. Repeatable at any
 * point: with each key its notes are entered, in the same transaction.
 */
export class NoteApplication {
  constructor(private readonly dependencies: BackgroundDependencies) {}

  /** Reads all notes of an instance and applies them. @throws KeyManagerError, and what the catalog throws */
  async readAndRun(scope: ReconcileScope, options: ApplicationOptions = {}): Promise<NotesReport> {
    const call = options.call ?? backgroundCall(this.dependencies, scope);
    return this.run(scope, await readNotes(scope, call), { ...options, call });
  }

  async run(scope: ReconcileScope, found: FoundNotes, options: ApplicationOptions = {}): Promise<NotesReport> {
    const applied: UniqueIdentifier[] = [];
    const absent: UniqueIdentifier[] = [];
    let read = 0;
    for (const [uniqueIdentifier, notes] of found.byKey) {
      read += notes.length;
      const outcome = await this.#one(scope, uniqueIdentifier, notes, options);
      if (outcome === 'applied') applied.push(uniqueIdentifier);
      if (outcome === 'absent') absent.push(uniqueIdentifier);
    }
    const destroyed = absent.filter((id) => found.byKey.get(id)?.some(({ fact }) => fact === 'destroyed'));
    return { read, applied, absent, destroyed, refused: found.refused, gaps: found.gaps };
  }

  /**
   * Does to the rows what an exported audit trail says. A fact that the catalog has a note of from then or later is known
   * to it; others are entered as new notes, so that the key manager remembers them too. Attributes that are missing are
   * added, Names only where no other key has them since.
   */
  async runTrail(
    scope: ReconcileScope,
    { byKey, attributes }: TrailFacts,
    { dryRun = false, call = backgroundCall(this.dependencies, scope) }: ApplicationOptions = {},
  ): Promise<readonly UniqueIdentifier[]> {
    const applied: UniqueIdentifier[] = [];
    for (const [uniqueIdentifier, facts] of byKey) {
      const object = await scope.store.find(uniqueIdentifier);
      if (object === undefined) continue;
      const known = await scope.store.notes.of(uniqueIdentifier);
      const told = { facts, known, attributes: attributes.get(uniqueIdentifier) ?? [] };
      const done = dryRun
        ? this.#withTrail(object, told) !== object
        : await this.#applyTrail(scope, object, told, call);
      if (done) applied.push(uniqueIdentifier);
    }
    return applied;
  }

  async #applyTrail(
    scope: ReconcileScope,
    object: ManagedObject,
    told: ToldByTrail,
    call: CallContext,
    step = 'exported audit trail applied',
  ): Promise<boolean> {
    const { uniqueIdentifier } = object;
    if (this.#withTrail(object, told) === object) return false;
    try {
      await scope.store.mutate(uniqueIdentifier, (current) => {
        const changed = this.#withTrail(current, told);
        const audit = this.#event(scope, uniqueIdentifier, call, step, this.#factsIn(current, changed));
        const details = { ...audit.details, ...recordedAttributes(told.attributes) };
        return { object: changed, audit: { ...audit, details }, result: undefined };
      });
      return true;
    } catch (error) {
      const attributes = withoutNames(told.attributes);
      const isTaken = error instanceof ObjectStoreError && error.fault === 'name_taken';
      if (!isTaken || attributes.length === told.attributes.length) throw error;
      return this.#applyTrail(scope, object, { ...told, attributes }, call, `${step} without its Name`);
    }
  }

  #withTrail(object: ManagedObject, told: ToldByTrail): ManagedObject {
    const now = this.dependencies.clock.now();
    const noted = withNotes(object, { unknown: unknownFacts(told), known: told.known, mayResume: true }, now);
    const attributes = isDestroyed(object.state) ? object.attributes : withMissing(object.attributes, told.attributes);
    if (attributes === object.attributes) return noted;
    return { ...noted, attributes, lastChangeDate: wholeSeconds(now) };
  }

  #factsIn(before: ManagedObject, after: ManagedObject): string {
    return factsInForce(before, after, this.dependencies.clock.now());
  }

  #event(
    scope: ReconcileScope,
    uniqueIdentifier: UniqueIdentifier,
    { correlationId }: CallContext,
    step: string,
    facts: string,
  ): AuditEvent {
    return backgroundEvent(this.dependencies, scope, 'vmware-solutions.kmip-key.reconcile', uniqueIdentifier, {
      correlationId,
      details: { step, facts },
    });
  }

  async #one(
    scope: ReconcileScope,
    uniqueIdentifier: UniqueIdentifier,
    notes: readonly WrittenNote[],
    { dryRun = false, mayResume = false, call = backgroundCall(this.dependencies, scope) }: ApplicationOptions,
  ): Promise<'applied' | 'absent' | 'known'> {
    const { store } = scope;
    const object = await store.find(uniqueIdentifier);
    if (object === undefined) return 'absent';
    const known = await store.notes.of(uniqueIdentifier);
    const numbers = new Set(known.map(({ number }) => number));
    const unknown = notes.filter(({ number }) => !numbers.has(number));
    if (unknown.length === 0) return 'known';
    const now = this.dependencies.clock.now();
    // Left for whoever may resume.
    const adopted = mayResume ? unknown : unknown.filter(({ fact }) => fact !== 'resumed');
    const changes = withNotes(object, { unknown, known, mayResume }, now) !== object;
    if (dryRun || adopted.length === 0) return changes ? 'applied' : 'known';
    const done = await store.mutate(uniqueIdentifier, (current) => {
      const changed = withNotes(current, { unknown, known, mayResume }, now);
      const facts = this.#factsIn(current, changed);
      const audit = this.#event(scope, uniqueIdentifier, call, 'notes of the key manager applied', facts);
      const result = changed === current ? ('known' as const) : ('applied' as const);
      return { ...(changed === current ? {} : { object: changed }), audit, result, adopted };
    });
    return done?.result ?? 'absent';
  }
}

interface ToldByTrail {
  readonly facts: readonly KeyNote[];
  readonly known: readonly KeyNote[];
  readonly attributes: readonly ClientAttribute[];
}

const unknownFacts = ({ facts, known }: ToldByTrail): readonly KeyNote[] =>
  facts.filter(({ fact, number }) => !known.some((note) => note.fact === fact && note.number >= number));
