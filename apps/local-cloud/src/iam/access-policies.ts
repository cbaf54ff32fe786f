import { type PolicyRow, type ResourceAttributes } from '../journal/rows';
import { type Store } from '../journal/store';

const ATTRIBUTES = ['serviceName', 'serviceInstance', 'region', 'keyRing', 'resourceType', 'resource'] as const;
const WHOLE_INSTANCE = ['serviceName', 'serviceInstance'] as const;

export interface AccessTarget extends ResourceAttributes {
  readonly accountId: string;
}

/** Answers from the policies who may do what; roles of several policies add up. */
export class AccessPolicies {
  constructor(private readonly store: Store) {}

  rolesOn(iamId: string, target: AccessTarget): ReadonlySet<string> {
    const roles = new Set<string>();
    for (const policy of this.store.list('policy', iamId)) {
      if (covers(policy, target)) for (const role of policy.roles) roles.add(role);
    }
    return roles;
  }

  allows(iamId: string, target: AccessTarget, needed: readonly string[]): boolean {
    for (const policy of this.store.list('policy', iamId)) {
      if (needed.some((role) => policy.roles.includes(role)) && covers(policy, target)) return true;
    }
    return false;
  }

  /** True when one of the roles is held on something in this instance, be it a single key. */
  allowsSomewhere(iamId: string, target: AccessTarget, needed: readonly string[]): boolean {
    for (const policy of this.store.list('policy', iamId)) {
      if (needed.some((role) => policy.roles.includes(role)) && covers(policy, target, WHOLE_INSTANCE)) return true;
    }
    return false;
  }
}

/** A policy of one account says nothing about the resources of another. */
function covers(
  policy: PolicyRow,
  target: AccessTarget,
  attributes: readonly (typeof ATTRIBUTES)[number][] = ATTRIBUTES,
): boolean {
  if (policy.accountId !== target.accountId) return false;
  return attributes.every((name) => policy.resource[name] === undefined || policy.resource[name] === target[name]);
}
