import { type Clock, type InstanceId } from '@lib/kernel';

import { type ActionContext, successEvent } from './action-context';
import { lockedInstance, missingInstance } from './guards';
import { afterTurn, isNoNews, type MoveTurn } from './key-moves';
import { omit } from './omit';
import { type TenantScope, type UnitOfWork } from './ports';
import { type RootKeyBinding } from './root-key-binding';

/** A root key that was replaced, with the keys that lie under it still. */
export interface FormerRootKeyStatus {
  readonly binding: RootKeyBinding;
  readonly keysLeft: number;
}

/** - `retry`: whatever kept the keys is asked about again, at once */
export type MoveChange = 'pause' | 'resume' | 'retry';

/** How far the keys of an instance are that move to another root key or version, and what its administrator wants of them. */
export class KeyMoveService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly clock: Clock,
  ) {}

  /** What the gateway that moves them found. Not a change of the binding: no audit record. */
  async note(instanceId: InstanceId, bindingId: string, turn: MoveTurn): Promise<void> {
    await this.unitOfWork.forTenant(instanceId, async (scope) => {
      // The common case writes nothing, so it holds nothing: no key of most root keys has to move.
      if (isNoNews(turn, (await bindingOf(scope, bindingId))?.moves)) return;
      await lockedInstance(scope);
      const found = await bindingOf(scope, bindingId);
      if (found === undefined) return;
      const moves = afterTurn(found.moves, turn, this.clock.now());
      await scope.bindings.update({ ...found, moves });
    });
  }

  /** A root key of the instance was rotated, as calls to its key manager tell: whoever moves keys looks at once. */
  async rotationSeen(instanceId: InstanceId): Promise<void> {
    await this.unitOfWork.forTenant(instanceId, (scope) => {
      scope.invalidate();
      return Promise.resolve();
    });
  }

  /** Newest first. @throws TenancyError('instance_not_found') */
  async formerRootKeys(instanceId: InstanceId): Promise<readonly FormerRootKeyStatus[]> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      if ((await scope.instance.get()) === undefined) missingInstance();
      const retiring = (await scope.bindings.list()).filter(({ status }) => status === 'retiring');
      const counted: FormerRootKeyStatus[] = [];
      for (const binding of retiring) {
        counted.push({ binding, keysLeft: await scope.keys.countUnder(binding.rootKeyId) });
      }
      return counted;
    });
  }

  /** Keys of the instance that lie under this root key, and under other versions of it. @throws TenancyError('instance_not_found') */
  async keysUnder(
    instanceId: InstanceId,
    rootKeyId: string,
    version: string,
  ): Promise<{ readonly total: number; readonly older: number }> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      if ((await scope.instance.get()) === undefined) missingInstance();
      const older = await scope.keys.countUnder(rootKeyId, version);
      return { total: await scope.keys.countUnder(rootKeyId), older };
    });
  }

  /** @returns undefined when the instance has no such former root key, or none any more @throws TenancyError('instance_not_found') */
  async change(
    instanceId: InstanceId,
    bindingId: string,
    change: MoveChange,
    context: ActionContext,
  ): Promise<FormerRootKeyStatus | undefined> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      await lockedInstance(scope);
      const found = await bindingOf(scope, bindingId);
      if (found?.status !== 'retiring') return undefined;
      const binding = changed(found, change, this.clock.now());
      await scope.bindings.update(binding);
      const { id, rootKeyId, keyManagerCrn } = binding;
      const keysLeft = await scope.keys.countUnder(rootKeyId);
      const target = { kind: 'root-key', id } as const;
      const details = { rootKeyId, keyManagerCrn, change, keysLeft };
      scope.record(
        successEvent(context, this.clock, instanceId, 'vmware-solutions.root-key.move', { target, details }),
      );
      scope.invalidate();
      return { binding, keysLeft };
    });
  }
}

const bindingOf = async ({ bindings }: TenantScope, bindingId: string): Promise<RootKeyBinding | undefined> =>
  (await bindings.list()).find(({ id }) => id === bindingId);

function changed(binding: RootKeyBinding, change: MoveChange, now: Date): RootKeyBinding {
  if (change === 'pause') return { ...binding, movesPausedAt: binding.movesPausedAt ?? now };
  const running = omit(binding, 'movesPausedAt');
  // What was remembered while it was paused need not be so any more.
  return { ...running, moveAttempt: binding.moveAttempt + 1 };
}
