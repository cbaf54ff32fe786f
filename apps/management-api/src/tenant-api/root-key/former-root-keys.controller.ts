import { Controller, Get, Inject, Patch, Post } from '@nestjs/common';

import { KeyMoveService, type MoveChange, type MoveStatus } from '@lib/tenancy';

import { notFound } from '../../http/api-error';
import { type OperationAnswer, type OperationCall } from '../../http/operation';
import { Call, Operation } from '../../http/operation.decorator';
import { PUBLIC_URL } from '../../http/tokens';
import { administratorOf } from '../administrator';
import { pageAnswer, pageRequest, restById } from '../paging';
import { progressOf } from './key-move-progress';
import { providerOf } from './provider';
import { rootKeyCrn } from './root-key-crn';

/** InstanceFormerRootKeyPatch. */
interface FormerRootKeyPatch {
  readonly paused?: boolean;
}

/** Root keys that were replaced, and the keys that are to leave them. */
@Controller('v1/instances/:instance_id/former_root_keys')
export class FormerRootKeysController {
  constructor(
    @Inject(KeyMoveService) private readonly moves: KeyMoveService,
    @Inject(PUBLIC_URL) private readonly publicUrl: string,
  ) {}

  @Get()
  @Operation('list_instance_former_root_keys', 'root-key.read')
  async list(@Call() call: OperationCall): Promise<OperationAnswer> {
    const all = await this.moves.formerRootKeys(call.instance().instanceId);
    const idOf = ({ binding }: MoveStatus): string => binding.id;
    return pageAnswer(call, this.publicUrl, 'former_root_keys', restById(all, pageRequest(call, 1), idOf), {
      cursorOf: (one) => [idOf(one)],
      present: (one) => this.#item(call, one),
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
  @Operation('update_instance_former_root_key', 'root-key.set')
  async update(@Call() call: OperationCall): Promise<OperationAnswer> {
    const { paused } = call.body as FormerRootKeyPatch;
    if (paused === undefined) return this.get(call);
    return this.#change(call, paused ? 'pause' : 'resume');
  }

  /** Whatever was in the way is asked about again at once, whatever is remembered of it. */
  @Post(':id/retry')
  @Operation('retry_instance_former_root_key', 'root-key.set')
  async retry(@Call() call: OperationCall): Promise<OperationAnswer> {
    return this.#change(call, 'retry');
  }

  async #change(call: OperationCall, change: MoveChange): Promise<OperationAnswer> {
    const { instanceId } = call.instance();
    const id = call.path['id'] ?? '';
    return this.#answer(call, await this.moves.change(instanceId, id, change, administratorOf(call)));
  }

  #answer(call: OperationCall, found: MoveStatus | undefined): OperationAnswer {
    if (found === undefined) throw notFound();
    return { status: 200, body: this.#item(call, found) };
  }

  #href(call: OperationCall): string {
    return `${this.publicUrl}/v1/instances/${call.instance().instanceId}/former_root_keys`;
  }

  #item(call: OperationCall, { binding, state, keysLeft, message }: MoveStatus): object {
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
      completes_at: completesAt(binding, keysLeft),
      message,
      ...(moves !== undefined && { progress: progressOf(moves) }),
    };
  }
}

/** As lately it went; unknown while nothing moves. */
function completesAt({ moves }: MoveStatus['binding'], keysLeft: number): string | undefined {
  if (moves === undefined || moves.perMinute === 0 || moves.state !== 'moving') return undefined;
  return new Date(moves.notedAt.getTime() + (keysLeft / moves.perMinute) * 60_000).toISOString();
}
