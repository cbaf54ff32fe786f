import { type Metrics } from '@lib/observability';
import { MOVE_STATES, type MoveStatus } from '@lib/tenancy';

const REASONS = ['rebind', 'rotation'] as const;

const reasonOf = ({ binding }: MoveStatus): (typeof REASONS)[number] =>
  binding.status === 'retiring' ? 'rebind' : 'rotation';

/** Moves of keys in the words of the tenant API, counted; of whom they are is not told. */
export function serveMoves(metrics: Metrics, sweep: { readonly moves: readonly MoveStatus[] }): void {
  metrics.polledGauges('kmip_key_moves', 'Moves of keys that are under way.', ['reason', 'state'], () =>
    REASONS.flatMap((reason) =>
      MOVE_STATES.map((state) => {
        const value = sweep.moves.filter((move) => reasonOf(move) === reason && move.state === state).length;
        return { labels: { reason, state }, value };
      }),
    ),
  );
  metrics.polledGauges('kmip_keys_to_move', 'Keys that have not arrived.', ['reason'], () =>
    REASONS.map((reason) => {
      const moves = sweep.moves.filter((move) => reasonOf(move) === reason);
      return { labels: { reason }, value: moves.reduce((sum, { keysLeft }) => sum + keysLeft, 0) };
    }),
  );
}
