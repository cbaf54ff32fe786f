import { KeyProviders } from '@lib/vi-json';

import { command, flag, needed, value } from '../../command-line/command';
import { type Context } from '../../command-line/context';
import { EXIT } from '../../command-line/exit-codes';
import { CommandFault } from '../../command-line/faults';
import { type Answer, listed, together, told } from '../../output/answer';
import { REFERENCE_COLUMNS, UNEXAMINED_COLUMNS } from './inventory.command';
import { type Inventory } from '../../vcenter/inventory/inventory';
import { demandProviderToLeave } from '../../vcenter/migrate/named-provider';
import { remarks } from '../../vcenter/migrate/plan';
import { proofFor, proofSentence, type ProviderProof } from '../../vcenter/migrate/proof';
import { atVCenter, VCENTER_OPTIONS } from '../../vcenter/open-vcenter';
import { demandNeeds, demandPrivileges } from '../../vcenter/privileges';
import { Refusal } from '../../vcenter/refusal';
import { needsOf } from '../../vcenter/rekey/needs';
import { demandNamed } from '../../vcenter/rekey/targets';
import { LOOK_OPTIONS, lookAt } from './look-at';
import { ownProvider } from './rekey.command';
import { planAnswer, reportAnswer } from './rekey-report';
import { agreeToPowerOff, chosenFrom, providerToUse, rekey, REKEY_OPTIONS } from './rekey-run';

export const vcenterMigrate = command({
  name: 'migrate',
  about: 'Move a vCenter from another key provider to this service, with proof',
  details: [
    'Keys cannot be taken over from another provider: everything that needs one of its keys gets a new one here. Then all of',
    'vCenter is looked at again, and only zero references with nothing left out is a proof. Nothing is deleted at the old one.',
  ].join('\n'),
  options: {
    ...VCENTER_OPTIONS,
    from: needed('NAME', 'key provider that is to be left'),
    to: value('NAME', 'key provider of this service (default: the one that has the endpoints)'),
    ...LOOK_OPTIONS,
    ...REKEY_OPTIONS,
    plan: flag('show the plan with its checks and an estimate, and do nothing'),
    proof: flag('look whether the old provider is needed still, and do nothing'),
  },
  async run(given, context) {
    return await atVCenter(given, context, async (session) => {
      await demandPrivileges(session, 're-keying');
      const to = given.to ?? (await ownProvider(session, context));
      if (to === given.from)
        throw new Refusal(`${to} is this service's own key provider. Name the one that is to be left.`);
      const info = await providerToUse(session, to);
      const look = (): Promise<Inventory> => lookAt(session, given, context);
      const inventory = await look();
      const providers = await new KeyProviders(session).list();
      demandProviderToLeave(
        inventory,
        given.from,
        providers.map(({ clusterId }) => clusterId.id),
      );
      if (given.proof) return await proven(proofFor(inventory, given.from), context);
      demandNamed(inventory, [...given.only, ...given.except]);
      const chosen = chosenFrom(inventory, given, given.from);
      await demandNeeds(session, needsOf(chosen.targets, inventory), 're-keying');
      const notes = remarks(inventory, given.from, info);
      if (given.plan) return planAnswer(chosen, inventory, given, notes);
      for (const note of notes) context.out.note(note);
      await agreeToPowerOff(chosen, given, context);
      const rekeyed = await rekey(session, inventory, { to: info, from: given.from, given }, context);
      const proof = proofFor(await look(), given.from);
      return await proven(proof, context, reportAnswer(rekeyed));
    });
  },
});

/** Ends well with a proof alone. */
async function proven(proof: ProviderProof, { out }: Context, report?: Answer): Promise<Answer> {
  const { references, unexamined } = proof;
  const answer = together({ ...(report && { rekey: report.value }), proof }, [
    ...(report === undefined ? [] : [['', report] as const]),
    ...(references.length > 0 ? [['Still needed by', listed(references, REFERENCE_COLUMNS, '')] as const] : []),
    ...(unexamined.length > 0 ? [['', listed(unexamined, UNEXAMINED_COLUMNS, '')] as const] : []),
    ['', told(proofSentence(proof))],
  ]);
  if (proof.proven) return answer;
  await out.answer(answer);
  throw new CommandFault(EXIT.failed, `it is not proven that ${proof.provider} is needed no more`);
}
