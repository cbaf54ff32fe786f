import { type ExportedEvent } from '@lib/audit';
import { isUuid, type UniqueIdentifier } from '@lib/kernel';

import { attributesRecorded, withMissing } from '../attributes/recorded-attributes';
import { wholeSeconds } from '../lifecycle';
import { type KeyNote, type NotedFact } from '../ports/key-notes.port';
import { type ClientAttribute } from '../ports/managed-object';
import { factsInForceBy } from './noted-facts';

/** What an exported audit trail says about keys, up to its last event. */
export interface TrailFacts {
  readonly byKey: ReadonlyMap<UniqueIdentifier, readonly KeyNote[]>;
  /** What clients set, as far as the trail says it. */
  readonly attributes: ReadonlyMap<UniqueIdentifier, readonly ClientAttribute[]>;
  /** Keys with any event. */
  readonly named: ReadonlySet<string>;
  readonly lastSeq: number;
  readonly lastAt: Date;
}

/**
 * The facts that must not come back, in the form of notes whose number is the time of the event. What the trail itself
 * takes back (a key that was made active again) is left out. @returns undefined for a trail without events
 */
export function trailFactsOf(events: readonly ExportedEvent[]): TrailFacts | undefined {
  const last = events.at(-1);
  if (last === undefined) return undefined;
  const byKey = new Map<UniqueIdentifier, KeyNote[]>();
  const attributes = new Map<UniqueIdentifier, readonly ClientAttribute[]>();
  const named = new Set<string>();
  for (const event of events) {
    if (event.target?.kind !== 'key') continue;
    named.add(event.target.id);
    if (event.outcome !== 'success' || !isUuid(event.target.id)) continue;
    const uniqueIdentifier = event.target.id as UniqueIdentifier;
    const before = byKey.get(uniqueIdentifier) ?? [];
    byKey.set(uniqueIdentifier, withEvent(before, uniqueIdentifier, event));
    const recorded = attributesRecorded(event.details);
    if (recorded.length > 0) {
      attributes.set(uniqueIdentifier, withMissing(attributes.get(uniqueIdentifier) ?? [], recorded));
    }
  }
  return { byKey, attributes, named, lastSeq: last.seq, lastAt: last.occurredAt };
}

function withEvent(before: readonly KeyNote[], uniqueIdentifier: UniqueIdentifier, event: ExportedEvent): KeyNote[] {
  const isReactivation = event.action === 'vmware-solutions.kmip-key.reactivate';
  const kept = isReactivation ? before.filter(({ fact }) => fact !== 'deactivated') : before;
  const effectiveAt = wholeSeconds(event.occurredAt);
  let last = before.at(-1)?.number ?? 0;
  const facts = factsOf(event).map((fact) => {
    // One of the same instant came after it.
    last = Math.max(event.occurredAt.getTime(), last + 1);
    return { uniqueIdentifier, number: last, fact, effectiveAt };
  });
  return [...kept, ...facts];
}

function factsOf({ action, details }: ExportedEvent): readonly NotedFact[] {
  switch (action) {
    case 'vmware-solutions.kmip-key.suspend':
      return ['suspended'];
    case 'vmware-solutions.kmip-key.resume':
      return ['resumed'];
    case 'vmware-solutions.kmip-key.reactivate':
      return suspensionIn(details);
    case 'vmware-solutions.kmip-key.revoke':
      return [String(details?.['state']).endsWith('Compromised') ? 'compromised' : 'deactivated'];
    case 'vmware-solutions.kmip-key.destroy':
      return details?.['step'] === 'completed' ? ['destroyed'] : [];
    case 'vmware-solutions.kmip-key.reconcile':
      return factsReconciled(details);
    default:
      return [];
  }
}

const factsReconciled = (details: ExportedEvent['details']): readonly NotedFact[] =>
  details?.['step'] === 'destruction completed' ? ['destroyed'] : factsInForceBy(details);

/** Resuming or suspending along with reactivating is one event, which says it where it was asked for. */
function suspensionIn(details: ExportedEvent['details']): readonly NotedFact[] {
  const suspended = details?.['suspended'];
  return typeof suspended === 'boolean' ? [suspended ? 'suspended' : 'resumed'] : [];
}
