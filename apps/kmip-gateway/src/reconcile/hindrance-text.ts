import { type Hindrance, type SweepReport } from '@lib/kmip-engine';
import { NOT_INITIALISED } from '@lib/key-manager';

type Text = (rootKey: string) => string;

const WRITER = 'Give the service ID the service role Writer in that key manager';
const later: Text = (where) =>
  `keys wait to be moved: the key manager of ${where} does not answer. It is tried again by itself`;

/** What is in the way, and what helps. The key manager, or the root key, is named by the root key's id. */
const TEXTS: Readonly<Record<Exclude<Hindrance, 'keys_stay'>, Text>> = {
  may_not_delete: (where) =>
    `keys stay where they are: the service ID may not delete stored keys in the key manager of ${where}. ` +
    'Give it the service role Manager there until they have moved, then ask for another try',
  unsettled_moves: () =>
    'keys wait to be moved: of stored keys that earlier moves left it is not proven yet that they may be deleted, or ' +
    'they could not be. The operator finds each in the log',
  credential_rejected: (where) => `keys wait to be moved: IAM refuses the API key for ${where}. Set a new one`,
  permission_denied: (where) =>
    `keys wait to be moved: the service ID lacks a right in the key manager of ${where}. ${WRITER}`,
  root_key_disabled: (where) => `keys wait to be moved: ${where} is disabled. Enable it`,
  root_key_expired: (where) => `keys wait to be moved: ${where} has expired and wraps nothing. Bind another root key`,
  root_key_deleted: (where) =>
    `${where} was deleted: what lies under it is shredded. Restore it within 30 days, or destroy these keys`,
  root_key_missing: (where) =>
    `keys wait to be moved: ${where} is not there, or the service ID may not see it. ${WRITER}; a root key that was purged does not come back`,
  refused: (where) => `keys wait to be moved: the key manager of ${where} refuses to store or delete them`,
  rate_limited: (where) =>
    `keys wait to be moved: the key manager of ${where} limits the rate. Moving goes on by itself, more slowly`,
  unavailable: later,
  timeout: later,
  overloaded: later,
  stored_key_missing: later,
  stored_key_absent: later,
  ciphertext_rejected: later,
};

const REASONS: Readonly<Record<string, string>> = {
  KEY_CREATE_IMPORT_ACCESS_ERR:
    'Allow import_standard_key, without enforce_token, in its instance policy keyCreateImportAccess',
  AUTHORIZATIONS_NOT_MET:
    'Its policy dualAuthDelete asks for two people: set the stored keys for deletion, or turn the policy off',
  CONFIG_RULE_CONFLICT_ERR: 'A context-based restriction of the account keeps this service out: name it there',
  [NOT_INITIALISED]: 'Let its administrators load and commit the master key',
};

/** What the tenant's administrator reads at a root key that keys are to leave; `undefined` when all is well. */
export function hindranceText({ hindrance, staying, rootKeyId, reasonCode }: SweepReport): string | undefined {
  if (hindrance === undefined) return undefined;
  if (hindrance === 'keys_stay') {
    const reasons = Object.entries(staying ?? {}).map(([reason, count]) => `${count} × ${reason}`);
    return `some keys cannot be moved: ${reasons.join(', ')}. Destroy them, or restore their stored keys`;
  }
  const text = TEXTS[hindrance](rootKeyId === undefined ? 'one of the two root keys' : `root key ${rootKeyId}`);
  if (reasonCode === undefined) return text;
  const remedy = REASONS[reasonCode];
  return remedy === undefined ? `${text} (${reasonCode})` : `${text} (${reasonCode}). ${remedy}`;
}
