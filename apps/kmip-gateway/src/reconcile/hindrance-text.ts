import { type Hindrance, type SweepReport } from '@lib/kmip-engine';
import { isIamAway, type KeyManagerAdvice, remedyFor } from '@lib/key-manager';

type Text = (rootKey: string) => string;

const later: Text = (where) => `the key manager of ${where} does not answer. It is tried again by itself`;

/** What is in the way. The key manager, or the root key, is named by the root key's id. */
const TEXTS: Readonly<Record<Exclude<Hindrance, 'keys_stay' | 'may_not_delete' | 'unsettled_moves'>, Text>> = {
  credential_rejected: (where) => `IAM refuses the API key for ${where}`,
  permission_denied: (where) => `the service ID lacks a right in the key manager of ${where}`,
  root_key_disabled: (where) => `${where} is disabled`,
  root_key_expired: (where) => `${where} has expired and wraps nothing`,
  root_key_deleted: (where) =>
    `${where} was deleted, and what lies under it is shredded for as long as it is not restored`,
  root_key_missing: (where) =>
    `${where} is not there, or the service ID may not see it; one that was purged does not come back`,
  refused: (where) => `the key manager of ${where} refuses to store or delete them`,
  rate_limited: (where) => `the key manager of ${where} limits the rate. Moving goes on by itself, more slowly`,
  unavailable: later,
  timeout: later,
  overloaded: later,
  stored_key_missing: later,
  stored_key_absent: later,
  ciphertext_rejected: later,
};

const IAM_AWAY: Text = (where) =>
  `keys wait to be moved: IBM Cloud IAM gives no token with which the key manager of ${where} could be asked. It is tried again by itself`;

/** What goes on by itself needs nobody. */
const PASSING: ReadonlySet<Hindrance> = new Set(['rate_limited', 'unavailable', 'timeout', 'overloaded']);

/**
 * What the tenant's administrator reads at a root key that keys are to leave; `undefined` when all is well.
 * @param advice of the driver of the key manager that it was met at: what helps there is said there
 */
export function hindranceText(report: SweepReport, advice: KeyManagerAdvice): string | undefined {
  const { hindrance, staying, rootKeyId, reasonCode } = report;
  const where = rootKeyId === undefined ? 'one of the two root keys' : `root key ${rootKeyId}`;
  switch (hindrance) {
    case undefined:
      return undefined;
    case 'keys_stay': {
      const reasons = Object.entries(staying ?? {}).map(([reason, count]) => `${count} × ${reason}`);
      return `some keys cannot be moved: ${reasons.join(', ')}. Destroy them, or restore their stored keys`;
    }
    case 'unsettled_moves':
      return 'keys wait to be moved: of stored keys that earlier moves left it is not proven yet that they may be deleted, or they could not be. The operator finds each in the log';
    case 'may_not_delete': {
      const right = advice.permissions['stored_key.delete'];
      return `keys stay where they are: the service ID may not delete stored keys in the key manager of ${where}. Give it ${right} there until they have moved. Then have it tried again at once: by a retry of the former root key, or a check of the root key that is bound`;
    }
    default: {
      if (isIamAway({ fault: hindrance, reasonCode })) return IAM_AWAY(where);
      const reason = reasonCode === undefined ? '' : ` (${reasonCode})`;
      const text = `keys wait to be moved: ${TEXTS[hindrance](where)}${reason}`;
      const remedy =
        PASSING.has(hindrance) && reasonCode === undefined ? undefined : remedyFor(advice, hindrance, reasonCode);
      return remedy === undefined ? text : `${text}. ${remedy.charAt(0).toUpperCase()}${remedy.slice(1)}`;
    }
  }
}
