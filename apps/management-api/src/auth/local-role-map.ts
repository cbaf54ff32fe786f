import { ROLE_ACTIONS, type Role } from '@lib/tenancy';
import { type AccessQuestion, type Authorizer } from './authorizer.port';

/** Roles of one identity in one account. */
export interface RoleAssignment {
  readonly iamId: string;
  readonly accountId: string;
  readonly roles: readonly Role[];
  /** Only for this instance; all instances of the account when absent. */
  readonly instanceId?: string;
}

/** Decides from a list in memory: for evaluation, tests and sites without a policy decision point. */
export class LocalRoleMap implements Authorizer {
  constructor(private readonly assignments: readonly RoleAssignment[]) {}

  decide(questions: readonly AccessQuestion[]): Promise<readonly boolean[]> {
    return Promise.resolve(questions.map((question) => this.#permits(question)));
  }

  #permits({ principal, action, resource }: AccessQuestion): boolean {
    return this.assignments
      .filter((assignment) => assignment.iamId === principal.iamId && assignment.accountId === principal.accountId)
      .filter((assignment) => assignment.accountId === resource.accountId)
      .filter((assignment) => (assignment.instanceId ?? resource.instanceId) === resource.instanceId)
      .some((assignment) => assignment.roles.some((role) => ROLE_ACTIONS[role].includes(action)));
  }
}
