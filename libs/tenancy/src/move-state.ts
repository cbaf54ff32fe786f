import { counted } from '@lib/kernel';

import { isSameTrouble, type KeyMoves, type MoveHindrance, type MoveTurn, PASSING } from './key-moves';
import { type RootKeyBinding } from './root-key-binding';

/**
 * How a move goes:
 * - `paused`: by the administrator
 * - `hindered`: no key arrives until something is done, or the outage is over
 * - `staying`: keys stay under older versions of the root key, which serve them as well
 * - `settling`: no key is left, but not everything that was begun is at its end
 */
export const MOVE_STATES = ['moving', 'paused', 'hindered', 'staying', 'settling'] as const;
export type MoveState = (typeof MOVE_STATES)[number];

/** An outage that is shorter hinders nobody. */
const HINDERED_AFTER_MS = 120_000;

/**
 * The one place that decides how a move is called, in the tenant API, the audit trail, webhooks and metrics.
 * @returns undefined when no key is to leave the root key, or an older version of it
 */
export function moveStateOf(
  binding: Pick<RootKeyBinding, 'status' | 'moves' | 'movesPausedAt'>,
): MoveState | undefined {
  const { status, moves, movesPausedAt } = binding;
  if (status === 'active') return rotationStateOf(moves);
  if (movesPausedAt !== undefined) return 'paused';
  if (moves === undefined) return 'moving';
  if (isHindered(moves)) return 'hindered';
  return moves.state === 'done' ? 'settling' : 'moving';
}

function rotationStateOf(moves: KeyMoves | undefined): MoveState | undefined {
  if (moves?.toVersion === undefined || moves.state === 'done') return undefined;
  if (moves.hindrance?.code === 'may_not_delete') return 'staying';
  return isHindered(moves) ? 'hindered' : 'moving';
}

function isHindered({ hindrance, notedAt }: KeyMoves): boolean {
  if (hindrance === undefined) return false;
  return !PASSING.has(hindrance.code) || notedAt.getTime() - hindrance.since.getTime() >= HINDERED_AFTER_MS;
}

/** Of a key that lies under that version of the root key: undefined for one that has arrived. */
export function keyMoveStateOf(binding: RootKeyBinding, rootKeyVersion: string): MoveState | undefined {
  const hasArrived = binding.status === 'active' && binding.moves?.toVersion === rootKeyVersion;
  return hasArrived ? undefined : moveStateOf(binding);
}

const WHAT_COUNTS_MOST: readonly MoveState[] = ['hindered', 'moving', 'paused', 'settling', 'staying'];

/** Of several moves at once: what somebody has to do something about, then what happens. */
export const movesTogether = (states: readonly (MoveState | undefined)[]): MoveState | undefined =>
  WHAT_COUNTS_MOST.find((state) => states.includes(state));

/** Again of the same hindrance, once it was over: what comes and goes is no news each time. */
const TOLD_AGAIN_AFTER_MS = 3_600_000;

/**
 * What the tenant is told after a turn, once for each hindrance.
 * @param arrived whether keys did in this turn
 * @returns what is known then, with what he was told
 */
export function moveNews(binding: RootKeyBinding & { readonly moves: KeyMoves }, arrived: boolean): MoveNews {
  const { moves } = binding;
  const { told, hindrance, notedAt: at } = moves;
  const isStanding = told?.over === false;
  if (moveStateOf(binding) !== 'hindered' || hindrance === undefined) {
    // That something else is in the way is not that nothing is.
    const isOver = isStanding && (hindrance === undefined || arrived) && binding.movesPausedAt === undefined;
    return isOver ? { moves: { ...moves, told: { ...told, over: true } }, news: 'continue' } : { moves };
  }
  const isKnown = told !== undefined && isSameTrouble(told.code, hindrance.code);
  if (isKnown && (isStanding || at.getTime() - told.at.getTime() < TOLD_AGAIN_AFTER_MS)) return { moves };
  return { moves: { ...moves, told: { code: hindrance.code, at, over: false } }, news: 'hinder' };
}

