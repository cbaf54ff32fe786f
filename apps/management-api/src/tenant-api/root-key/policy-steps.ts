import { KeyManagerError } from '@lib/key-manager';
import { type InstancePolicy } from '@lib/key-protect';
import { type EndpointVisibility } from '@lib/tenancy';

import { type CheckStep } from './check-steps';

const CODE = 'instance_policies';
const PERMISSION = 'Manager (service role)';
const PURPOSE = 'Rules of the key manager instance can forbid what the roles allow.';

/** Rules that stand in the way of what the product will do, each by its name; or that there are none. */
export function policySteps(policies: readonly InstancePolicy[], visibility: EndpointVisibility): CheckStep[] {
  const found = policies
    .filter(({ policy_data: { enabled } }) => enabled)
    .flatMap(
      ({ policy_type: type, policy_data: { attributes = {} } }) => OBSTACLES[type]?.(attributes, visibility) ?? [],
    );
  return found.length > 0 ? found : [step(CODE, 'passed', 'No policy of the instance stands in the way.')];
}

/** Most service IDs are Writers, who may not read policies: what the policies forbid shows in the calls themselves. */
export function unreadPolicies(error: unknown): CheckStep[] {
  if (!(error instanceof KeyManagerError)) throw error;
  return [step(CODE, 'skipped', 'The credential may not read the policies; the other calls tell what they forbid.')];
}

type Attributes = NonNullable<InstancePolicy['policy_data']['attributes']>;

const OBSTACLES: Readonly<Record<string, (attributes: Attributes, visibility: EndpointVisibility) => CheckStep[]>> = {
  keyCreateImportAccess: ({ import_standard_key: allowed, enforce_token: enforced }) => {
    const told = 'in the policy keyCreateImportAccess of the instance';
    return [
      ...(allowed === false ? [forbids('import_standard_key is false', `Allow import_standard_key ${told}.`)] : []),
      ...(enforced === true ? [forbids('enforce_token is true', `Turn enforce_token off ${told}.`)] : []),
    ];
  },
  dualAuthDelete: () => [
    step(
      'policy_dual_auth_delete',
      'warning',
      'dualAuthDelete is on: two people must authorise each deletion, so KMIP Destroy will fail for keys made now.',
      'Turn dualAuthDelete off before keys are made: it stays with the keys that were made under it.',
    ),
  ],
  allowedNetwork: ({ allowed_network: network }, visibility) =>
    network === 'private-only' && visibility === 'public'
      ? [
          step(
            'policy_allowed_network',
            'failed',
            'allowedNetwork is private-only, and the public endpoint was chosen.',
            'Choose the private endpoint, or allow public-and-private in the policy allowedNetwork.',
          ),
        ]
      : [],
  allowedIP: () => [
    step(
      'policy_allowed_ip',
      'warning',
      'allowedIP is on: the service is refused unless its addresses are on that list.',
      'Use a context-based restriction that names this service instead of allowedIP.',
    ),
  ],
};

const forbids = (what: string, remedy: string): CheckStep =>
  step(
    'policy_key_create_import_access',
    'failed',
    `keyCreateImportAccess forbids to store wrapped keys: ${what}.`,
    remedy,
  );

const step = (code: string, result: CheckStep['result'], message: string, remedy?: string): CheckStep => ({
  code,
  permission: PERMISSION,
  purpose: PURPOSE,
  result,
  message,
  ...(remedy !== undefined && { remedy }),
});
