import { type Clock, type InstanceId } from '@lib/kernel';

import { type ActionContext } from './action-context';
import { untested } from './credential-change';
import { lockedInstance, missingInstance } from './guards';
import { afterTurn, isNoNews, type MoveTurn } from './key-moves';
import { moveNews, rotationNews } from './move-state';
import { moveEvent, type MoveStatus, moveStatusOf, rotationEvents } from './move-status';
import { omit } from './omit';
import { type TenantScope, type UnitOfWork } from './ports';
import { type RootKeyBinding } from './root-key-binding';

/** - `retry`: whatever kept the keys is asked about again, at once */
export type MoveChange = 'pause' | 'resume' | 'retry';

/** How far the keys of an instance are that move to another root key or version, and what its administrator wants of them. */
export class KeyMoveService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /**
   * What the gateway that moves them found. No change of the binding; what hinders the keys, and that it does no more, is
   * recorded once, and of a rotation that it begins and ends.
   */
  async note(instanceId: InstanceId, bindingId: string, turn: MoveTurn, by: ActionContext): Promise<void> {
    await this.unitOfWork.forTenant(instanceId, async (scope) => {
      // The common case writes nothing, so it holds nothing: no key of most root keys has to move.
      if (isNoNews(turn, (await bindingOf(scope, bindingId))?.moves)) return;
      await lockedInstance(scope);
      const found = await bindingOf(scope, bindingId);
      if (found === undefined) return;
      const after = { ...found, moves: afterTurn(found.moves, turn, this.clock.now()) };
      const isRotation = found.status === 'active';
      const rotation = isRotation ? rotationNews(after.moves, turn) : { moves: after.moves, news: [] };
      const { moves, news } = moveNews({ ...found, moves: rotation.moves }, turn.moved > 0);
      const binding = { ...found, moves };
      await scope.bindings.update(binding);
      const told = { binding, moved: turn.moved, news: rotation.news };
      for (const event of await rotationEvents(scope, by, this.clock, told)) scope.record(event);
      const status = news === undefined ? undefined : await moveStatusOf(scope, binding);
      if (news === undefined || status === undefined) return;
      const kind = isRotation ? 'root-key-rotation' : 'root-key-move';
      const version = isRotation && moves.toVersion !== undefined ? { toVersion: moves.toVersion } : {};
      scope.record(moveEvent(by, this.clock, status, `vmware-solutions.${kind}.${news}`, version));
    });
  }

  /** A root key of the instance was rotated, as calls to its key manager tell: whoever moves keys looks at once. */
  async rotationSeen(instanceId: InstanceId): Promise<void> {
    await this.unitOfWork.forTenant(instanceId, (scope) => {
      scope.invalidate();
      return Promise.resolve();
    });
  }

  /** All moves that are under way: to the newest version of the root key first, then former ones, the newest first. @throws TenancyError('instance_not_found') */
  async of(instanceId: InstanceId): Promise<readonly MoveStatus[]> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      if ((await scope.instance.get()) === undefined) missingInstance();
      const moves: MoveStatus[] = [];
      for (const binding of await scope.bindings.list()) {
        const status = await moveStatusOf(scope, binding);
        if (status !== undefined) moves.push(status);
      }
      return moves;
    });
  }

  /** Newest first. @throws TenancyError('instance_not_found') */
  async formerRootKeys(instanceId: InstanceId): Promise<readonly MoveStatus[]> {
    return (await this.of(instanceId)).filter(({ binding }) => binding.status === 'retiring');
  }

  /** @returns undefined when the instance has no such former root key, or none any more @throws TenancyError('instance_not_found') */
  async change(
    instanceId: InstanceId,
    bindingId: string,
    change: MoveChange,
    context: ActionContext,
  ): Promise<MoveStatus | undefined> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      await lockedInstance(scope);
      const found = await bindingOf(scope, bindingId);
      return found?.status === 'retiring' ? this.#change(scope, found, change, context) : undefined;
    });
  }

  /** All calls under a root key went well, as somebody had them tried: what it was in the way of is tried again at once. */
  async retryAfterCheck(instanceId: InstanceId, check: PassedCheck, context: ActionContext): Promise<void> {
    await this.unitOfWork.forTenant(instanceId, async (scope) => {
      await lockedInstance(scope);
      for (const found of await scope.bindings.list()) {
        if (isInTheWayOf(found, check)) await this.#change(scope, found, 'retry', context);
      }
    });
  }

  async #change(
    scope: TenantScope,
    found: RootKeyBinding,
    change: MoveChange,
    context: ActionContext,
  ): Promise<MoveStatus | undefined> {
    const binding = changed(found, change, this.clock.now());
    await scope.bindings.update(binding);
    const status = await moveStatusOf(scope, binding);
    if (status === undefined) return undefined;
    scope.record(moveEvent(context, this.clock, status, 'vmware-solutions.root-key.move', { change }));
    scope.invalidate();
    return status;
  }
}

/** What a root key was found to be good for. */
export interface PassedCheck {
  readonly rootKeyId: string;
  /** The service ID may delete stored keys, as a move needs it to. */
  readonly mayDelete: boolean;
}

function isInTheWayOf({ rootKeyId: own, status, moves, movesPausedAt }: RootKeyBinding, check: PassedCheck): boolean {
  const { hindrance } = moves ?? {};
  // Of one that is to leave where it lies nothing is tried before it goes on.
  if (hindrance === undefined || (status === 'retiring' && movesPausedAt !== undefined)) return false;
  if (hindrance.code === 'may_not_delete' && !check.mayDelete) return false;
  return (hindrance.rootKeyId ?? own) === check.rootKeyId;
}

const bindingOf = async ({ bindings }: TenantScope, bindingId: string): Promise<RootKeyBinding | undefined> =>
  (await bindings.list()).find(({ id }) => id === bindingId);

function changed(binding: RootKeyBinding, change: MoveChange, now: Date): RootKeyBinding {
  if (change === 'pause') return { ...binding, movesPausedAt: binding.movesPausedAt ?? now };
  const running = omit(binding, 'movesPausedAt');
  // What was remembered while it was paused need not be so any more, nor what a test has met.
  return untested({ ...running, moveAttempt: binding.moveAttempt + 1 });
}
