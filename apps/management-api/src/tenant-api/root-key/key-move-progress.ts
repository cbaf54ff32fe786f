import { type KeyMoves, type MoveState, type MoveStatus } from '@lib/tenancy';

import { rootKeyCrn } from './root-key-crn';

/** InstanceKeyMoveProgress: how far keys are, as the gateway that moves them found it last. */
export function progressOf(moves: KeyMoves, goes: MoveState): object {
  const { state, moved, perMinute, startedAt, notedAt, staying, hindrance } = moves;
  return {
    state,
    keys_moved: moved,
    // What was noted last is of before it was paused.
    keys_per_minute: goes === 'moving' ? Math.round(perMinute) : 0,
    started_at: startedAt.toISOString(),
    updated_at: notedAt.toISOString(),
    staying: Object.entries(staying ?? {}).map(([reason, keys]) => ({ reason, keys })),
    ...(hindrance !== undefined && {
      hindrance: {
        code: hindrance.code,
        message: hindrance.message,
        root_key_id: hindrance.rootKeyId,
        since: hindrance.since.toISOString(),
        retry_at: hindrance.retryAt.toISOString(),
      },
    }),
  };
}

/** InstanceKeyMove. */
export interface KeyMoveResponse {
  readonly root_key_crn: string;
  readonly former: boolean;
  readonly state: MoveState;
  readonly keys_left: number;
  readonly message: string;
}

export const keyMoveOf = ({ binding, state, keysLeft, message }: MoveStatus): KeyMoveResponse => ({
  root_key_crn: rootKeyCrn(binding),
  former: binding.status === 'retiring',
  state,
  keys_left: keysLeft,
  message,
});
