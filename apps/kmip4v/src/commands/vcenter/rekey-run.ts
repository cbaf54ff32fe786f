import { randomUUID } from 'node:crypto';

import { KeyProviders, type ViSession } from '@lib/vi-json';

import { choice, flag, list, value } from '../../command-line/command';
import { type Context } from '../../command-line/context';
import { EXIT } from '../../command-line/exit-codes';
import { CommandFault } from '../../command-line/faults';
import { type Answer, listed, together, told } from '../../output/answer';
import { type Columns, type Toned } from '../../output/table';
import { demandStandardProvider } from '../../vcenter/connect/connect';
import { type Inventory } from '../../vcenter/inventory/inventory';
import { estimateSeconds } from '../../vcenter/migrate/plan';
import { Refusal } from '../../vcenter/refusal';
import { Acts, type RekeyWish } from '../../vcenter/rekey/acts';
import { type RekeyMode } from '../../vcenter/rekey/journal';
import { journalPath, openJournal } from '../../vcenter/rekey/open-journal';
import { runRekey, type TargetReport } from '../../vcenter/rekey/run';
import { type Chosen, chooseTargets } from '../../vcenter/rekey/targets';
import { wholeNumber } from './numbers';
import { counted } from '../../output/counted';

/** Of the commands that give objects new keys. */
export const REKEY_OPTIONS = {
  mode: choice(
    ['shallow', 'deep'],
    'shallow: the keys of disks are wrapped anew; deep: all data is (default: shallow)',
  ),
  only: list('NAME', 'VM, host or disk, by name or identifier; all where none is named'),
  except: list('NAME', 'VM, host or disk to leave out, by name or identifier'),
  wave: value('COUNT', 'how many objects at a time (default: 10)'),
  limit: value('COUNT', 'how many objects in this run at most'),
  policy: value('ID', 'identifier of the encryption storage policy, for deep re-keys and first-class disks'),
  journal: value('FILE', 'where the progress is kept (default: a file for this vCenter and provider)'),
  acceptPowerOff: flag('re-key VMs that a known fault of ESXi may power off (Broadcom KB 387897)'),
};

interface RekeyGiven {
  readonly mode: RekeyMode | undefined;
  readonly only: readonly string[];
  readonly except: readonly string[];
  readonly wave: string | undefined;
  readonly limit: string | undefined;
  readonly policy: string | undefined;
  readonly journal: string | undefined;
  readonly acceptPowerOff: boolean;
}

export interface Rekeyed {
  readonly reports: readonly TargetReport[];
  readonly chosen: Chosen;
}

export async function providerToUse(session: ViSession, provider: string): Promise<void> {
  const info = await new KeyProviders(session).find(provider);
  if (info === undefined)
    throw new Refusal(`vCenter has no key provider ${provider}: kmip4v vcenter connect makes it.`);
  demandStandardProvider(info);
}

export function chosenFrom(inventory: Inventory, given: RekeyGiven, from: string | undefined): Chosen {
  const { mode = 'shallow', only, except, policy } = given;
  return chooseTargets(inventory, {
    mode,
    only,
    except,
    ...(from === undefined ? {} : { from }),
    ...(policy === undefined ? {} : { profile: policy }),
  });
}

/**
 * That somebody agreed to VMs being powered off: it is no part of any other agreement.
 * @throws CommandFault
 */
export async function agreeToPowerOff(
  { warnings }: Chosen,
  { acceptPowerOff }: Pick<RekeyGiven, 'acceptPowerOff'>,
  { out, ask }: Context,
): Promise<void> {
  if (warnings.length === 0) return;
  for (const { name, why } of warnings) out.note(`Warning: ${name} may be powered off. ${why}`);
  if (acceptPowerOff) return;
  const ways = 'power them off yourself first, update their hosts, or leave them out (--except NAME)';
  if (ask.isPossible) {
    out.note(`To be safe, ${ways}.`);
    await ask.agreed(`Re-key ${counted(warnings.length, 'VM')} that may be powered off?`);
    return;
  }
  const what = `nobody agreed that ${counted(warnings.length, 'VM')} may be powered off; nothing was done`;
  throw new CommandFault(EXIT.refused, what, `${ways}, or agree with --accept-power-off`);
}

export const waveOf = ({ wave }: Pick<RekeyGiven, 'wave'>): number => wholeNumber(wave ?? '10', '--wave', 500);

/** Goes on with what a run before left, or begins; Ctrl-C ends it after the wave that is under way. */
export async function rekey(
  session: ViSession,
  inventory: Inventory,
  { provider, from, given }: { readonly provider: string; readonly from?: string; readonly given: RekeyGiven },
  { env, out }: Context,
): Promise<Rekeyed> {
  const mode = given.mode ?? 'shallow';
  const vcenter = inventory.vcenter.instanceUuid;
  const chosen = chosenFrom(inventory, given, from);
  const plan = { kind: 'plan', id: randomUUID(), vcenter, mode, provider, targets: chosen.targets } as const;
  const path = given.journal ?? journalPath(env, vcenter, provider);
  const opened = await openJournal(path, { vcenter, provider, mode }, () => Promise.resolve(plan));
  if (opened.resumed) out.note(`Going on with ${path}.`);
  const stop = new AbortController();
  const interrupt = (): void => {
    out.note('Ending after what is under way; the same command goes on later.');
    stop.abort();
  };
  process.once('SIGINT', interrupt);
  const bar = out.progress();
  try {
    const wish: RekeyWish = { mode, provider, ...(given.policy === undefined ? {} : { profile: given.policy }) };
    const reports = await runRekey(session, new Acts(session, wish), opened.journal, {
      wave: waveOf(given),
      ...(given.limit === undefined ? {} : { limit: wholeNumber(given.limit, '--limit', 1_000_000) }),
      signal: stop.signal,
      pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      onProgress: (ended, total) => bar.show(ended, total),
    });
    return { reports, chosen };
  } finally {
    bar.end();
    process.removeListener('SIGINT', interrupt);
    await opened.close();
  }
}

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

export function reportAnswer({ reports, chosen }: Rekeyed, more: object = {}): Answer {
  const count = (outcome: TargetReport['outcome']): number => reports.filter((each) => each.outcome === outcome).length;
  const outcomes = `${count('done')} done, ${count('failed')} failed, ${count('open')} open, ${count('skipped')} gone`;
  const sentence = `${outcomes}; ${counted(chosen.hindered.length, 'object')} left out.`;
  return together({ reports, hindered: chosen.hindered, warnings: chosen.warnings, ...more }, [
    ['', listed(reports, REPORT_COLUMNS, 'There is nothing to re-key.')],
    ...(chosen.hindered.length > 0 ? [['', listed(chosen.hindered, HINDERED_COLUMNS, '')] as const] : []),
    ['', told(sentence)],
  ]);
}

/** What would be done, with how long it may take. */
export function planAnswer(
  chosen: Chosen,
  inventory: Inventory,
  given: RekeyGiven,
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
