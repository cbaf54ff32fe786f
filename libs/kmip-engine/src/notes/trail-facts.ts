import { type ExportedEvent } from '@lib/audit';
import { isUuid, type UniqueIdentifier } from '@lib/kernel';

import { attributesRecorded, withMissing } from '../attributes/recorded-attributes';
import { wholeSeconds } from '../lifecycle';
import { type KeyNote, type NotedFact } from '../ports/key-notes.port';
import { type ClientAttribute } from '../ports/managed-object';

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
  if (event.action === 'vmware-solutions.kmip-key.reactivate')
    return before.filter(({ fact }) => fact !== 'deactivated');
  const fact = factOf(event);
  if (fact === undefined) return [...before];
  const effectiveAt = wholeSeconds(event.occurredAt);
  return [...before, { uniqueIdentifier, number: event.occurredAt.getTime(), fact, effectiveAt }];
}

function factOf({ action, details }: ExportedEvent): NotedFact | undefined {
  if (action === 'vmware-solutions.kmip-key.suspend') return 'suspended';
  if (action === 'vmware-solutions.kmip-key.resume') return 'resumed';
  if (action === 'vmware-solutions.kmip-key.revoke') {
    return String(details?.['state']).endsWith('Compromised') ? 'compromised' : 'deactivated';
  }
  const step = details?.['step'];
  const isDestroyed =
    (action === 'vmware-solutions.kmip-key.destroy' && step === 'completed') ||
    (action === 'vmware-solutions.kmip-key.reconcile' && step === 'destruction completed');
  return isDestroyed ? 'destroyed' : undefined;
}
