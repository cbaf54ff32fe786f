import { KeyProviders, type ViSession } from '@lib/vi-json';

import { choice, command, flag, value } from '../../command-line/command';
import { type Context } from '../../command-line/context';
import { type Answer } from '../../output/answer';
import { announcedRemarks } from '../../vcenter/announced';
import { type TrustWay } from '../../vcenter/connect/connect-world';
import { providerNameFor } from '../../vcenter/connect/connect';
import { demandGivenFingerprint } from '../../vcenter/connect/server-steps';
import { atVCenter, knownVCenter, VCENTER_OPTIONS, type VCenterGiven } from '../../vcenter/open-vcenter';
import { carryOut } from '../../vcenter/plan/steps';
import { demandPrivileges } from '../../vcenter/privileges';
import { renewalSteps, type RenewWorld } from '../../vcenter/renew/renew';
import { carriedOut, noteSteps, stepsAnswer } from './steps-answer';
import { wholeNumber } from './numbers';
import { noteSeenByService } from './seen-by-service';
import { serviceOf } from './service-of';

const WAYS = ['self-signed', 'csr', 'pair'] as const satisfies readonly TrustWay[];

interface RenewGiven extends VCenterGiven {
  readonly provider: string | undefined;
  readonly trust: (typeof WAYS)[number] | undefined;
  readonly beforeDays: string | undefined;
  readonly serverFingerprint: string | undefined;
  readonly now: boolean;
  readonly dryRun: boolean;
}

export const vcenterRenew = command({
  name: 'renew',
  about: 'Give vCenter a new client certificate without a gap, and trust a renewed one of the service',
  details: [
    'The next one is registered, vCenter changes to it, and the old one is removed by a later run, when no endpoint has seen it',
    'for 7 days: vSAN hosts present it too. Where an endpoint presents another server certificate than vCenter trusts, its',
    'fingerprint is compared with what the service says it has, and it is trusted, one endpoint after the other. Meant to be run',
    'from time to time.',
  ].join('\n'),
  options: {
    ...VCENTER_OPTIONS,
    provider: value('NAME', 'of the key provider (default: the one that has the endpoints)'),
    trust: choice(WAYS, 'how the new one is made (default: self-signed)'),
    beforeDays: value('DAYS', 'renew when fewer days are left (default: 30)'),
    serverFingerprint: value('SHA256', 'that a server certificate must have, where the service does not say it'),
    now: flag('renew however many days are left'),
    dryRun: flag('show what would be done, and do nothing'),
  },
  async run(given: RenewGiven, context) {
    return await atVCenter(given, context, (session) => renew(session, given, context));
  },
});

async function renew(session: ViSession, given: RenewGiven, context: Context): Promise<Answer> {
  await demandPrivileges(session, 'renewing the client certificate');
  const service = await serviceOf(context);
  const providers = new KeyProviders(session);
  const { endpoints, ...instance } = await service.instance();
  demandGivenFingerprint(endpoints, given.serverFingerprint);
  const provider = given.provider ?? providerNameFor({ ...instance, endpoints }, await providers.list());
  const vcenter = await knownVCenter(given, context);
  const world: RenewWorld = {
    providers,
    service,
    endpoints,
    wish: {
      provider,
      trust: given.trust ?? 'self-signed',
      credential: false,
      makeDefault: false,
      testAgain: false,
      waitMs: 120_000,
      ...(given.serverFingerprint !== undefined && { serverFingerprint: given.serverFingerprint }),
    },
    now: () => new Date(),
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    note: (text) => context.out.note(text),
    changed: false,
    madeProvider: false,
    beforeDays: given.now ? Infinity : wholeNumber(given.beforeDays ?? '30', '--before-days', 3_650),
    notes: vcenter,
    leaving: () => vcenter.leaving(),
    setLeaving: (leaving) => vcenter.setLeaving(leaving),
  };
  const { dryRun } = given;
  const tell = dryRun ? {} : { tell: noteSteps(context.out) };
  const steps = await carriedOut(vcenter, context.out, dryRun, (signal) =>
    carryOut(renewalSteps(endpoints), { ...world, signal }, { dryRun, signal, ...tell }),
  );
  if (!dryRun) await noteSeenByService(world, context.out);
  for (const remark of announcedRemarks(endpoints)) context.out.note(remark);
  return stepsAnswer(steps, provider, {
    changed: `What was due for the key provider ${provider} is renewed.`,
    unchanged: 'Nothing had to be done.',
  });
}
