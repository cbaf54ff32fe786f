import { Controller, Delete, Get, Inject, Post } from '@nestjs/common';

import { type Clock, toUniqueIdentifier } from '@lib/kernel';
import {
  type CountedShredPlan,
  type PlannedKey,
  Shredding,
  type ShredScope,
  type WholeShredPlan,
} from '@lib/kmip-engine';
import { CLOCK } from '@lib/platform';

import { ApiError, notFound } from '../../http/api-error';
import { type CheckedChange, type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, CheckedOperation, Operation } from '../../http/operation.decorator';
import { PUBLIC_URL } from '../../http/tokens';
import { administratorOf } from '../administrator';
import { confirmOf } from '../confirm';
import { pageAnswer, pageRequest, restById } from '../paging';
import { ShredAccesses } from './shred-accesses';
import { countedPlan, shredKeyResponse, shredPlanResponse } from './shred-plan.response';

/** InstanceShredPlanPrototype. */
interface Prototype {
  readonly scope: 'keys' | 'instance' | 'root_key';
  readonly key_ids?: readonly string[];
  readonly root_key_id?: string;
}

/** A client waits no longer than its proxies; who repeats the request carries it on. */
const BEGINS_KEYS_FOR_MS = 15_000;
const GIVES_UP_AFTER_MS = 25_000;

@Controller('v1/instances/:instance_id/shred_plans')
export class ShredPlansController {
  constructor(
    @Inject(ShredAccesses) private readonly accesses: ShredAccesses,
    @Inject(Shredding) private readonly shredding: Shredding,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get()
  @Operation('list_instance_shred_plans', 'key.list')
  async list(@Call() call: OperationCall): Promise<OperationAnswer> {
    const plans = this.accesses.plansOf(call.instance().instanceId);
    const page = restById(await plans.list(), pageRequest(call, 1), ({ id }) => id);
    return pageAnswer(call, this.publicUrl, 'shred_plans', page, {
      cursorOf: ({ id }) => [id],
      present: (plan) => this.#present(call, plan),
    });
  }

  @Post()
  @Operation('create_instance_shred_plan', 'key.delete', { besides: ['key.update'] })
  async create(@Call() call: OperationCall): Promise<OperationAnswer> {
    const access = await this.accesses.of(call.instance().instanceId);
    const plan = await this.shredding.plan(access, scopeOf(call.body as Prototype), personOf(call));
    return { ...this.#answer(call, plan), status: 201, location: `${this.#href(call)}/${plan.id}` };
  }

  @Get(':id')
  @Operation('get_instance_shred_plan', 'key.list')
  async get(@Call() call: OperationCall): Promise<OperationAnswer> {
    return this.#answer(call, await this.#find(call));
  }

  @Delete(':id')
  @Operation('delete_instance_shred_plan', 'key.delete')
  async remove(@Call() call: OperationCall): Promise<OperationAnswer> {
    const access = await this.accesses.of(call.instance().instanceId);
    await this.shredding.remove(access, idOf(call), hashOf(call), personOf(call));
    return { status: 204 };
  }

  @Get(':id/keys')
  @Operation('list_instance_shred_plan_keys', 'key.list')
  async keys(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { keys, shown } = await this.#find(call);
    const page = restById<PlannedKey>(keys, pageRequest(call, 1), ({ id }) => id);
    return pageAnswer(call, this.publicUrl, 'keys', page, {
      cursorOf: ({ id }) => [id],
      present: (key) => shredKeyResponse(key, shown[key.id], this.clock.now()),
    });
  }

  @Post(':id/confirm')
  @Operation('confirm_instance_shred_plan', 'key.delete', { besides: ['key.update'] })
  async confirm(@Call() call: OperationCall): Promise<OperationAnswer> {
    const access = await this.accesses.of(call.instance().instanceId);
    return this.#answer(call, await this.shredding.confirm(access, idOf(call), hashOf(call), personOf(call)));
  }

  @Post(':id/execute')
  @CheckedOperation('execute_instance_shred_plan', 'key.delete', { besides: ['key.update'] })
  async execute(@Call() call: OperationCall): Promise<CheckedChange> {
    const access = await this.accesses.of(call.instance().instanceId);
    const [id, hash, person] = [idOf(call), hashOf(call), personOf(call)];
    await this.shredding.check(access, id, hash);
    return async () => {
      const until = new Date(this.clock.now().getTime() + BEGINS_KEYS_FOR_MS);
      const patience = { until, signal: AbortSignal.timeout(GIVES_UP_AFTER_MS) };
      return this.#answer(call, await this.shredding.execute(access, id, hash, person, patience));
    };
  }

  @Get(':id/record')
  @Operation('get_instance_shred_plan_record', 'key.list')
  async record(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { record } = await this.#find(call);
    if (record === undefined) throw notFound();
    const { content, jws, keyId } = record;
    return {
      status: 200,
      body: { state: jws === undefined ? 'unsigned' : 'signed', content, jws, key_id: keyId },
    };
  }

  async #find(call: OperationCall): Promise<WholeShredPlan> {
    const plans = this.accesses.plansOf(call.instance().instanceId);
    const plan = await plans.find(idOf(call));
    if (plan === undefined) throw notFound();
    return plan;
  }

  #answer(call: OperationCall, plan: WholeShredPlan): OperationAnswer {
    return { status: 200, body: this.#present(call, countedPlan(plan)) };
  }

  #present(call: OperationCall, plan: CountedShredPlan): object {
    return shredPlanResponse(plan, `${this.#href(call)}/${plan.id}`);
  }

  #href(call: OperationCall): string {
    return `${this.publicUrl}/v1/instances/${call.instance().instanceId}/shred_plans`;
  }
}

const idOf = ({ path }: OperationCall): string => path['id'] ?? '';

/** The caller has read what he confirms. */
const hashOf = (call: OperationCall): string => confirmOf(call) ?? '';

const personOf = (call: OperationCall) => ({ ...administratorOf(call), person: call.principal.iamId });

/** @throws ApiError 400 */
function scopeOf(prototype: Prototype): ShredScope {
  const { scope, key_ids: keyIds = [], root_key_id: rootKeyId = '' } = prototype;
  // Whoever names something means no more than that.
  if (scope !== 'keys') refuseField(prototype, 'key_ids');
  if (scope !== 'root_key') refuseField(prototype, 'root_key_id');
  switch (scope) {
    case 'keys':
      return { kind: 'keys', keyIds: [...new Set(keyIds)].sort().map(toUniqueIdentifier) };
    case 'root_key':
      return { kind: 'root_key', rootKeyId };
    case 'instance':
      return { kind: 'instance' };
  }
}

function refuseField(prototype: Prototype, name: 'key_ids' | 'root_key_id'): void {
  if (prototype[name] === undefined) return;
  const message = `\`${name}\` does not go with the scope \`${prototype.scope}\`.`;
  throw ApiError.of(400, 'invalid_field', message, { type: 'field', name });
}
