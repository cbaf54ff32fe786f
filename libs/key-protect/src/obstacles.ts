import { type EndpointVisibility, type Obstacle } from '@lib/key-manager';

import { type InstancePolicy } from './rest/resources';

/** Policies of the instance that stand in the way of what the product will do, each by its name. */
export function obstaclesOf(policies: readonly InstancePolicy[], visibility: EndpointVisibility): Obstacle[] {
  return policies
    .filter(({ policy_data: { enabled } }) => enabled)
    .flatMap(
      ({ policy_type: type, policy_data: { attributes = {} } }) => OBSTACLES[type]?.(attributes, visibility) ?? [],
    );
}

type Attributes = NonNullable<InstancePolicy['policy_data']['attributes']>;

const OBSTACLES: Readonly<Record<string, (attributes: Attributes, visibility: EndpointVisibility) => Obstacle[]>> = {
  keyCreateImportAccess: ({ import_standard_key: allowed, enforce_token: enforced }) => {
    const told = 'in the policy keyCreateImportAccess of the instance';
    return [
      ...(allowed === false ? [forbids('import_standard_key is false', `Allow import_standard_key ${told}.`)] : []),
      ...(enforced === true ? [forbids('enforce_token is true', `Turn enforce_token off ${told}.`)] : []),
    ];
  },
  dualAuthDelete: () => [
    {
      code: 'policy_dual_auth_delete',
      result: 'warning',
      message:
        'dualAuthDelete is on: two people must authorise each deletion, so KMIP Destroy will fail for keys made now.',
      remedy: 'Turn dualAuthDelete off before keys are made: it stays with the keys that were made under it.',
    },
  ],
  allowedNetwork: ({ allowed_network: network }, visibility) =>
    network === 'private-only' && visibility === 'public'
      ? [
          {
            code: 'policy_allowed_network',
            result: 'failed',
            message: 'allowedNetwork is private-only, and the public endpoint was chosen.',
            remedy: 'Choose the private endpoint, or allow public-and-private in the policy allowedNetwork.',
          },
        ]
      : [],
  allowedIP: () => [
    {
      code: 'policy_allowed_ip',
      result: 'warning',
      message: 'allowedIP is on: the service is refused unless its addresses are on that list.',
      remedy: 'Use a context-based restriction that names this service instead of allowedIP.',
    },
  ],
};

const forbids = (what: string, remedy: string): Obstacle => ({
  code: 'policy_key_create_import_access',
  result: 'failed',
  message: `keyCreateImportAccess forbids to store wrapped keys: ${what}.`,
  remedy,
});
