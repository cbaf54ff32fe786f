import { type AuditAction, type AuditEvent } from '@lib/audit';
import { type Clock } from '@lib/kernel';

import { type ActionContext, successEvent } from './action-context';
import {
  MOVE_FINISHED,
  moveMessage,
  type MoveState,
  moveStateOf,
  rotationBegun,
  rotationFinished,
  rotationMessage,
  type RotationNews,
} from './move-state';
import { type TenantScope } from './ports';
import { type RootKeyBinding } from './root-key-binding';

/** A move that is under way: away from a root key that was replaced, or to the newest version of the one that is bound. */
export interface MoveStatus {
  readonly binding: RootKeyBinding;
  readonly state: MoveState;
  /** Keys that have not arrived. */
  readonly keysLeft: number;
  /** All that lie under the root key, under whichever version. */
  readonly keysUnder: number;
  /** For the administrator; of a former root key whether it is still needed. */
  readonly message: string;
}

/** @returns undefined when no key is to leave the root key, or an older version of it */
export async function moveStatusOf(
  { keys }: Pick<TenantScope, 'keys'>,
  binding: RootKeyBinding,
): Promise<MoveStatus | undefined> {
  const state = moveStateOf(binding);
  if (state === undefined) return undefined;
  const { rootKeyId, moves, status } = binding;
  const keysUnder = await keys.countUnder(rootKeyId);
  if (status === 'retiring') {
    const message = moveMessage({ state, keysLeft: keysUnder, moves });
    return { binding, state, keysLeft: keysUnder, keysUnder, message };
  }
  const keysLeft = await keys.countUnder(rootKeyId, moves?.toVersion);
  return { binding, state, keysLeft, keysUnder, message: rotationMessage({ state, keysLeft, moves }, keysUnder) };
}

type MoveAction = Extract<AuditAction, `vmware-solutions.root-key${'.move' | '-move' | '-rotation'}${string}`>;

/** What the trail says of a move, in the words of all others. */
export function moveEvent(
  by: ActionContext,
  clock: Clock,
  { binding, state, keysLeft, message }: MoveStatus,
  action: MoveAction,
  more: NonNullable<AuditEvent['details']> = {},
): AuditEvent {
  const { instanceId, moves } = binding;
  const code = state === 'hindered' && moves?.hindrance ? { code: moves.hindrance.code } : {};
  const details = { ...ofRootKey(binding), state, keysLeft, ...code, message, ...more };
  return successEvent(by, clock, instanceId, action, { target: { kind: 'root-key', id: binding.id }, details });
}

/** The last word of a move. */
export function moveFinishedEvent(by: ActionContext, clock: Clock, binding: RootKeyBinding): AuditEvent {
  const details = { ...ofRootKey(binding), state: 'done', keysLeft: 0, message: MOVE_FINISHED };
  const target = { kind: 'root-key', id: binding.id } as const;
  return successEvent(by, clock, binding.instanceId, 'vmware-solutions.root-key-move.finish', { target, details });
}

/** What the trail says of a rotation: that it begins, or is at its end. */
export async function rotationEvents(
  scope: Pick<TenantScope, 'keys'>,
  by: ActionContext,
  clock: Clock,
  { binding, moved, news }: { readonly binding: RootKeyBinding; readonly moved: number } & Pick<RotationNews, 'news'>,
): Promise<readonly AuditEvent[]> {
  if (news.length === 0) return [];
  const { id, instanceId, rootKeyId, moves: { toVersion = '' } = {} } = binding;
  const left = await scope.keys.countUnder(rootKeyId, toVersion);
  const under = await scope.keys.countUnder(rootKeyId);
  const words = {
    // As it was before this turn.
    begin: { state: 'moving', keysLeft: left + moved, message: rotationBegun(left + moved, under) },
    finish: { state: 'done', keysLeft: left, message: rotationFinished(left) },
  } as const;
  return news.map((what) =>
    successEvent(by, clock, instanceId, `vmware-solutions.root-key-rotation.${what}`, {
      target: { kind: 'root-key', id },
      details: { ...ofRootKey(binding), toVersion, ...words[what] },
    }),
  );
}

const ofRootKey = ({ rootKeyId, keyManagerCrn }: RootKeyBinding): NonNullable<AuditEvent['details']> => ({
  rootKeyId,
  keyManagerCrn,
});
