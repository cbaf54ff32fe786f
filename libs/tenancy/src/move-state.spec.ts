import { type InstanceId } from '@lib/kernel';
import { aRootKeyBinding } from '@lib/testing';

import { type KeyMoves } from './key-moves';
import {
  keyMoveStateOf,
  moveMessage,
  rotationBegun,
  rotationFinished,
  rotationMessage,
  moveNews,
  type MoveState,
  moveStateOf,
  movesTogether,
  rotationNews,
} from './move-state';
import { type RootKeyBinding } from './root-key-binding';

const NOW = new Date('2026-11-23T10:00:00Z');
const minutesAgo = (minutes: number): Date => new Date(NOW.getTime() - minutes * 60_000);

const moves = (changes: Partial<KeyMoves> = {}): KeyMoves => ({
  state: 'moving',
  startedAt: minutesAgo(60),
  notedAt: NOW,
  moved: 1,
  perMinute: 0,
  ...changes,
});
const waiting = (code: string, since = NOW, more: Partial<KeyMoves> = {}): KeyMoves =>
  moves({ state: 'waiting', hindrance: { code, message: 'it is in the way', since, retryAt: NOW }, ...more });

const former = (changes: Partial<RootKeyBinding>) =>
  aRootKeyBinding('i' as InstanceId, { status: 'retiring', ...changes });
const bound = (changes: Partial<RootKeyBinding>) => aRootKeyBinding('i' as InstanceId, changes);
const toVersion = 'v2';

describe('how a move is called', () => {
  it.each<[string, RootKeyBinding, MoveState | undefined]>([
    ['bound and never rotated', bound({}), undefined],
    ['rotated, and all have followed', bound({ moves: moves({ toVersion, state: 'done' }) }), undefined],
    ['rotated', bound({ moves: moves({ toVersion }) }), 'moving'],
    ['rotated, and kept from a Writer', bound({ moves: waiting('may_not_delete', NOW, { toVersion }) }), 'staying'],
    ['rotated, and disabled', bound({ moves: waiting('root_key_disabled', NOW, { toVersion }) }), 'hindered'],
    ['replaced a moment ago', former({}), 'moving'],
    ['replaced', former({ moves: moves() }), 'moving'],
    ['replaced and paused', former({ moves: moves(), movesPausedAt: NOW }), 'paused'],
    ['paused, whatever is in the way', former({ moves: waiting('may_not_delete'), movesPausedAt: NOW }), 'paused'],
    ['replaced, and kept from a Writer', former({ moves: waiting('may_not_delete') }), 'hindered'],
    ['slowed down', former({ moves: waiting('rate_limited') }), 'moving'],
    ['not answered for a minute', former({ moves: waiting('timeout', minutesAgo(1)) }), 'moving'],
    ['not answered for two', former({ moves: waiting('timeout', minutesAgo(2)) }), 'hindered'],
    ['left by all, and not settled', former({ moves: moves({ state: 'done' }) }), 'settling'],
  ])('of a root key that was %s', (_what, binding, state) => {
    expect(moveStateOf(binding)).toBe(state);
  });

  it('of a key under the newest version already is nothing', () => {
    const rotated = bound({ moves: moves({ toVersion }) });
    expect([keyMoveStateOf(rotated, 'v1'), keyMoveStateOf(rotated, toVersion)]).toEqual(['moving', undefined]);
    expect(keyMoveStateOf(former({ moves: moves() }), toVersion)).toBe('moving');
  });

  it.each<[(MoveState | undefined)[], MoveState | undefined]>([
    [[], undefined],
    [[undefined, 'staying'], 'staying'],
    [['paused', 'moving'], 'moving'],
    [['settling', 'paused'], 'paused'],
    [['moving', 'hindered', 'paused'], 'hindered'],
  ])('of several, %j: %s', (states, together) => {
    expect(movesTogether(states)).toBe(together);
  });

  it('names what is in the way where something is, and nobody else than the root key', () => {
    const hindered = { state: 'hindered', keysLeft: 2, moves: waiting('may_not_delete') } as const;
    expect(moveMessage(hindered)).toMatch(/^Do not delete .*: 2 keys .*lost\. It is in the way\.$/);
    expect(moveMessage({ ...hindered, state: 'paused' })).toMatch(/lost\. The move is paused/);
  });
});

it('says of a former root key that no key lies under any more why it is still needed, and for how long', () => {
  const told = moveMessage({ state: 'settling', keysLeft: 0 });
  expect(told).toMatch(
    /^Do not delete .*ten minutes; a key that was destroyed .*ten hours .*a week .*by itself then\.$/,
  );
});

