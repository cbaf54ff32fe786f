import { Controller, Delete, Get, Inject, Post } from '@nestjs/common';

import { type Clock, isUuid, toUniqueIdentifier, type UniqueIdentifier } from '@lib/kernel';
import { type QuarantinedKey } from '@lib/kmip-engine';
import { CLOCK } from '@lib/platform';

import { ApiError, notFound } from '../../http/api-error';
import { type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, Operation } from '../../http/operation.decorator';
import { PUBLIC_URL } from '../../http/tokens';
import { administratorOf } from '../administrator';
import { pageAnswer, pageRequest, restById } from '../paging';
import { quarantineResponse } from './reclaim.response';
import { Reclaiming } from './reclaiming';

/** They are listed whole. */
const MAXIMUM = 10_000;

/** Keys that are set aside: suspended, until they are destroyed or somebody needs them after all. */
@Controller('v1/instances/:instance_id/quarantined_keys')
export class QuarantineController {
  constructor(
    @Inject(Reclaiming) private readonly reclaiming: Reclaiming,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get()
  @Operation('list_instance_quarantined_keys', 'key.list')
  async list(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { instanceId } = call.instance();
    const request = pageRequest(call, 1);
    const rest = restById(await this.reclaiming.of(instanceId).quarantined(), request, ({ id }) => id);
    const page = rest.slice(0, request.limit + 1);
    const bodies = await Promise.all(
      page.map(async (each) => ({ id: each.id, body: await this.#present(call, each) })),
    );
    return pageAnswer(call, this.publicUrl, 'quarantined_keys', bodies, {
      cursorOf: ({ id }) => [id],
      present: ({ body }) => body ?? {},
    });
  }

  @Post()
  @Operation('create_instance_quarantined_key', 'key.update')
  async create(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { instanceId } = call.instance();
    const { id } = call.body as { readonly id: string };
    if (!isUuid(id)) throw notFound();
    if ((await this.reclaiming.of(instanceId).quarantined()).length >= MAXIMUM) {
      throw ApiError.of(409, 'quota_exceeded', `${MAXIMUM} keys are in quarantine already.`);
    }
    const key = toUniqueIdentifier(id);
    const put = await this.reclaiming.quarantine(instanceId, key, administratorOf(call), call.principal.iamId);
    const href = this.#href(call, key);
    return { status: 201, body: quarantineResponse(put, href, this.clock.now()), location: href };
  }

  @Get(':id')
  @Operation('get_instance_quarantined_key', 'key.read')
  async get(@Call() call: OperationCall): Promise<OperationAnswer> {
    const all = await this.reclaiming.of(call.instance().instanceId).quarantined();
    const found = all.find(({ id }) => id === call.path['id']);
    const body = found && (await this.#present(call, found));
    if (body === undefined) throw notFound();
    return { status: 200, body };
  }

  /** The key is served again at once. */
  @Delete(':id')
  @Operation('delete_instance_quarantined_key', 'key.update')
  async remove(@Call() call: OperationCall): Promise<OperationAnswer> {
    const id = call.path['id'] ?? '';
    if (!isUuid(id)) throw notFound();
    await this.reclaiming.release(call.instance().instanceId, toUniqueIdentifier(id), administratorOf(call));
    return { status: 204 };
  }

  async #present(call: OperationCall, each: QuarantinedKey): Promise<object | undefined> {
    const found = await this.reclaiming.quarantined(call.instance().instanceId, each);
    return found && quarantineResponse(found, this.#href(call, each.id), this.clock.now());
  }

  #href(call: OperationCall, id: UniqueIdentifier): string {
    return `${this.publicUrl}/v1/instances/${call.instance().instanceId}/quarantined_keys/${id}`;
  }
}
