import { type InstanceId } from '@lib/kernel';

import { type PlannedKey, type ShownKey, type ShownRootKey, type WholeShredPlan } from './shred-plan';

const SAYS = [
  'Where catalog is destroyed, the key is destroyed in the catalog of the service; where it is gone, the catalog had no such key any more when the plan came to it. No endpoint serves either.',
  'Where catalog is spared, the key was changed after the plan was made, and was left alone: it is not shredded.',
  'Where stored_key is deleted, the key manager answered that the stored key is deleted, so there was nothing to unwrap. Where it is absent, it answered that it has none.',
  'Where unwrap of a root key is not_asked and because is root_key_deleted or root_key_missing, the key manager said that of it; it had wrapped no value to try, since it did not wrap any more when the plan was begun.',
  'Where unwrap of a root key is refused, a value that this root key had wrapped before the first key was destroyed did not unwrap any more.',
] as const;

const DOES_NOT_SAY = [
  'That nobody has a copy: hosts and vSAN keep keys that they fetched in memory until they restart or let go of them, and with key persistence in their TPM also after that.',
  'That what was deleted cannot come back: the administrators of the key manager can restore it until restorable_until, unless it is purged before.',
  'That a wrapped key copied out of the key manager before does not unwrap, as long as unwrap of its root key is not refused.',
  'That a root key whose unwrap is refused cannot come back: its administrators can restore a deleted one for up to 30 days. Where because is root_key_missing, the key manager only did not know it: it was purged, or is kept from the service by a role that was withdrawn or by a fail-over.',
  'Anything of keys that are not listed, or of what happened after checked_at.',
] as const;

/** Says what was shown and what was not, and nothing else. */
export function shredRecordContent(
  instanceId: InstanceId,
  plan: WholeShredPlan,
  rootKeys: readonly ShownRootKey[],
  issuedAt: string,
): object {
  return {
    v: 1,
    instance_id: instanceId,
    issued_at: issuedAt,
    plan: {
      id: plan.id,
      hash: plan.hash,
      scope: plan.scope.kind,
      ...(plan.scope.kind === 'root_key' && { root_key_id: plan.scope.rootKeyId }),
      created_by: plan.createdBy,
      created_at: plan.createdAt,
      ...(plan.confirmedBy !== undefined && { confirmed_by: plan.confirmedBy, confirmed_at: plan.confirmedAt }),
      executed_by: plan.executedBy,
      executed_at: plan.executedAt,
    },
    keys: plan.keys.map((key) => recordedKey(key, plan.shown[key.id])),
    root_keys: rootKeys.map(({ rootKeyId, unwrap, because, checkedAt }) => ({
      id: rootKeyId,
      unwrap,
      ...(because !== undefined && { because }),
      checked_at: checkedAt,
    })),
    says: SAYS,
    does_not_say: DOES_NOT_SAY,
  };
}

function recordedKey({ id, name, owner, ...planned }: PlannedKey, shown: ShownKey | undefined): object {
  const named = { id, name, ...(owner && { owner }) };
  if (shown === undefined) return named;
  if (shown.catalog === 'spared') return { ...named, catalog: 'spared', checked_at: shown.checkedAt };
  return {
    ...named,
    catalog: shown.catalog ?? 'destroyed',
    stored_key_id: shown.storedKeyId ?? planned.storedKeyId,
    root_key_id: shown.rootKeyId ?? planned.rootKeyId,
    ...(shown.catalog !== 'gone' && { destroyed_at: shown.destroyedAt }),
    restorable_until: shown.restorableUntil,
    stored_key: shown.storedKey,
    others_of_the_name: shown.othersOfTheName,
    checked_at: shown.checkedAt,
  };
}