describe('what a tenant is told of a rotation', () => {
  it.each([
    ['moving', 1, 1, '0 of 1 key is rewrapped by the newest version of the root key.'],
    ['moving', 4, 5, '1 of 5 keys is rewrapped by the newest version of the root key.'],
    ['moving', 392, 1_204, '812 of 1,204 keys are rewrapped by the newest version of the root key.'],
    ['staying', 1, 1, /^0 of 1 key is .*; 1 key stays under an older version, which serves it as well\.$/],
    ['staying', 2, 4, /^2 of 4 keys are .*; 2 keys stay under older versions, which serve them as well\.$/],
  ] as const)('counts right while it is %s, with %d of %d left', (state, left, all, told) => {
    expect(rotationMessage({ state, keysLeft: left }, all)).toEqual(
      typeof told === 'string' ? told : expect.stringMatching(told),
    );
  });

  it('counts right when it begins and ends', () => {
    expect(rotationBegun(1, 1)).toMatch(/^1 of 1 key is to be .*; it is served meanwhile\.$/);
    expect(rotationBegun(3, 4)).toMatch(/^3 of 4 keys are to be .*; they are served meanwhile\.$/);
    expect(rotationFinished(1)).toMatch(/^All keys but 1 are .*; an older version serves it as well\.$/);
    expect(rotationFinished(2)).toMatch(/^All keys but 2 are .*; older versions serve those as well\.$/);
  });

  const toldOf = (...turns: readonly (readonly [string, KeyMoves['state'], number])[]) => {
    let announced: KeyMoves['announced'];
    return turns.map(([toVersion, state, moved]) => {
      const known = { ...moves(), toVersion, state, ...(announced && { announced }) };
      const { moves: after, news } = rotationNews(known, { moved });
      ({ announced } = after);
      return news;
    });
  };

  it('is that it begins and ends, once each', () => {
    const turns = toldOf(
      ['2', 'moving', 3],
      ['2', 'moving', 1],
      ['2', 'waiting', 0],
      ['2', 'done', 1],
      ['2', 'done', 0],
    );
    expect(turns).toEqual([['begin'], [], [], ['finish'], []]);
  });

  it('is both where one turn sees both, and nothing where no key was to be moved', () => {
    expect(toldOf(['2', 'done', 0], ['2', 'done', 4])).toEqual([[], ['begin', 'finish']]);
  });

  it('is nothing of a key that turns up under an older version later, and of another rotation again', () => {
    const turns = toldOf(['2', 'done', 4], ['2', 'moving', 1], ['2', 'done', 1], ['3', 'moving', 0], ['3', 'done', 0]);
    expect(turns).toEqual([['begin', 'finish'], [], [], ['begin'], ['finish']]);
  });

  it('is nothing more of one that another overtook', () => {
    expect(toldOf(['2', 'moving', 1], ['3', 'moving', 1], ['3', 'done', 9])).toEqual([
      ['begin'],
      ['begin'],
      ['finish'],
    ]);
  });
});

describe('what a tenant is told of a hindrance', () => {
  /** Turn by turn: what was noted, and whether keys arrived. */
  const toldOf = (...turns: readonly (readonly [KeyMoves, boolean?, Partial<RootKeyBinding>?])[]) => {
    let told: KeyMoves['told'];
    return turns.map(([noted, arrived = false, changes = {}]) => {
      const known = told === undefined ? noted : { ...noted, told };
      const { moves: after, news } = moveNews({ ...former(changes), moves: known }, arrived);
      ({ told } = after);
      return news;
    });
  };
  const at = (minutes: number) => ({ notedAt: new Date(NOW.getTime() + minutes * 60_000) });

  it('is told once, and that it is over', () => {
    const stands = waiting('may_not_delete');
    expect(toldOf([stands], [stands], [moves(), true], [moves(), true])).toEqual([
      'hinder',
      undefined,
      'continue',
      undefined,
    ]);
  });

  it('is not told of what is over within two minutes, and once of an outage that answers in several ways', () => {
    const outage = waiting('timeout', minutesAgo(3));
    expect(toldOf([waiting('timeout')], [moves(), true])).toEqual([undefined, undefined]);
    expect(toldOf([outage], [waiting('unavailable', minutesAgo(4))])).toEqual(['hinder', undefined]);
  });

  it('is told of another hindrance, and not that the move goes on when only another one has begun', () => {
    const turns = toldOf([waiting('may_not_delete')], [waiting('timeout')], [waiting('root_key_disabled')]);
    expect(turns).toEqual(['hinder', undefined, 'hinder']);
  });

  it('comes and goes without a word for an hour', () => {
    const [on, off] = [(minutes: number) => waiting('root_key_disabled', NOW, at(minutes)), moves()];
    expect(toldOf([on(0)], [off, true], [on(10)], [off, true], [on(61)])).toEqual([
      'hinder',
      'continue',
      undefined,
      undefined,
      'hinder',
    ]);
  });

  it('is not over because the move was paused', () => {
    const paused = { movesPausedAt: NOW };
    expect(toldOf([waiting('may_not_delete')], [moves(), false, paused], [moves(), true])).toEqual([
      'hinder',
      undefined,
      'continue',
    ]);
  });
});
