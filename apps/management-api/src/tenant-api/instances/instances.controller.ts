import { Controller, Get, Inject, Patch } from '@nestjs/common';

import { toInstanceId } from '@lib/kernel';
import { type Instance, InstanceService } from '@lib/tenancy';

import { type Authorizer } from '../../auth/authorizer.port';
import { type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, Operation } from '../../http/operation.decorator';
import { administratorOf } from '../administrator';
import { invalidToken, pageAnswer, pageRequest } from '../paging';
import { AUTHORIZER } from '../../auth/tokens';
import { PUBLIC_URL } from '../../http/tokens';
import { expectedRevision } from '../versions';
import { changedOptions } from './instance-options';
import { InstanceOverview } from './instance-overview';
import { instanceResponse } from './instance.response';
import { type KmipEndpoint } from './kmip-endpoint';
import { KmipEndpoints } from './kmip-endpoints';

@Controller('v1/instances')
export class InstancesController {
  constructor(
    @Inject(InstanceService) private readonly instances: InstanceService,
    @Inject(InstanceOverview) private readonly overview: InstanceOverview,
    @Inject(KmipEndpoints) private readonly endpoints: KmipEndpoints,
    @Inject(AUTHORIZER) private readonly authorizer: Authorizer,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  /** Instances of the caller's account that he may see: the account is the boundary, IAM decides within it. */
  @Get()
  @Operation('list_instances', 'instance.read')
  async list(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { limit, after } = pageRequest(call, 1);
    const visible = await this.#visible(call, limit + 1, after?.[0]);
    const endpoints = await this.endpoints.current();
    const bodies = await Promise.all(
      visible.map(async (instance) => ({ instance, body: await this.#present(instance, endpoints) })),
    );
    return pageAnswer(call, this.publicUrl, 'instances', bodies, {
      cursorOf: ({ instance }) => [instance.id],
      present: ({ body }) => body,
    });
  }

  @Get(':id')
  @Operation('get_instance', 'instance.read')
  async get(@Call() call: OperationCall): Promise<OperationAnswer> {
    const instance = await this.instances.get(call.instance().instanceId);
    const body = await this.#present(instance, await this.endpoints.current());
    return { status: 200, body, etag: body.etag };
  }

  /** Its name and its end are the platform's; its options are its administrator's. */
  @Patch(':id')
  @Operation('update_instance', 'instance.update', {
    ifGiven: { second_person_to_destroy: 'key.delete', purge_destroyed_keys: 'key.delete' },
  })
  async update(@Call() call: OperationCall): Promise<OperationAnswer> {
    const current = await this.instances.get(call.instance().instanceId);
    const revision = expectedRevision(call, current.id, current);
    const changes = changedOptions(current, call.body as Record<string, unknown>);
    const updated =
      Object.keys(changes).length === 0
        ? current
        : await this.instances.setOptions(current.id, changes, administratorOf(call), revision);
    const body = await this.#present(updated, await this.endpoints.current());
    return { status: 200, body, etag: body.etag };
  }

  /** Goes on until enough visible ones are found, so that a page is short only at the end. */
  async #visible(call: OperationCall, wanted: number, start: string | undefined): Promise<Instance[]> {
    const { principal } = call;
    const visible: Instance[] = [];
    let after = start === undefined ? undefined : cursorId(start);
    for (;;) {
      const page = await this.instances.list({
        accountId: principal.accountId,
        ...(after !== undefined && { after }),
        limit: wanted,
      });
      const decisions = await this.authorizer.decide(
        page.map(({ id, accountId, crn }) => ({
          principal,
          action: 'instance.read' as const,
          resource: { instanceId: id, accountId, crn },
        })),
      );
      visible.push(...page.filter((_, index) => decisions[index] === true));
      after = page.at(-1)?.id;
      if (visible.length >= wanted || page.length < wanted || after === undefined) return visible.slice(0, wanted);
    }
  }

  async #present(instance: Instance, endpoints: readonly KmipEndpoint[]): Promise<{ readonly etag: string }> {
    const href = `${this.publicUrl}/v1/instances/${instance.id}`;
    return instanceResponse(instance, href, await this.overview.of(instance), endpoints);
  }
}

function cursorId(text: string): ReturnType<typeof toInstanceId> {
  if (!/^[0-9a-f-]{36}$/.test(text)) throw invalidToken();
  return toInstanceId(text);
}
