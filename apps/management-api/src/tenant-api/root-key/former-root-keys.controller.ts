import { Controller, Get, Inject, Patch, Post } from '@nestjs/common';

import { type Clock } from '@lib/kernel';
import { CLOCK } from '@lib/platform';
import { type Credential, KeyMoveService, type MoveChange, type MoveStatus, RootKeyBindingService } from '@lib/tenancy';

import { notFound } from '../../http/api-error';
import { type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, Operation } from '../../http/operation.decorator';
import { PUBLIC_URL } from '../../http/tokens';
import { administratorOf } from '../administrator';
import { confirmOf } from '../confirm';
import { pageAnswer, pageRequest, restById } from '../paging';
import { fitServiceId, givenApiKey, using, type WithApiKey } from './given-api-key';
import { progressOf } from './key-move-progress';
import { providerOf } from './provider';
import { rootKeyCrn } from './root-key-crn';
import { RootKeyWorkbench } from './root-key-workbench';
import { unreachedRootKeys } from './unreached-root-keys';

/** InstanceFormerRootKeyPatch. */
interface FormerRootKeyPatch extends WithApiKey {
  readonly paused?: boolean;
}

/** Root keys that were replaced, and the keys that are to leave them. */
@Controller('v1/instances/:instance_id/former_root_keys')
export class FormerRootKeysController {
  constructor(
    @Inject(KeyMoveService) private readonly moves: KeyMoveService,
    @Inject(RootKeyBindingService) private readonly bindings: RootKeyBindingService,
    @Inject(RootKeyWorkbench) private readonly workbench: RootKeyWorkbench,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get()
  @Operation('list_instance_former_root_keys', 'root-key.read')
  async list(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { instanceId } = call.instance();
    const all = await this.moves.formerRootKeys(instanceId);
    const credentials = await this.bindings.formerCredentials(instanceId);
    const idOf = ({ binding }: MoveStatus): string => binding.id;
    return pageAnswer(call, this.publicUrl, 'former_root_keys', restById(all, pageRequest(call, 1), idOf), {
      cursorOf: (one) => [idOf(one)],
      present: (one) => this.#item(call, one, credentials.get(idOf(one))),
    });
  }

  @Get(':id')
  @Operation('get_instance_former_root_key', 'root-key.read')
  async get(@Call() call: OperationCall): Promise<OperationAnswer> {
    const all = await this.moves.formerRootKeys(call.instance().instanceId);
    return this.#answer(
      call,
      all.find(({ binding }) => binding.id === call.path['id']),
    );
  }

  @Patch(':id')
  @Operation('update_instance_former_root_key', 'root-key.set', { ifGiven: { api_key: 'credential.set' } })
  async update(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { paused, api_key: apiKey } = call.body as FormerRootKeyPatch;
    if (apiKey !== undefined) await this.#replaceApiKey(call);
    if (paused === undefined) return this.get(call);
    return this.#change(call, paused ? 'pause' : 'resume');
  }

  /** Whatever was in the way is asked about again at once, whatever is remembered of it. */
  @Post(':id/retry')
  @Operation('retry_instance_former_root_key', 'root-key.set')
  async retry(@Call() call: OperationCall): Promise<OperationAnswer> {
    return this.#change(call, 'retry');
  }

  /** It may be that of another account than the one in force, and may be replaced while keys are on their way. */
  async #replaceApiKey(call: OperationCall): Promise<void> {
    const { instanceId } = call.instance();
    const bindings = (await this.bindings.list(instanceId)).filter(
      ({ id, status }) => id === call.path['id'] && status === 'retiring',
    );
    const [binding] = bindings;
    if (binding === undefined) throw notFound();
    await using(givenApiKey(call.body), async (apiKey) => {
      if (apiKey === undefined) return;
      const serviceIdIamId = await fitServiceId(this.workbench, apiKey, binding.keyManagerCrn, this.clock);
      const trial = { instanceId, correlationId: call.correlationId, apiKey };
      const unreached = await unreachedRootKeys(this.workbench, bindings, trial);
      const request = { apiKey, serviceIdIamId };
      const risk = { unreached, confirm: confirmOf(call) };
      await this.bindings.setFormerCredential(instanceId, binding.id, request, administratorOf(call), risk);
    });
  }

  async #change(call: OperationCall, change: MoveChange): Promise<OperationAnswer> {
    const { instanceId } = call.instance();
    const id = call.path['id'] ?? '';
    return this.#answer(call, await this.moves.change(instanceId, id, change, administratorOf(call)));
  }

  async #answer(call: OperationCall, found: MoveStatus | undefined): Promise<OperationAnswer> {
    if (found === undefined) throw notFound();
    const credentials = await this.bindings.formerCredentials(call.instance().instanceId);
    return { status: 200, body: this.#item(call, found, credentials.get(found.binding.id)) };
  }

  #href(call: OperationCall): string {
    return `${this.publicUrl}/v1/instances/${call.instance().instanceId}/former_root_keys`;
  }

  #item(call: OperationCall, { binding, state, keysLeft, message }: MoveStatus, own: Credential | undefined): object {
    const { id, kind, moves, movesPausedAt, updatedAt } = binding;
    return {
      id,
      href: `${this.#href(call)}/${id}`,
      crn: rootKeyCrn(binding),
      ...providerOf(kind),
      state,
      paused: movesPausedAt !== undefined,
      keys_left: keysLeft,
      replaced_at: updatedAt.toISOString(),
      completes_at: state === 'moving' ? completesAt(binding, keysLeft) : undefined,
      message,
      ...(own !== undefined && { credential: { iam_id: own.serviceIdIamId, updated_at: own.createdAt.toISOString() } }),
      ...(moves !== undefined && { progress: progressOf(moves, state) }),
    };
  }
}

/** As lately it went; unknown while nothing moves. */
function completesAt({ moves }: MoveStatus['binding'], keysLeft: number): string | undefined {
  if (moves === undefined || moves.perMinute === 0 || moves.state !== 'moving') return undefined;
  return new Date(moves.notedAt.getTime() + (keysLeft / moves.perMinute) * 60_000).toISOString();
}
