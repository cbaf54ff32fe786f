import { Controller, Get, Inject } from '@nestjs/common';

import { ACTIONS, type Action, ROLE_ACTIONS, type Role } from '@lib/tenancy';

import { type Authorizer } from '../../auth/authorizer.port';
import { AUTHORIZER } from '../../auth/tokens';
import { type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, Operation } from '../../http/operation.decorator';

/** The least one first, as an administrator of an account would give it. */
const BY_POWER: readonly Role[] = ['viewer', 'reader', 'writer', 'manager', 'administrator', 'editor', 'operator'];

/** The least role that is permitted something; a manager is everything. */
const neededRole = (action: Action): Role => BY_POWER.find((role) => ROLE_ACTIONS[role].includes(action)) ?? 'manager';

/** What the caller may do, so that whoever works with it can be told before he tries. */
@Controller('v1/instances/:instance_id/permissions')
export class PermissionsController {
  constructor(@Inject(AUTHORIZER) private readonly authorizer: Authorizer) {}

  @Get()
  @Operation('list_instance_permissions', 'instance.read')
  async list(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { principal } = call;
    const { instanceId, accountId, crn } = call.instance();
    const resource = { instanceId, accountId, crn };
    const decisions = await this.authorizer.decide(ACTIONS.map((action) => ({ principal, action, resource })));
    const permissions = ACTIONS.map((action, index) => ({
      action,
      allowed: decisions[index] === true,
      needed_role: neededRole(action),
    }));
    return { status: 200, body: { permissions } };
  }
}
