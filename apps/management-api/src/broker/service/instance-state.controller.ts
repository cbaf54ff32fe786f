import { Controller, Get, Inject, Put, UseInterceptors } from '@nestjs/common';

import { type Enablement, InstanceStateService, type OrderedInstance, readInstanceCrn } from '@lib/service-instances';

import { printable } from '../http/originating-identity';
import { type OsbAnswer, OsbAnswerInterceptor } from '../http/osb-answer';
import { Call, type OsbCall } from '../http/osb-call';
import { badRequest, OsbError } from '../http/osb-error';
import { bodyObject, type JsonObject } from '../http/request-fields';

/** `/bluemix_v1/service_instances/{id}`: IBM Cloud's switch that closes an instance and opens it again. */
@Controller('bluemix_v1/service_instances/:instance_id')
@UseInterceptors(OsbAnswerInterceptor)
export class InstanceStateController {
  constructor(@Inject(InstanceStateService) private readonly states: InstanceStateService) {}

  @Get()
  async read(@Call() { path }: OsbCall): Promise<OsbAnswer> {
    return answer(await this.states.enablement(instanceOf(path)));
  }

  @Put()
  async replace(@Call() { path, body: received, context }: OsbCall): Promise<OsbAnswer> {
    const body = bodyObject(received);
    const enabled = body['enabled'];
    if (typeof enabled !== 'boolean') throw badRequest('enabled must be true or false.');
    const reason = optionalText(body, 'reason_code');
    const initiatorId = optionalText(body, 'initiator_id');
    const instance = instanceOf(path);
    const byUser = initiatorId === undefined || context.initiator.kind === 'user' ? undefined : initiatorId;
    return answer(
      await this.states.setEnabled({
        ...instance,
        enabled,
        reason,
        context: byUser === undefined ? context : { ...context, initiator: { kind: 'user', iamId: byUser } },
      }),
    );
  }
}

function instanceOf(path: OsbCall['path']): OrderedInstance {
  const instance = readInstanceCrn(path['instance_id'] ?? '');
  if (instance === undefined) throw new OsbError(404, 'There is no such service instance.');
  return instance;
}

function optionalText(body: JsonObject, field: string): string | undefined {
  const value = body[field] ?? undefined;
  if (value === undefined) return undefined;
  if (typeof value !== 'string') throw badRequest(`${field} must be a string.`);
  const text = printable(value);
  return text === '' ? undefined : text;
}

/** `last_active` only says something of an instance that is enabled and not active. */
const answer = ({ enabled, lastActivity }: Enablement): OsbAnswer => ({
  status: 200,
  body: {
    enabled,
    active: enabled,
    ...(lastActivity === undefined ? {} : { last_active: lastActivity.getTime() }),
  },
});
