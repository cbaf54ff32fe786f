import { type InstanceId } from '@lib/kernel';

import { isDestroyed, LIVE_STATES } from '../../lifecycle';
import { type KeyCatalog } from '../../ports/key-catalog.port';
import { type ManagedObject } from '../../ports/managed-object';
import { type ManagedObjectStore } from '../../ports/managed-object-store.port';
import { plannedKey, type PlannedKey, ShredError, shredHash, type ShredScope } from './shred-plan';

/** A plan is read whole, by whoever confirms it too. */
export const MAX_SHREDDED_KEYS = 10_000;
const PAGE = 500;

export interface ShredCatalog {
  readonly instanceId: InstanceId;
  readonly store: Pick<ManagedObjectStore, 'find'>;
  readonly catalog: KeyCatalog;
}

export interface ShredFacts {
  readonly keys: readonly PlannedKey[];
  readonly hash: string;
}

/** What a scope means at this moment. @throws ShredError */
export async function shredFacts(catalog: ShredCatalog, scope: ShredScope, now: Date): Promise<ShredFacts> {
  const objects = scope.kind === 'keys' ? await named(catalog, scope.keyIds) : await live(catalog, scope, now);
  const keys = objects.map((object) => plannedKey(object, now)).sort((one, other) => (one.id < other.id ? -1 : 1));
  return { keys, hash: shredHash(catalog.instanceId, scope, keys) };
}

async function named({ store }: ShredCatalog, ids: readonly PlannedKey['id'][]): Promise<readonly ManagedObject[]> {
  const objects: ManagedObject[] = [];
  for (const id of new Set(ids)) {
    const object = await store.find(id);
    if (object === undefined) throw new ShredError('shred_plan_empty', `There is no key ${id}.`);
    if (isDestroyed(object.state)) throw new ShredError('shred_plan_empty', `The key ${id} is destroyed already.`);
    objects.push(object);
  }
  return objects;
}

async function live({ catalog }: ShredCatalog, scope: ShredScope, now: Date): Promise<readonly ManagedObject[]> {
  const objects: ManagedObject[] = [];
  let after: { readonly at: Date; readonly id: string } | undefined;
  for (;;) {
    const page = await catalog.list({
      states: LIVE_STATES,
      asOf: now,
      order: { by: 'created', descending: false },
      limit: PAGE,
      ...(after && { after }),
    });
    objects.push(...page.filter(({ custody }) => scope.kind !== 'root_key' || custody?.rootKeyId === scope.rootKeyId));
    if (objects.length > MAX_SHREDDED_KEYS) {
      throw new ShredError(
        'shred_plan_too_large',
        `More than ${MAX_SHREDDED_KEYS} keys are no plan that anybody can confirm: name keys, or a root key.`,
      );
    }
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) return objects;
    after = { at: last.initialDate, id: last.uniqueIdentifier };
  }
}
