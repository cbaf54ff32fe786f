import { together, listed, shown, type Answer } from '../../output/answer';
import { type Columns } from '../../output/table';
import { day, time, word } from '../../output/views';
import { type RootKey, type RootKeyCheck } from '../../tenant/resources';
import { problemsOf } from '../instance/problems-view';

export const ROOT_KEY_FIELDS: Columns<RootKey> = [
  ['CRN', ({ crn }) => crn],
  ['provider', ({ provider }) => provider],
  ['provider ends on', ({ provider_ends_on: on }) => day(on)],
  ['endpoint', ({ endpoint_visibility: visibility }) => visibility],
  ['status', ({ status }) => word(status)],
  ['message', ({ message }) => message],
  ['health', ({ health }) => word(health.state)],
  ['problems', ({ health }) => problemsOf(health)],
  ['warnings', ({ health }) => health.warnings.map(({ message, remedy }) => `${message} ${remedy}`).join(' ')],
  ['rotation', ({ rotation }) => rotation?.message],
  ['in the way', ({ rotation }) => rotation?.progress.hindrance?.message],
  ['verified', ({ verified_at: at }) => time(at)],
];

type Step = RootKeyCheck['steps'][number];

const STEP_COLUMNS: Columns<Step> = [
  ['call', ({ code }) => code],
  ['permission', ({ permission }) => permission],
  ['needed for', ({ purpose }) => purpose],
  ['result', ({ result }) => word(result)],
  ['message', ({ message }) => message],
];

/** What has to be read to the end. */
const REMEDY_FIELDS: Columns<Step> = [
  ['call', ({ code }) => code],
  ['result', ({ result }) => word(result)],
  ['message', ({ message }) => message],
  ['remedy', ({ remedy }) => remedy],
];

const CHECK_FIELDS: Columns<RootKeyCheck> = [
  ['CRN', ({ crn }) => crn],
  ['passed', ({ passed }) => word(passed ? 'passed' : 'failed')],
  ['may destroy keys', ({ destroy_permitted: permitted }) => permitted],
];

/** The table of the pre-flight check. */
export const checkAnswer = (check: RootKeyCheck): Answer =>
  together(check, [
    ['', shown(check, CHECK_FIELDS)],
    ['', listed(check.steps, STEP_COLUMNS, 'No call was tried.')],
    ...check.steps
      .filter(({ result }) => result === 'failed' || result === 'warning')
      .map((step) => ['', shown(step, REMEDY_FIELDS)] as const),
  ]);
