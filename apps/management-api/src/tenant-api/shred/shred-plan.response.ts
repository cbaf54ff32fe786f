import { counted } from '@lib/kernel';
import {
  type CountedShredPlan,
  type PlannedKey,
  type ShownKey,
  type ShownRootKey,
  type ShredPlan,
  type WholeShredPlan,
} from '@lib/kmip-engine';
import { restorableUntil } from '@lib/key-manager';

import { KEY_STATES } from '../keys/key.response';

export const countedPlan = ({ keys, shown, ...plan }: WholeShredPlan): CountedShredPlan => ({
  ...plan,
  keyCount: keys.length,
  shownCount: Object.keys(shown).length,
});

export function shredPlanResponse(plan: CountedShredPlan, href: string): object {
  const { scope, state } = plan;
  return {
    id: plan.id,
    href,
    state,
    scope: scope.kind,
    root_key_id: scope.kind === 'root_key' ? scope.rootKeyId : undefined,
    key_ids: scope.kind === 'keys' ? scope.keyIds : [],
    hash: plan.hash,
    key_count: plan.keyCount,
    shown_count: plan.shownCount,
    second_person: plan.secondPerson,
    created_by: plan.createdBy,
    created_at: plan.createdAt,
    confirmed_by: plan.confirmedBy,
    confirmed_at: plan.confirmedAt,
    executed_by: plan.executedBy,
    executed_at: plan.executedAt,
    finished_at: plan.finishedAt,
    root_keys: plan.rootKeys.map(rootKeyResponse),
    failures: plan.failures.map(({ keyId, code, message }) => ({ key_id: keyId, code, message })),
    message: messageOf(plan),
  };
}

const rootKeyResponse = ({ rootKeyId, unwrap, because, checkedAt }: ShownRootKey): object => ({
  id: rootKeyId,
  unwrap,
  because,
  checked_at: checkedAt,
});

function messageOf({ state, scope, secondPerson, keyCount, shownCount }: CountedShredPlan): string {
  switch (state) {
    case 'draft':
      return secondPerson
        ? 'Nothing is done yet. A second person reads the keys and confirms the hash of the plan.'
        : 'Nothing is done yet. Read the keys, and execute the plan with its hash.';
    case 'confirmed':
      return 'Nothing is done yet. The plan is confirmed: execute it with its hash.';
    case 'executing':
      return `${counted(keyCount - shownCount, 'key is', 'keys are')} left. Execute the plan again to carry it on; it cannot be taken back.`;
    case 'keys_destroyed':
      return rootKeyMessage(scope);
    case 'completed':
      return 'All is done that the plan can do; its record says of each key what was shown. Keep the record: it is gone with the plan, and with the instance.';
  }
}

const rootKeyMessage = (scope: ShredPlan['scope']): string =>
  `The keys are destroyed, and the root key unwraps still. Delete the root key ${scope.kind === 'root_key' ? scope.rootKeyId : ''} in your key manager, if nothing else needs it: the service has no right to. Then execute the plan again for a record that says so.`;

const PURGEABLE_AFTER_MS = 4 * 3_600_000;

/** What is known of one key, and what cannot be. */
export function shredKeyResponse(key: PlannedKey, shown: ShownKey | undefined, now: Date): object {
  return {
    id: key.id,
    name: key.name,
    owner: key.owner,
    state: KEY_STATES[key.state],
    created_by: { sha256_fingerprint: key.createdBy },
    last_fetched_at: key.lastFetchedAt,
    in_memory: memoryOf(key),
    catalog: shown === undefined ? 'kept' : (shown.catalog ?? 'destroyed'),
    ...fateOf(shown, now),
    checked_at: shown?.checkedAt,
  };
}

/** Of a key that was not destroyed by the plan the dates are those of a deletion at this moment. */
function fateOf(shown: ShownKey | undefined, now: Date): object {
  const destroyedAt = shown !== undefined && 'destroyedAt' in shown ? shown.destroyedAt : undefined;
  const goneAt = destroyedAt === undefined ? now : new Date(destroyedAt);
  const seen = shown?.catalog === 'spared' ? undefined : shown;
  return {
    restorable_until: seen?.restorableUntil ?? restorableUntil(goneAt).toISOString(),
    purgeable_from: new Date(goneAt.getTime() + PURGEABLE_AFTER_MS).toISOString(),
    destroyed_at: destroyedAt,
    stored_key: seen?.storedKey ?? 'not_checked',
  };
}

/** The service sees fetches and nothing of what becomes of them: that is said, and nothing is guessed. */
const memoryOf = ({ lastFetchedAt }: PlannedKey): object =>
  lastFetchedAt === undefined
    ? {
        possible: false,
        message: 'No client ever fetched the key from the service. Its creator was given its identifier alone.',
      }
    : {
        possible: true,
        message: `Fetched on ${lastFetchedAt}, and perhaps before. vCenter, and each host that has run the machine since it was started last, may keep the key in memory until it restarts; a host with key persistence in its TPM keeps it also after that. The service cannot see either.`,
      };
