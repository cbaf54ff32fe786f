import { type Answer, listed, together, told } from '../../output/answer';
import { counted } from '../../output/counted';
import { type Columns, type Toned } from '../../output/table';
import { type Inventory } from '../../vcenter/inventory/inventory';
import { estimateSeconds } from '../../vcenter/migrate/plan';
import { type TargetReport } from '../../vcenter/rekey/run';
import { type Chosen } from '../../vcenter/rekey/targets';
import { UNEXAMINED_COLUMNS } from './inventory.command';
import { type Rekeyed, type RekeyGiven, waveOf } from './rekey-run';

const OUTCOMES: Readonly<Record<TargetReport['outcome'], Toned>> = {
  done: { text: 'done', tone: 'good' },
  failed: { text: 'failed', tone: 'bad' },
  skipped: { text: 'gone', tone: 'warning' },
  open: { text: 'open', tone: 'warning' },
};
const REPORT_COLUMNS: Columns<TargetReport> = [
  ['object', ({ name }) => name],
  ['kind', ({ kind }) => kind.replaceAll('_', ' ')],
  ['outcome', ({ outcome }) => OUTCOMES[outcome]],
  ['new key', ({ keyId }) => keyId, 'whole'],
  ['why', ({ why }) => why],
];
const WARNING_COLUMNS: Columns<Chosen['warnings'][number]> = [
  ['may be powered off', ({ name }) => name],
  ['why', ({ why }) => why],
];
const HINDERED_COLUMNS: Columns<Chosen['hindered'][number]> = [
  ['left out', ({ name }) => name],
  ['why', ({ why }) => why],
];

export function reportAnswer({ reports, chosen, unexamined, unusedKeys }: Rekeyed): Answer {
  const count = (outcome: TargetReport['outcome']): number => reports.filter((each) => each.outcome === outcome).length;
  const outcomes = `${count('done')} done, ${count('failed')} failed, ${count('open')} open, ${count('skipped')} gone`;
  const sentence = `${outcomes}; ${counted(chosen.hindered.length, 'object')} left out.`;
  return together({ reports, hindered: chosen.hindered, warnings: chosen.warnings, unexamined, unusedKeys }, [
    ['', listed(reports, REPORT_COLUMNS, 'There is nothing to re-key.')],
    ...(chosen.hindered.length > 0 ? [['', listed(chosen.hindered, HINDERED_COLUMNS, '')] as const] : []),
    ...(unexamined.length > 0 ? [['', listed(unexamined, UNEXAMINED_COLUMNS, '')] as const] : []),
    ['', told(sentence)],
  ]);
}

/** What would be done, with how long it may take. */
export function planAnswer(
  chosen: Chosen,
  inventory: Inventory,
  given: Pick<RekeyGiven, 'mode' | 'wave'>,
  notes: readonly string[] = [],
): Answer {
  const seconds = estimateSeconds(chosen, inventory, { mode: given.mode ?? 'shallow', wave: waveOf(given) });
  const reports = chosen.targets.map(({ name, kind }) => ({ name, kind, outcome: 'open' as const }));
  const time = `About ${counted(Math.ceil(seconds / 60), 'minute')}, by a guess of 10 s a wave. Nothing was changed.`;
  return together({ ...chosen, notes, estimated_seconds: seconds }, [
    ['', listed(reports, REPORT_COLUMNS, 'There is nothing to re-key.')],
    ...(chosen.hindered.length > 0 ? [['', listed(chosen.hindered, HINDERED_COLUMNS, '')] as const] : []),
    ...(chosen.warnings.length > 0 ? [['', listed(chosen.warnings, WARNING_COLUMNS, '')] as const] : []),
    ['', told([...notes, time].join('\n'))],
  ]);
}

export const isAllDone = ({ reports, chosen }: Rekeyed): boolean =>
  chosen.hindered.length === 0 && reports.every(({ outcome }) => outcome === 'done' || outcome === 'skipped');
