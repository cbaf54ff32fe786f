import { Inject, Injectable } from '@nestjs/common';

import { type AuditTrail } from '@lib/audit';
import { type Clock, type InstanceId, type UniqueIdentifier } from '@lib/kernel';
import {
  type Administrator,
  isDestroyed,
  isUnreferenced,
  KeyAdministration,
  KeyAdministrationError,
  type KeyInventory,
  type ListedKey,
  LIVE_STATES,
  type ManagedObject,
  type QuarantinedKey,
  ReclaimError,
  type ReclaimStore,
  referencesOf,
  requireCoverage,
  requireFresh,
} from '@lib/kmip-engine';
import { PostgresAuditTrail, PostgresReclaimStores } from '@lib/persistence';
import { CLOCK } from '@lib/platform';

import { type KeyAccess } from '../keys/key-access.port';
import { KEY_ACCESS } from '../tokens';
import { InventoriedClients } from './inventoried-clients';

const PAGE = 500;

/** A key that is set aside, and who asked for it since. */
export interface Quarantined extends QuarantinedKey {
  readonly key: ManagedObject;
  readonly askedFor?: { readonly at: Date; readonly certificate?: string; readonly address?: string };
}

/** Finds keys that no machine has, sets them aside, and gives them back to whoever needs them after all. */
@Injectable()
export class Reclaiming {
  constructor(
    @Inject(KEY_ACCESS) private readonly keys: KeyAccess,
    @Inject(PostgresReclaimStores) private readonly stores: PostgresReclaimStores,
    @Inject(KeyAdministration) private readonly administration: KeyAdministration,
    @Inject(InventoriedClients) private readonly clients: InventoriedClients,
    @Inject(PostgresAuditTrail) private readonly trail: AuditTrail,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  of(instanceId: InstanceId): ReclaimStore {
    return this.stores.forInstance(instanceId);
  }

  /** So many that nothing speaks for and that are not suspended, the oldest first. @throws ReclaimError */
  async candidates(
    instanceId: InstanceId,
    after: { readonly at: Date; readonly id: string } | undefined,
    limit: number,
  ): Promise<readonly ListedKey[]> {
    const inventory = await this.#inventory(instanceId);
    const referenced = referencesOf(inventory);
    const found: ListedKey[] = [];
    for (let place = after; ;) {
      const page = await this.keys.catalog(instanceId).list({
        states: LIVE_STATES,
        asOf: this.clock.now(),
        suspended: false,
        order: { by: 'created', descending: false },
        limit: PAGE,
        ...(place && { after: place }),
      });
      found.push(...page.filter((key) => isUnreferenced(key, inventory, referenced)));
      const last = page.at(-1);
      if (found.length >= limit || page.length < PAGE || last === undefined) return found.slice(0, limit);
      place = { at: last.initialDate, id: last.uniqueIdentifier };
    }
  }

  /** Suspends a key that nothing speaks for at this moment. @throws ReclaimError, KeyAdministrationError */
  async quarantine(
    instanceId: InstanceId,
    id: UniqueIdentifier,
    by: Administrator,
    person: string,
  ): Promise<Quarantined> {
    const store = this.of(instanceId);
    const inventory = await this.#inventory(instanceId);
    const guard = (current: ManagedObject): void => requireUnreferenced(current, inventory);
    const keys = this.keys.store(instanceId);
    const before = await keys.find(id);
    if (before === undefined) throw new KeyAdministrationError('key_unknown', 'There is no key with this identifier.');
    guard(before);
    // Noted first: who is stopped in between finds it here, served still. One that was resumed has its time once more.
    const { suspended: suspendedBefore } = before;
    const set = { id, since: this.clock.now(), putBy: person, suspendedBefore };
    const put = await store.quarantine(set, !suspendedBefore);
    return { ...put, key: await this.administration.change(keys, id, { suspended: true }, by, guard) };
  }

  /** The key is served again at once, unless it is destroyed or was suspended before. @throws ReclaimError */
  async release(instanceId: InstanceId, id: UniqueIdentifier, by: Administrator): Promise<void> {
    const store = this.of(instanceId);
    const found = (await store.quarantined()).find((each) => each.id === id);
    if (found === undefined) throw new ReclaimError('key_not_quarantined', 'The key is not in quarantine.');
    const keys = this.keys.store(instanceId);
    const key = await keys.find(id);
    if (key !== undefined && !isDestroyed(key.state) && !found.suspendedBefore) {
      await this.administration.change(keys, id, { suspended: false }, by, () => undefined);
    }
    await store.release(id);
  }

  /** By which something may be decided at this moment. @throws ReclaimError */
  async #inventory(instanceId: InstanceId): Promise<KeyInventory> {
    const [inventory, clients] = await Promise.all([this.of(instanceId).inventory(), this.clients.of(instanceId)]);
    const fresh = requireFresh(inventory, this.clock.now());
    requireCoverage(fresh, clients);
    return fresh;
  }

  async quarantined(instanceId: InstanceId, set: QuarantinedKey): Promise<Quarantined | undefined> {
    const { id, since } = set;
    const [key, [refused]] = await Promise.all([
      this.keys.store(instanceId).find(id),
      this.trail.list(instanceId, {
        action: 'vmware-solutions.kmip-key.read',
        outcome: 'failure',
        targetId: id,
        occurred: { from: since },
        newestFirst: true,
        limit: 1,
      }),
    ]);
    if (key === undefined) return undefined;
    const initiator = refused?.event.initiator;
    const by = initiator?.kind === 'certificate' ? initiator : undefined;
    return {
      ...set,
      key,
      ...(refused && {
        askedFor: {
          at: refused.event.occurredAt,
          ...(by && { certificate: by.fingerprint }),
          ...(by?.address !== undefined && { address: by.address }),
        },
      }),
    };
  }
}

/** @throws ReclaimError */
function requireUnreferenced(key: ManagedObject, inventory: KeyInventory): void {
  if (isUnreferenced(key, inventory, referencesOf(inventory))) return;
  throw new ReclaimError(
    'key_referenced',
    'The key is in the inventory, or was made or fetched since it was taken: nothing was changed.',
  );
}