export interface MoveNews {
  readonly moves: KeyMoves;
  readonly news?: 'hinder' | 'continue';
}

/**
 * What the tenant is told of a rotation after a turn: once for each version that it begins and that it is at its end, also
 * where both are seen in one turn. A key that turns up under an older version afterwards is no rotation.
 */
export function rotationNews(moves: KeyMoves, { moved }: Pick<MoveTurn, 'moved'>): RotationNews {
  const { toVersion: version, announced, state } = moves;
  if (version === undefined) return { moves, news: [] };
  const isNew = announced?.version !== version;
  const over = state === 'done';
  // Nothing was to be moved.
  if (isNew && over && moved === 0) return { moves, news: [] };
  const isEnding = over && (isNew || !announced.over);
  if (!isNew && !isEnding) return { moves, news: [] };
  const news = [...(isNew ? (['begin'] as const) : []), ...(isEnding ? (['finish'] as const) : [])];
  return { moves: { ...moves, announced: { version, over } }, news };
}

export interface RotationNews {
  readonly moves: KeyMoves;
  readonly news: readonly ('begin' | 'finish')[];
}

/** How long, as the reconciler looks: after a Create or a move that was cut, and for keys that were destroyed. */
const SETTLING =
  'Do not delete this root key yet: no key lies under it any more, but not everything that was begun under it is settled. What was being made or moved is looked for again for ten minutes; a key that was destroyed under it until ten hours after its deletion, which can be undone, or for up to a week where that is hindered. The root key leaves this list by itself then.';

/** What the tenant reads of a former root key. */
export function moveMessage({ state, keysLeft, moves }: MoveFacts): string {
  if (keysLeft === 0) {
    return SETTLING;
  }
  return `Do not delete this root key yet: ${counted(keysLeft, 'key lies', 'keys lie')} under it, and would be lost.${reasonOf(state, moves?.hindrance)}`;
}

interface MoveFacts {
  readonly state: MoveState;
  readonly keysLeft: number;
  readonly moves?: KeyMoves | undefined;
}

function reasonOf(state: MoveState, hindrance: MoveHindrance | undefined): string {
  if (state === 'paused') return ' The move is paused; it goes on when it is resumed.';
  if (state !== 'hindered' || hindrance === undefined) return '';
  const { message } = hindrance;
  return ` ${message.charAt(0).toUpperCase()}${message.slice(1)}${message.endsWith('.') ? '' : '.'}`;
}

/** How far the keys are on their way to the newest version. */
export function rotationMessage({ state, keysLeft, moves }: MoveFacts, keysUnder: number): string {
  const told = `${countedOf(keysUnder - keysLeft, keysUnder)} rewrapped by the newest version of the root key`;
  if (state === 'staying') {
    const staying =
      keysLeft === 1 ? `stays under an older version, which serves it` : `stay under older versions, which serve them`;
    return `${told}; ${counted(keysLeft, 'key')} ${staying} as well.`;
  }
  return `${told}.${reasonOf(state, moves?.hindrance)}`;
}

export const rotationBegun = (keysLeft: number, keysUnder: number): string =>
  `${countedOf(keysLeft, keysUnder)} to be rewrapped by the newest version of the root key; ${keysLeft === 1 ? 'it is' : 'they are'} served meanwhile.`;

/** `1 of 5 keys is`, `0 of 1 key is`. */
const countedOf = (some: number, all: number): string =>
  `${some.toLocaleString('en')} of ${counted(all, 'key')} ${some === 1 || all === 1 ? 'is' : 'are'}`;

/** @param keysLeft that cannot be rewrapped: each says so itself */
export const rotationFinished = (keysLeft: number): string =>
  keysLeft === 0
    ? 'All keys are under the newest version of the root key.'
    : `All keys but ${keysLeft.toLocaleString('en')} are under the newest version of the root key; ${keysLeft === 1 ? 'an older version serves it' : 'older versions serve those'} as well.`;

export const MOVE_FINISHED =
  'This root key can be deleted now, as far as this instance goes: no key of it lies under it any more, and nothing that was begun under it is open.';
