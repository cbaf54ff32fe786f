import { time } from '../../output/views';
import { type Instance } from '../../tenant/resources';
import { keyMovesOf, problemsOf } from './problems-view';

type Problem = Instance['health']['problems'][number];

const PROBLEM: Problem = {
  code: 'root_key_disabled',
  message: 'Root key r is disabled.',
  remedy: 'Enable it.',
  stops: ['create', 'get'],
  since: '2026-11-23T10:05:00.000Z',
  root_key_crn: 'crn:v1:bluemix:public:kms:us-south:a/1:2:key:3',
  former: false,
  keys_under_root_key: 412,
  keys_stopped: 412,
};

it.each<[string, Partial<Problem>, string]>([
  ['that stops keys', {}, ' It stops 412 keys: `kmip4v key list --unservable` names them.'],
  ['that stops one key', { keys_stopped: 1 }, ' It stops 1 key: `kmip4v key list --unservable` names them.'],
  ['that only stops births', { keys_stopped: 0 }, ''],
])('a problem %s says how to see which', (_what, more, which) => {
  expect(problemsOf({ problems: [{ ...PROBLEM, ...more }] })).toBe(
    `Root key r is disabled. Enable it.${which} It has lasted since ${time(PROBLEM.since) ?? ''}.`,
  );
});

it('of moves says of which root key, how they go and what is in the way', () => {
  const move = { former: true, state: 'hindered', keys_left: 2, message: 'Do not delete it yet.' } as const;
  const rotation = { ...move, former: false, state: 'moving', message: '0 of 1 key is rewrapped.' } as const;
  const moves = [move, rotation].map((one) => ({ ...one, root_key_crn: PROBLEM.root_key_crn }));
  expect(keyMovesOf({ key_moves: moves })).toBe(
    'former root key 3 (hindered): Do not delete it yet. root key 3 (moving): 0 of 1 key is rewrapped.',
  );
  expect(keyMovesOf({ key_moves: [] })).toBe('');
});
