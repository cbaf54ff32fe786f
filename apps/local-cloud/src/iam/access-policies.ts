import { type PolicyRow, type ResourceAttributes } from '../journal/rows';
import { type Store } from '../journal/store';

const ATTRIBUTES = ['serviceName', 'serviceInstance', 'region', 'keyRing', 'resourceType', 'resource'] as const;

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
    const roles = this.rolesOn(iamId, target);
    return needed.some((role) => roles.has(role));
  }

  /** True when one of the roles is held on something in this instance, be it a single key. */
  allowsSomewhere(iamId: string, target: AccessTarget, needed: readonly string[]): boolean {
    for (const policy of this.store.list('policy', iamId)) {
      const { serviceName, serviceInstance } = policy.resource;
      const widened = { ...policy, resource: { serviceName, serviceInstance } };
      if (needed.some((role) => policy.roles.includes(role)) && covers(widened, target)) return true;
    }
    return false;
  }
}

/** A policy of one account says nothing about the resources of another. */
function covers(policy: PolicyRow, target: AccessTarget): boolean {
  if (policy.accountId !== target.accountId) return false;
  return ATTRIBUTES.every((name) => policy.resource[name] === undefined || policy.resource[name] === target[name]);
}
