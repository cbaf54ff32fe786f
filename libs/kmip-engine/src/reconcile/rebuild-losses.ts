import { type UniqueIdentifier } from '@lib/kernel';
import { type CallContext } from '@lib/key-manager';

import { ownerOf } from '../administration/key-description';
import { isFault } from '../custody/key-manager-failure';
import { boundKeyManager } from '../custody/root-key-binding';
import { keyName } from '../ports/key-catalog.port';
import { storedSince } from '../ports/managed-object';
import { type ReconcileScope } from './background';

const PAGE = 500;

/** A key that the catalog has, and that cannot be served. */
export interface RebuildLoss {
  readonly uniqueIdentifier: UniqueIdentifier;
  readonly name: string;
  /** Of the machine it belongs to, as vCenter recorded it. */
  readonly owner?: string;
  readonly storedKeyId: string;
  readonly rootKeyId: string;
  /**
   * By the key manager's word: deleted, and its administrators can restore it for 30 days; or not there at the moment,
   * which a fail-over may cause.
   */
  readonly storedKey: 'deleted' | 'absent';
}

/**
 * Rows whose stored key is not there. A list can be narrowed by policy, so each one that was not listed is asked for by
 * its own id. Those under a root key that is not bound cannot be asked for.
 * @param placed keys of which it is known that their stored key is there
 * @throws KeyManagerError for what concerns every key
 */
export async function lostKeys(
  scope: ReconcileScope,
  call: CallContext,
  placed: ReadonlySet<UniqueIdentifier>,
): Promise<readonly RebuildLoss[]> {
  const { rootKeyId: bound, former = [], store } = scope;
  const rootKeyIds = new Set([...(bound === undefined ? [] : [bound]), ...former.map(({ rootKeyId }) => rootKeyId)]);
  const lost: RebuildLoss[] = [];
  for (const rootKeyId of rootKeyIds) {
    for (let after: UniqueIdentifier | undefined; ;) {
      const page = await store.moves.keysUnder(rootKeyId, { ...(after && { after }), limit: PAGE });
      for (const id of page) {
        if (!placed.has(id)) lost.push(...(await lookFor(scope, call, id)));
      }
      after = page.at(-1);
      if (page.length < PAGE) break;
    }
  }
  return lost;
}

async function lookFor(
  scope: ReconcileScope,
  call: CallContext,
  id: UniqueIdentifier,
): Promise<readonly RebuildLoss[]> {
  const object = await scope.store.find(id);
  const keyManager = object?.custody && boundKeyManager(scope, object.custody.rootKeyId);
  if (object?.custody === undefined || keyManager === undefined) return [];
  const { storedKeyId, rootKeyId } = object.custody;
  try {
    (await keyManager.fetchKey(call, storedKeyId, storedSince(object))).fill(0);
    return [];
  } catch (error) {
    const isDeleted = isFault(error, 'stored_key_missing');
    if (!isDeleted && !isFault(error, 'stored_key_absent')) throw error;
    const owner = ownerOf(object)?.name;
    const named = { name: keyName(object), ...(owner !== undefined && { owner }) };
    return [{ uniqueIdentifier: id, ...named, storedKeyId, rootKeyId, storedKey: isDeleted ? 'deleted' : 'absent' }];
  }
}
