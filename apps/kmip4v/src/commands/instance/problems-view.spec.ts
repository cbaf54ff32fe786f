import { type Instance } from '../../tenant/resources';
import { problemsOf } from './problems-view';

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
  expect(problemsOf({ problems: [{ ...PROBLEM, ...more }] })).toBe(`Root key r is disabled. Enable it.${which}`);
});
