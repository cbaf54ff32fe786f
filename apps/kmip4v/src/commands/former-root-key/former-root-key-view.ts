import { type Columns } from '../../output/table';
import { rootKeyIdOf, time, word } from '../../output/views';
import { type FormerRootKey } from '../../tenant/resources';

export const FORMER_ROOT_KEY_COLUMNS: Columns<FormerRootKey> = [
  ['id', ({ id }) => id, 'whole'],
  ['root key', ({ crn }) => rootKeyIdOf(crn), 'whole'],
  ['state', ({ state }) => word(state)],
  ['keys left', ({ keys_left: left }) => left],
  ['a minute', ({ progress }) => progress?.keys_per_minute],
  ['done at', ({ completes_at: at }) => time(at)],
  ['message', ({ message }) => message],
];

export const FORMER_ROOT_KEY_FIELDS: Columns<FormerRootKey> = [
  ...FORMER_ROOT_KEY_COLUMNS,
  ['CRN', ({ crn }) => crn],
  ['API key of', ({ credential }) => credential?.iam_id],
  ['API key set', ({ credential }) => time(credential?.updated_at)],
  ['replaced', ({ replaced_at: at }) => time(at)],
  ['keys moved', ({ progress }) => progress?.keys_moved],
  ['in the way', ({ progress }) => progress?.hindrance?.message],
  ['tried again', ({ progress }) => time(progress?.hindrance?.retry_at)],
  ['stay', ({ progress }) => progress?.staying.map(({ reason, keys }) => `${keys}: ${reason}`).join('; ')],
];
