import { KeyProviders, type ViSession } from '@lib/vi-json';

import { command, flag, value } from '../../command-line/command';
import { type Context } from '../../command-line/context';
import { EXIT } from '../../command-line/exit-codes';
import { CommandFault } from '../../command-line/faults';
import { providerNameFor } from '../../vcenter/connect/connect';
import { atVCenter, VCENTER_OPTIONS } from '../../vcenter/open-vcenter';
import { demandNamed } from '../../vcenter/rekey/targets';
import { demandNeeds, demandPrivileges } from '../../vcenter/privileges';
import { needsOf } from '../../vcenter/rekey/needs';
import { LOOK_OPTIONS, lookAt } from './look-at';
import { isAllDone, planAnswer, reportAnswer } from './rekey-report';
import { agreeToPowerOff, chosenFrom, providerToUse, rekey, REKEY_OPTIONS } from './rekey-run';
import { serviceOf } from './service-of';

export const vcenterRekey = command({
  name: 'rekey',
  about: 'Give VMs, hosts and disks new keys',
  details: [
    'In waves, with a journal on the disk: after a kill or Ctrl-C the same command goes on where it was. One object that fails',
    'does not stop the others, and is tried again by the next run. Needs Cryptographer.ManageKeyServers and ManageKeys, and on what',
    'is re-keyed Cryptographer.Recrypt (VMs), RegisterHost (hosts) or Datastore.FileManagement (the datastores of disks).',
  ].join('\n'),
  options: {
    ...VCENTER_OPTIONS,
    ...LOOK_OPTIONS,
    ...REKEY_OPTIONS,
    provider: value('NAME', 'of the key provider of the new keys (default: the one that has the endpoints)'),
    dryRun: flag('show what would be done, and do nothing'),
  },
  async run(given, context) {
    return await atVCenter(given, context, async (session) => {
      await demandPrivileges(session, 're-keying');
      const provider = given.provider ?? (await ownProvider(session, context));
      const to = await providerToUse(session, provider);
      const inventory = await lookAt(session, given, context);
      demandNamed(inventory, [...given.only, ...given.except]);
      const chosen = chosenFrom(inventory, given, undefined);
      await demandNeeds(session, needsOf(chosen.targets, inventory), 're-keying');
      if (given.dryRun) return planAnswer(chosen, inventory, given);
      await agreeToPowerOff(chosen, given, context);
      const rekeyed = await rekey(session, inventory, { to, given }, context);
      const answer = reportAnswer(rekeyed);
      if (isAllDone(rekeyed)) return answer;
      await context.out.answer(answer);
      throw new CommandFault(EXIT.failed, 'not everything has a new key', 'mend what is named, and repeat the command');
    });
  },
});

export async function ownProvider(session: ViSession, context: Context): Promise<string> {
  const instance = await (await serviceOf(context)).instance();
  return providerNameFor(instance, await new KeyProviders(session).list());
}

/** @throws CommandFault unless somebody agrees */
