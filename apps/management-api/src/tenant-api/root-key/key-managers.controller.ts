import { Controller, Get, Inject } from '@nestjs/common';

import { isUuid } from '@lib/kernel';

import { notFound } from '../../http/api-error';
import { type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, Operation } from '../../http/operation.decorator';
import { pageAnswer, pageRequest, restById } from '../paging';
import { PUBLIC_URL } from '../../http/tokens';
import { providerOf } from './provider';
import { rootKeyCrn } from './root-key-crn';
import { RootKeyWorkbench } from './root-key-workbench';

const STATES = {
  pre_activation: 'pre_active',
  active: 'active',
  suspended: 'suspended',
  deactivated: 'deactivated',
  destroyed: 'destroyed',
} as const;

/** What the stored credential can see, to choose from: the "Retrieve" of the order form. */
@Controller('v1/instances/:instance_id/key_managers')
export class KeyManagersController {
  constructor(
    @Inject(RootKeyWorkbench) private readonly workbench: RootKeyWorkbench,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get()
  @Operation('list_instance_key_managers', 'key-manager.list')
  async list(@Call() call: OperationCall): Promise<OperationAnswer> {
    const found = await this.workbench.keyManagers(call.instance().instanceId);
    return this.#page(
      call,
      'key_managers',
      found,
      ({ guid }) => guid,
      (keyManager) => ({
        id: keyManager.guid,
        crn: keyManager.crn,
        name: keyManager.name.slice(0, 256),
        region: keyManager.region,
        ...providerOf(keyManager.kind),
      }),
    );
  }

  @Get(':key_manager_id/root_keys')
  @Operation('list_instance_key_manager_root_keys', 'key-manager.list')
  async rootKeys(@Call() call: OperationCall): Promise<OperationAnswer> {
    const keyManagerId = call.path['key_manager_id'] ?? '';
    const { instanceId } = call.instance();
    const found = isUuid(keyManagerId)
      ? await this.workbench.rootKeys(instanceId, keyManagerId, call.correlationId)
      : undefined;
    if (!found) throw notFound();
    const keyManagerCrn = found.keyManager.crn;
    const rootKeys = found.rootKeys.filter(({ isRootKey }) => isRootKey);
    return this.#page(
      call,
      'root_keys',
      rootKeys,
      ({ id }) => id,
      (rootKey) => ({
        id: rootKey.id,
        crn: rootKeyCrn({ keyManagerCrn, rootKeyId: rootKey.id }),
        name: rootKey.name.slice(0, 256),
        state: STATES[rootKey.state],
        key_ring_id: rootKey.keyRingId,
        usable: rootKey.state === 'active' && rootKey.expiresAt === undefined,
      }),
    );
  }

  /** The cloud's answer is read whole (it is bounded) and paged here, by id. */
  #page<T>(
    call: OperationCall,
    field: string,
    items: readonly T[],
    idOf: (item: T) => string,
    present: (item: T) => object,
  ): OperationAnswer {
    const rest = restById(items, pageRequest(call, 1), idOf);
    return pageAnswer(call, this.publicUrl, field, rest, { cursorOf: (item) => [idOf(item)], present });
  }
}
