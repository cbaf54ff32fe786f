import { omit } from './omit';
import { PASSING_FAULTS } from './root-key-health';

/** Why keys wait, in the gateway's word and in words for the administrator. */
export interface MoveHindrance {
  readonly code: string;
  /** What is in the way and what helps, one sentence or two. */
  readonly message: string;
  /** The root key at whose key manager it was met. */
  readonly rootKeyId?: string;
  readonly since: Date;
  /** Before this nothing is tried, unless somebody asks for it. */
  readonly retryAt: Date;
}

/** How far the keys are that go away from a former root key, or to the newest version of the one that is bound. */
export interface KeyMoves {
  /** Absent where they go to another root key. */
  readonly toVersion?: string;
  readonly state: 'moving' | 'waiting' | 'done';
  readonly startedAt: Date;
  readonly notedAt: Date;
  /** Keys that have arrived since `startedAt`. */
  readonly moved: number;
  /** Lately; 0 while they wait. */
  readonly perMinute: number;
  /** Keys that stay where they are, by the reason. */
  readonly staying?: Readonly<Record<string, number>>;
  readonly hindrance?: MoveHindrance;
  /** The hindrance that the tenant was told of last, and whether he was told that it is over. */
  readonly told?: { readonly code: string; readonly at: Date; readonly over: boolean };
  /** The version of a rotation that the tenant was told of last, and whether he was told that all keys are there. */
  readonly announced?: { readonly version: string; readonly over: boolean };
}

/** One turn of moving, as the gateway reports it. */
export interface MoveTurn {
  readonly toVersion?: string;
  readonly state: KeyMoves['state'];
  readonly moved: number;
  /** The first key is about to be moved. */
  readonly begins?: true;
  readonly staying?: Readonly<Record<string, number>>;
  readonly hindrance?: Omit<MoveHindrance, 'since'>;
}

/** How much the last turn counts for the rate. */
const WEIGHT = 0.3;

/**
 * There is nothing to move, and nothing else stands there: another process may have been cut off before it said so. Or it
 * begins again after a hindrance, which stands until a key arrives.
 */
export const isNoNews = (turn: MoveTurn, known: KeyMoves | undefined): boolean =>
  turn.begins
    ? known?.toVersion === turn.toVersion && known?.state !== 'done'
    : turn.state === 'done' && turn.moved === 0 && (known === undefined || known.state === 'done');

/** @returns what is known after this turn */
export function afterTurn(known: KeyMoves | undefined, turn: MoveTurn, now: Date): KeyMoves {
  // Other keys, or the same ones for another reason: what was counted before is another move.
  const before = known?.toVersion === turn.toVersion && known?.state !== 'done' ? known : undefined;
  const { hindrance, ...rest } = omit(turn, 'begins');
  return {
    ...rest,
    ...wordsOf(known),
    startedAt: before?.startedAt ?? now,
    notedAt: now,
    moved: (before?.moved ?? 0) + turn.moved,
    perMinute: rateOf(before, turn, now),
    ...(hindrance && { hindrance: { ...hindrance, since: sinceOf(before, turn, now) } }),
  };
}

/** What the tenant was told, which outlasts the move that it was told of. */
const wordsOf = ({ told, announced }: Pick<KeyMoves, 'told' | 'announced'> = {}): Pick<
  KeyMoves,
  'told' | 'announced'
> => ({
  ...(told && { told }),
  ...(announced && { announced }),
});

/** What goes on by itself does not hinder while keys arrive. */
function sinceOf(before: KeyMoves | undefined, { hindrance: met, moved }: MoveTurn, now: Date): Date {
  const known = before?.hindrance;
  if (known === undefined || met === undefined || !isSameTrouble(known.code, met.code)) return now;
  return moved > 0 && PASSING.has(met.code) ? now : known.since;
}

/** What may be over with the next try: nobody has to do anything about it. */
export const PASSING: ReadonlySet<string> = new Set([...PASSING_FAULTS, 'unsettled_moves']);
/** An outage that answers in several ways is one. */
export const isSameTrouble = (one: string, other: string): boolean =>
  one === other || (PASSING.has(one) && PASSING.has(other));

function rateOf(before: KeyMoves | undefined, { moved, state }: MoveTurn, now: Date): number {
  if (state !== 'moving' || before === undefined) return 0;
  const minutes = (now.getTime() - before.notedAt.getTime()) / 60_000;
  if (minutes <= 0) return before.perMinute;
  const latest = moved / minutes;
  return before.perMinute === 0 ? latest : (1 - WEIGHT) * before.perMinute + WEIGHT * latest;
}
