import {
  type InventoriedClient,
  INVENTORY_COUNTS_FOR_MS,
  isDestroyed,
  keyName,
  type KeyInventory,
  type ManagedObject,
  ownerOf,
  QUARANTINE_MS,
  shortened,
  stateAt,
} from '@lib/kmip-engine';

import { KEY_STATES } from '../keys/key.response';
import { type Quarantined } from './reclaiming';

export const inventoryResponse = (
  inventory: KeyInventory,
  uncovered: readonly InventoriedClient[],
  now: Date,
): object => ({
  taken_at: inventory.takenAt.toISOString(),
  uploaded_at: inventory.uploadedAt.toISOString(),
  uploaded_by: inventory.uploadedBy,
  source: inventory.source,
  key_count: inventory.keyIds.length,
  covered_certificates: inventory.coveredCertificates,
  certificates_without_keys: inventory.certificatesWithoutKeys,
  uncovered_certificates: uncovered.map(({ fingerprint, name, lastSeen }) => ({
    sha256_fingerprint: fingerprint,
    name,
    last_seen_at: lastSeen?.at.toISOString(),
  })),
  valid: uncovered.length === 0 && now.getTime() - inventory.takenAt.getTime() <= INVENTORY_COUNTS_FOR_MS,
  valid_until: new Date(inventory.takenAt.getTime() + INVENTORY_COUNTS_FOR_MS).toISOString(),
});

/** What an administrator knows a key by. */
export const reclaimKey = (key: ManagedObject, now: Date): object => ({
  id: key.uniqueIdentifier,
  name: shortened(keyName(key)),
  owner: ownerOf(key),
  state: KEY_STATES[stateAt(key, now)],
  created_at: key.initialDate.toISOString(),
  last_fetched_at: key.lastFetchedAt?.toISOString(),
});

export function quarantineResponse(quarantined: Quarantined, href: string, now: Date): object {
  const { key, since, putBy, suspendedBefore, askedFor } = quarantined;
  const until = new Date(since.getTime() + QUARANTINE_MS);
  return {
    ...reclaimKey(key, now),
    href,
    suspended: key.suspended,
    suspended_before: suspendedBefore,
    quarantined_at: since.toISOString(),
    quarantined_by: putBy,
    quarantined_until: until.toISOString(),
    asked_for: askedFor && {
      at: askedFor.at.toISOString(),
      sha256_fingerprint: askedFor.certificate,
      address: askedFor.address,
    },
    message: messageOf(quarantined, until, now),
  };
}

function messageOf({ key, askedFor }: Quarantined, until: Date, now: Date): string {
  if (isDestroyed(key.state)) return 'The key is destroyed.';
  if (!key.suspended) return 'The key was resumed: it is served. Remove it from the quarantine.';
  if (askedFor !== undefined) {
    return 'Somebody asked for the key and was refused: remove it from the quarantine, unless you know better.';
  }
  if (now < until)
    return `Nobody asked for the key. Wait until ${until.toISOString()}, with another inventory by then.`;
  return 'Nobody asked for the key. Take another inventory, and destroy the key by a shred plan if no machine has it.';
}
