import { type AuditEvent } from '@lib/audit';

import { isDestroyed, settleDates, wholeSeconds } from '../lifecycle';
import { type KeyNote, NOTED_FACTS, type NotedFact } from '../ports/key-notes.port';
import { type ManagedObject } from '../ports/managed-object';

type Fact = Pick<KeyNote, 'fact' | 'effectiveAt'>;

/**
 * What a change says about the key that must not come back. Every store calls it for every change, in the transaction of
 * the change, so that no operation can forget it. A key that has just been born needs none: its envelope has the dates.
 */
export function notesOf(
  before: ManagedObject,
  after: ManagedObject,
  { last, at }: { readonly last: number | undefined; readonly at: Date },
): readonly KeyNote[] {
  const { uniqueIdentifier } = after;
  let previous = last;
  return factsOf(before, after, at).map((fact) => {
    const number = Math.max(at.getTime(), (previous ?? 0) + 1);
    const note = { uniqueIdentifier, number, ...(previous === undefined ? {} : { previous }), ...fact };
    previous = number;
    return note;
  });
}

/** What a change told by notes or a trail puts in force, as its audit record has it: an export of it tells so again. */
export const factsInForce = (before: ManagedObject, after: ManagedObject, at: Date): string =>
  factsOf(before, after, at)
    .map(({ fact }) => fact)
    .join(', ');

/** What {@link factsInForce} wrote. Of a record of a release that wrote both, the suspension counts. */
export function factsInForceBy(details: AuditEvent['details']): readonly NotedFact[] {
  const told = String(details?.['facts'] ?? '').split(', ');
  const facts = NOTED_FACTS.filter((fact) => told.includes(fact));
  return facts.includes('suspended') ? facts.filter((fact) => fact !== 'resumed') : facts;
}

function factsOf(before: ManagedObject, after: ManagedObject, at: Date): readonly Fact[] {
  const facts: Fact[] = [];
  const { deactivationDate, compromiseDate, suspended, destroyDate = at } = after;
  if (deactivationDate !== undefined && before.deactivationDate?.getTime() !== deactivationDate.getTime()) {
    facts.push({ fact: 'deactivated', effectiveAt: deactivationDate });
  }
  if (compromiseDate !== undefined && before.compromiseDate === undefined) {
    facts.push({ fact: 'compromised', effectiveAt: compromiseDate });
  }
  if (suspended !== before.suspended) facts.push({ fact: suspended ? 'suspended' : 'resumed', effectiveAt: at });
  if (isDestroyed(after.state) && !isDestroyed(before.state)) {
    facts.push({ fact: 'destroyed', effectiveAt: destroyDate });
  }
  return facts;
}

export interface NotesToApply {
  /** What the catalog does not know of. What it knows is in the object already, with all that came after it. */
  readonly unknown: readonly KeyNote[];
  readonly known: readonly KeyNote[];
  /** False: a suspension is set and never taken back. */
  readonly mayResume: boolean;
}

/**
 * The object with what the notes say. Final facts are final, whatever else is said; of suspended and resumed the highest
 * number decides. @returns the same object when it says all of that already
 */
export function withNotes(
  object: ManagedObject,
  { unknown, known, mayResume }: NotesToApply,
  now: Date,
): ManagedObject {
  const dateOf = (fact: NotedFact): Date | undefined =>
    earliest(unknown.filter((note) => note.fact === fact).map(({ effectiveAt }) => effectiveAt));
  let changed = object;
  const deactivatedAt = dateOf('deactivated');
  const compromisedAt = dateOf('compromised');
  const destroyedAt = dateOf('destroyed');
  if (deactivatedAt !== undefined) changed = deactivated(changed, deactivatedAt, now);
  if (compromisedAt !== undefined) changed = compromised(changed, compromisedAt);
  const suspended = suspensionIn(unknown, known);
  if (suspended !== undefined && suspended !== changed.suspended && (suspended || mayResume)) {
    changed = { ...changed, suspended };
  }
  if (destroyedAt !== undefined) changed = destroyed(changed, destroyedAt);
  return changed === object ? object : { ...changed, lastChangeDate: wholeSeconds(now) };
}

/** @returns undefined when the catalog knows what came last, or nobody said anything */
function suspensionIn(unknown: readonly KeyNote[], known: readonly KeyNote[]): boolean | undefined {
  const isSuspension = ({ fact }: KeyNote): boolean => fact === 'suspended' || fact === 'resumed';
  const last = (notes: readonly KeyNote[]): KeyNote | undefined =>
    notes.filter(isSuspension).toSorted((one, other) => other.number - one.number)[0];
  const found = last(unknown);
  if (found === undefined || (last(known)?.number ?? 0) >= found.number) return undefined;
  return found.fact === 'suspended';
}

function deactivated(object: ManagedObject, at: Date, now: Date): ManagedObject {
  const dated = isEarlier(at, object.deactivationDate) ? { ...object, deactivationDate: at } : object;
  const settled = settleDates(dated, now);
  // A key may be revoked before it was ever active; a date that is still to come takes effect by being read.
  return settled.state === 'PreActive' && at <= now ? { ...settled, state: 'Deactivated' } : settled;
}

function compromised(object: ManagedObject, at: Date): ManagedObject {
  if (object.state === 'Compromised' || object.state === 'DestroyedCompromised') return object;
  const state = object.state === 'Destroyed' ? 'DestroyedCompromised' : 'Compromised';
  return { ...object, state, compromiseDate: at };
}

/** Nothing is deleted by this: the stored key that may be there again is the tenant's to remove. */
function destroyed(object: ManagedObject, at: Date): ManagedObject {
  if (isDestroyed(object.state)) return object;
  const rest = { ...object };
  delete rest.custody;
  delete rest.destroyRequestedAt;
  return { ...rest, state: rest.state === 'Compromised' ? 'DestroyedCompromised' : 'Destroyed', destroyDate: at };
}

const isEarlier = (one: Date, other: Date | undefined): boolean => other === undefined || one < other;

const earliest = (dates: readonly Date[]): Date | undefined =>
  dates.toSorted((one, other) => one.getTime() - other.getTime())[0];
