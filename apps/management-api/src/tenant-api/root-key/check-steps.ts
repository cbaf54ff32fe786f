import {
  type KeyManagerAdvice,
  KeyManagerError,
  type KeyManagerFault,
  type Obstacle,
  type PreflightFinding,
  type ServiceEnd,
} from '@lib/key-manager';

/** One line of the table that an administrator reads. */
export interface CheckStep {
  readonly code: string;
  readonly permission: string;
  readonly purpose: string;
  readonly result: 'passed' | 'failed' | 'warning' | 'skipped';
  readonly message: string;
  readonly remedy?: string;
  /** What `message` says, as a code: for who says it in another language. */
  readonly reason?: string;
  /** What `message` names. */
  readonly values?: readonly CheckValue[];
}

export interface CheckValue {
  readonly name: string;
  readonly value: string;
}

/** By their names, in the order they are given. */
export const valuesOf = (values: Readonly<Record<string, string | number>>): readonly CheckValue[] =>
  Object.entries(values).map(([name, value]) => ({ name, value: String(value) }));

type Permissions = KeyManagerAdvice['permissions'];

const RESULTS = { ok: 'passed', warning: 'warning', failed: 'failed', not_tried: 'skipped' } as const;

export const fromFinding = (
  { permission, why, result, detail, fix, reason, values }: PreflightFinding,
  permissions: Permissions,
): CheckStep => ({
  code: permission.replace('.', '_'),
  permission: permissions[permission],
  purpose: `Needed ${why}.`,
  result: RESULTS[result],
  message: detail ?? (result === 'not_tried' ? 'Not tried.' : 'It works.'),
  ...(fix !== undefined && { remedy: fix }),
  ...(reason !== undefined && { reason }),
  ...(values !== undefined && { values: valuesOf(values) }),
});

/** Each rule that stands in the way, by its name; or that there are none. */
export function fromObstacles(obstacles: readonly Obstacle[], permissions: Permissions): readonly CheckStep[] {
  const none = { code: POLICIES, result: 'passed', message: 'No policy of the instance stands in the way.' } as const;
  if (obstacles.length === 0) return [policyStep(none, permissions)];
  return obstacles.map((obstacle) => policyStep({ ...obstacle, reason: obstacle.code }, permissions));
}

/** Most credentials may not read policies: what the policies forbid shows in the calls themselves. */
export function unreadObstacles(error: unknown, permissions: Permissions): readonly CheckStep[] {
  if (!(error instanceof KeyManagerError)) throw error;
  const message = 'The credential may not read the policies; the other calls tell what they forbid.';
  return [policyStep({ code: POLICIES, result: 'skipped', reason: 'policies_unread', message }, permissions)];
}

const POLICIES = 'instance_policies';

const policyStep = (
  { code, ...found }: Pick<CheckStep, 'code' | 'result' | 'message' | 'remedy' | 'reason'>,
  { obstacles: permission }: Permissions,
): CheckStep => ({
  code,
  permission,
  purpose: 'Rules of the key manager instance can forbid what the roles allow.',
  ...found,
});

export const STEPS = {
  token: (refusal?: { readonly message: string; readonly fault: KeyManagerFault }): CheckStep => ({
    code: 'token_create',
    permission: '',
    purpose: 'Needed to act in the name of the service ID at all.',
    result: refusal === undefined ? 'passed' : 'failed',
    message: refusal?.message ?? 'It works.',
    ...(refusal !== undefined && {
      reason: refusal.fault,
      remedy: 'Set the API key of a service ID of this account that is neither locked nor disabled.',
    }),
  }),
  instance: (seen: boolean): CheckStep => ({
    code: 'key_manager_read',
    permission: 'Viewer (platform role)',
    purpose: 'Needed to read the address of the key manager, and to list key managers.',
    result: seen ? 'passed' : 'warning',
    message: seen ? 'It works.' : 'The credential cannot see the key manager instance; its usual address is used.',
    ...(!seen && {
      reason: 'key_manager_unseen',
      remedy: 'Give the service ID the platform role Viewer on the key manager instance.',
    }),
  }),
  account: (): CheckStep => ({
    code: 'key_manager_account',
    permission: '',
    purpose: 'A service ID acts in its own account only.',
    result: 'failed',
    reason: 'other_account',
    message: 'The root key lies in another account than the API key.',
    remedy: 'Give the API key of a service ID of that account along with the root key (`api_key`).',
  }),
  initialised: (): CheckStep => ({
    code: 'key_manager_initialised',
    permission: '',
    purpose: 'An instance on a host of its own works only once it has a master key.',
    result: 'failed',
    reason: 'hpcs_not_initialised',
    message: 'The instance is not initialised: no master key has been loaded into it.',
    remedy: 'Let the administrators of the instance load and commit its master key (TKE), then check again.',
  }),
  ends: ({ on, message, remedy }: ServiceEnd): CheckStep => ({
    code: 'key_manager_ends',
    permission: '',
    purpose: 'Keys are needed for as long as what they encrypt is.',
    result: 'warning',
    reason: 'key_manager_ends',
    values: valuesOf({ on }),
    message,
    remedy,
  }),
  ring: (): CheckStep => ({
    code: 'root_key_ring',
    permission: '',
    purpose: 'Hyper Protect Crypto Services binds root keys of the default key ring only.',
    result: 'failed',
    reason: 'other_key_ring',
    message: 'The root key lies in another key ring.',
    remedy: 'Choose a root key of the default key ring.',
  }),
} as const;
