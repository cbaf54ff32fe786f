import { type PreflightFinding, type PreflightPermission } from '@lib/key-manager';

/** One line of the table that an administrator reads. */
export interface CheckStep {
  readonly code: string;
  readonly permission: string;
  readonly purpose: string;
  readonly result: 'passed' | 'failed' | 'warning' | 'skipped';
  readonly message: string;
  readonly remedy?: string;
}

/** The least role that can do it. */
const ROLES: Readonly<Record<PreflightPermission, string>> = {
  'root_key.describe': 'Reader',
  'root_key.wrap': 'Reader',
  'root_key.unwrap': 'Reader',
  'stored_key.create': 'Writer',
  'stored_key.read': 'Writer',
  'stored_key.delete': 'Manager',
};

const RESULTS = { ok: 'passed', warning: 'warning', failed: 'failed', not_tried: 'skipped' } as const;

export const fromFinding = ({ permission, why, result, detail, fix }: PreflightFinding): CheckStep => ({
  code: permission.replace('.', '_'),
  permission: `${ROLES[permission]} (service role)`,
  purpose: `Needed ${why}.`,
  result: RESULTS[result],
  message: detail ?? (result === 'not_tried' ? 'Not tried.' : 'It works.'),
  ...(fix !== undefined && { remedy: fix }),
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
  initialised: (): CheckStep => ({
    code: 'key_manager_initialised',
    permission: '',
    purpose: 'A Hyper Protect Crypto Services instance works only once it has a master key.',
    result: 'failed',
    message: 'The instance is not initialised: no master key has been loaded into it.',
    remedy: 'Let the administrators of the instance load and commit its master key (TKE), then check again.',
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
