import { PRIVILEGES } from '@lib/vi-json';

import { command, flag, list } from '../../command-line/command';
import { EXIT } from '../../command-line/exit-codes';
import { CommandFault } from '../../command-line/faults';
import { listed } from '../../output/answer';
import { type Columns } from '../../output/table';
import { toldOfOne } from '../../vcenter/fault-remedies';
import { atVCenter, VCENTER_OPTIONS } from '../../vcenter/open-vcenter';
import { demandNeeds, demandPrivileges } from '../../vcenter/privileges';
import { findLocked, type LockedMachine, unlock } from '../../vcenter/unlock/unlock';
import { serviceOf } from './service-of';
import { counted } from '../../output/counted';

interface Unlocked {
  readonly name: string;
  readonly causes: readonly string[];
  readonly mends: readonly string[];
  readonly outcome: string;
}

const COLUMNS: Columns<Unlocked> = [
  ['VM', ({ name }) => name],
  ['outcome', ({ outcome }) => ({ text: outcome, tone: outcome === 'unlocked' ? 'good' : 'bad' })],
  ['cause', ({ causes }) => causes.join('; ')],
  ['mend', ({ mends }) => mends.join('; ')],
];

export const vcenterUnlock = command({
  name: 'unlock',
  about: 'Find out why VMs are locked, mend what can be mended, and unlock them',
  details: [
    'What is mended: a client certificate that is not let in, a suspended key, a deactivated one. Whoever suspended a key may have',
    'meant it, so that is asked first. Needs Cryptographer.ManageKeys and ManageKeyServers, and RegisterVM on the VMs.',
  ].join('\n'),
  options: {
    ...VCENTER_OPTIONS,
    only: list('NAME', 'VM, by name or identifier; all locked ones where none is named'),
    dryRun: flag('say why they are locked and what would be mended, and do nothing'),
    yes: flag('mend without asking'),
  },
  async run(given, context) {
    const service = await serviceOf(context);
    return await atVCenter(given, context, async (session) => {
      await demandPrivileges(session, 'unlocking');
      const unexamined = (what: string, why: string): void => context.out.note(`Not looked at: ${what}. ${why}`);
      const locked = await findLocked(session, service, { only: given.only, unexamined });
      const needs = locked.map(({ object: on, name }) => ({ privilege: PRIVILEGES.registerVm, on, name }));
      await demandNeeds(session, needs, 'unlocking');
      const mends = mendsOf(locked);
      if (!given.dryRun && !given.yes && mends.size > 0) {
        for (const what of mends.keys()) context.out.note(`To be mended: ${what}.`);
        await context.ask.agreed('Mend that?');
      }
      if (!given.dryRun) for (const apply of mends.values()) await apply();
      const results: Unlocked[] = [];
      for (const machine of locked) {
        const outcome = given.dryRun
          ? 'locked'
          : await unlock(session, machine).then(
              () => 'unlocked',
              (error: unknown) => toldOfOne(error),
            );
        results.push({ ...causesOf(machine), outcome });
      }
      const answer = listed(results, COLUMNS, 'No VM is locked.');
      if (results.every(({ outcome }) => outcome === 'unlocked')) return answer;
      await context.out.answer(answer);
      throw new CommandFault(EXIT.failed, lockedSentence(results));
    });
  },
});

/** The same key may lock many: what is to be mended is one thing where it is said in the same words. */
function mendsOf(locked: readonly LockedMachine[]): ReadonlyMap<string, () => Promise<void>> {
  const findings = locked.flatMap((machine) => machine.findings);
  return new Map(findings.flatMap(({ mend }) => (mend === undefined ? [] : [[mend.what, mend.apply] as const])));
}

function causesOf({ name, findings }: LockedMachine): Omit<Unlocked, 'outcome'> {
  return {
    name,
    // A VM has several keys, and often one cause.
    causes: [...new Set(findings.map(({ cause }) => cause))],
    mends: [...new Set(findings.flatMap(({ mend }) => (mend === undefined ? [] : [mend.what])))],
  };
}

function lockedSentence(results: readonly Unlocked[]): string {
  const left = results.filter(({ outcome }) => outcome !== 'unlocked').length;
  return `${counted(left, 'VM')} of ${results.length} ${left === 1 ? 'is' : 'are'} still locked`;
}
