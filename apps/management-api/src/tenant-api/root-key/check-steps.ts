import {
  type KeyManagerAdvice,
  KeyManagerError,
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
}

type Permissions = KeyManagerAdvice['permissions'];

const RESULTS = { ok: 'passed', warning: 'warning', failed: 'failed', not_tried: 'skipped' } as const;

export const fromFinding = (
  { permission, why, result, detail, fix }: PreflightFinding,
  permissions: Permissions,
): CheckStep => ({
  code: permission.replace('.', '_'),
  permission: permissions[permission],
  purpose: `Needed ${why}.`,
  result: RESULTS[result],
  message: detail ?? (result === 'not_tried' ? 'Not tried.' : 'It works.'),
  ...(fix !== undefined && { remedy: fix }),
});

/** Each rule that stands in the way, by its name; or that there are none. */
export function fromObstacles(obstacles: readonly Obstacle[], permissions: Permissions): readonly CheckStep[] {
  const none = { code: POLICIES, result: 'passed', message: 'No policy of the instance stands in the way.' } as const;
  return (obstacles.length > 0 ? obstacles : [none]).map((obstacle) => policyStep(obstacle, permissions));
}

/** Most credentials may not read policies: what the policies forbid shows in the calls themselves. */
export function unreadObstacles(error: unknown, permissions: Permissions): readonly CheckStep[] {
  if (!(error instanceof KeyManagerError)) throw error;
  const message = 'The credential may not read the policies; the other calls tell what they forbid.';
  return [policyStep({ code: POLICIES, result: 'skipped', message }, permissions)];
}

const POLICIES = 'instance_policies';

const policyStep = (
  { code, ...found }: Pick<CheckStep, 'code' | 'result' | 'message' | 'remedy'>,
  { obstacles: permission }: Permissions,
): CheckStep => ({
  code,
  permission,
  purpose: 'Rules of the key manager instance can forbid what the roles allow.',
  ...found,
});

export const STEPS = {
  token: (fault?: string): CheckStep => ({
    code: 'token_create',
    permission: '',
    purpose: 'Needed to act in the name of the service ID at all.',
    result: fault === undefined ? 'passed' : 'failed',
    message: fault ?? 'It works.',
    ...(fault !== undefined && {
      remedy: 'Set the API key of a service ID of this account that is neither locked nor disabled.',
    }),
  }),
  instance: (seen: boolean): CheckStep => ({
    code: 'key_manager_read',
    permission: 'Viewer (platform role)',
    purpose: 'Needed to read the address of the key manager, and to list key managers.',
    result: seen ? 'passed' : 'warning',
    message: seen ? 'It works.' : 'The credential cannot see the key manager instance; its usual address is used.',
    ...(!seen && { remedy: 'Give the service ID the platform role Viewer on the key manager instance.' }),
  }),
  account: (): CheckStep => ({
    code: 'key_manager_account',
    permission: '',
    purpose: 'A service ID acts in its own account only.',
    result: 'failed',
    message: 'The root key lies in another account than the API key.',
    remedy: 'Give the API key of a service ID of that account along with the root key (`api_key`).',
  }),
  initialised: (): CheckStep => ({
    code: 'key_manager_initialised',
    permission: '',
    purpose: 'An instance on a host of its own works only once it has a master key.',
    result: 'failed',
    message: 'The instance is not initialised: no master key has been loaded into it.',
    remedy: 'Let the administrators of the instance load and commit its master key (TKE), then check again.',
  }),
  ends: ({ message, remedy }: ServiceEnd): CheckStep => ({
    code: 'key_manager_ends',
    permission: '',
    purpose: 'Keys are needed for as long as what they encrypt is.',
    result: 'warning',
    message,
    remedy,
  }),
  ring: (): CheckStep => ({
    code: 'root_key_ring',
    permission: '',
    purpose: 'Hyper Protect Crypto Services binds root keys of the default key ring only.',
    result: 'failed',
    message: 'The root key lies in another key ring.',
    remedy: 'Choose a root key of the default key ring.',
  }),
} as const;
