import { type Columns } from '../../output/table';
import { bad, ownerText, time, word } from '../../output/views';
import { type ShredPlan, type ShredPlanKey } from '../../tenant/resources';

export const PLAN_COLUMNS: Columns<ShredPlan> = [
  ['id', ({ id }) => id, 'whole'],
  ['state', ({ state }) => word(state)],
  ['scope', ({ scope }) => scope],
  ['keys', ({ key_count: keys }) => keys],
  ['shown gone', ({ shown_count: gone }) => gone],
  ['made by', ({ created_by: by }) => by],
  ['made', ({ created_at: at }) => time(at)],
];

export const PLAN_FIELDS: Columns<ShredPlan> = [
  ...PLAN_COLUMNS,
  ['what next', ({ message }) => message],
  ['hash', ({ hash }) => hash, 'whole'],
  ['second person', ({ second_person: second }) => (second ? 'has to confirm' : 'not needed')],
  ['confirmed by', ({ confirmed_by: by }) => by],
  ['executed by', ({ executed_by: by }) => by],
  ['finished', ({ finished_at: at }) => time(at)],
  ['root keys', ({ root_keys: keys }) => keys.map(({ id, unwrap }) => `${id}: unwrap ${unwrap}`).join(', ')],
  ['failures', ({ failures }) => bad(failures.map(({ key_id: id, message }) => `${id}: ${message}`).join(' '))],
];

export const PLAN_KEY_COLUMNS: Columns<ShredPlanKey> = [
  ['id', ({ id }) => id, 'whole'],
  ['belongs to', ({ owner }) => ownerText(owner)],
  ['name', ({ name }) => name],
  ['state', ({ state }) => word(state)],
  ['in memory', ({ in_memory: { message } }) => message],
  ['restorable until', ({ restorable_until: at }) => time(at)],
  ['stored key', ({ stored_key: stored }) => stored],
];
