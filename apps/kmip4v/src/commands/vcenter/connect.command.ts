import {
  type CertSignRequest,
  KeyProviders,
  type KmipClusterInfo,
  ViConnectionError,
  type ViSession,
} from '@lib/vi-json';

import { choice, command, flag, value } from '../../command-line/command';
import { type Context } from '../../command-line/context';
import { CommandFault, usageFault } from '../../command-line/faults';
import { type Answer } from '../../output/answer';
import { announcedRemarks } from '../../vcenter/announced';
import {
  checkBeforeConnect,
  connectSteps,
  demandStandardProvider,
  providerNameFor,
} from '../../vcenter/connect/connect';
import { type ConnectWish, type ConnectWorld, TRUST_WAYS, type TrustWay } from '../../vcenter/connect/connect-world';
import { presentClientCertificate, registerClientCertificate } from '../../vcenter/connect/client-certificate-steps';
import { demandGivenFingerprint } from '../../vcenter/connect/server-steps';
import { connectByPowerCli } from '../../vcenter/connect/powercli';
import { lostProvider, rebuildRemarks } from '../../vcenter/connect/rebuilt';
import { type KmipService, type ServedInstance } from '../../vcenter/kmip-service';
import { atVCenter, knownVCenter, VCENTER_OPTIONS, type VCenterGiven } from '../../vcenter/open-vcenter';
import { carryOut, type StepReport } from '../../vcenter/plan/steps';
import { noteSeenByService } from './seen-by-service';
import { serviceOf } from './service-of';
import { carriedOut, noteSteps, stepsAnswer } from './steps-answer';

interface ConnectGiven extends VCenterGiven {
  readonly provider: string | undefined;
  readonly trust: TrustWay | undefined;
  readonly credential: boolean;
  readonly default: boolean;
  readonly test: boolean;
  readonly dryRun: boolean;
  readonly serverFingerprint: string | undefined;
  readonly commonName: string | undefined;
  readonly organization: string | undefined;
  readonly wait: string | undefined;
}

export const vcenterConnect = command({
  name: 'connect',
  about: 'Make the instance a key provider of a vCenter, from nothing to Connected',
  details: [
    'Registers both endpoints, trusts the certificate of the service after comparing its fingerprint with what the tenant',
    'API says, lets a client certificate of vCenter in, waits until vCenter is connected to every endpoint, and makes and',
    'fetches a test key. A second run changes nothing. When a step fails, those before it are taken back.',
    'Needs the privileges Cryptographer.ManageKeyServers and Cryptographer.ManageKeys.',
  ].join('\n'),
  options: {
    ...VCENTER_OPTIONS,
    provider: value(
      'NAME',
      'of the key provider (default: the one that has the endpoints, else the name of the instance)',
    ),
    trust: choice(TRUST_WAYS, 'how the service comes to trust vCenter (default: self-signed)'),
    credential: flag('let vCenter send a KMIP user name and password, which proves that it is yours'),
    default: flag('make the key provider the default one'),
    test: flag('make the test key even if nothing had to be done'),
    dryRun: flag('show what would be done, and do nothing'),
    serverFingerprint: value('SHA256', 'of the certificate of the service, where the tenant API does not know it'),
    commonName: value('NAME', 'subject of the client certificate that vCenter makes'),
    organization: value('NAME', 'subject of the client certificate that vCenter makes'),
    wait: value('SECONDS', 'how long to wait until vCenter is connected (default: 120)'),
  },
  async run(given: ConnectGiven, context) {
    const service = await serviceOf(context);
    try {
      return await atVCenter(given, context, (session) => connect(session, given, service, context));
    } catch (error) {
      if (!isWithoutApi(error)) throw error;
      // 7.0: the same steps by hand.
      await context.out.answer(connectByPowerCli(await service.instance(), given.provider));
      throw error;
    }
  },
});

function isWithoutApi(error: unknown): boolean {
  return (
    error instanceof CommandFault && error.cause instanceof ViConnectionError && error.cause.code === 'no_json_api'
  );
}

async function connect(
  session: ViSession,
  given: ConnectGiven,
  service: KmipService,
  context: Context,
): Promise<Answer> {
  const { out } = context;
  const vcenter = await knownVCenter(given, context);
  const providers = new KeyProviders(session);
  const instance = await service.instance();
  await checkBeforeConnect(session, instance);
  const known = await providers.list();
  const wish = wishOf(given, await providerFor(session, given.provider, { service, instance, known, out }));
  const isNew = known.every(({ clusterId }) => clusterId.id !== wish.provider);
  demandGivenFingerprint(instance.endpoints, given.serverFingerprint);
  for (const remark of rebuildRemarks(wish.provider, isNew, await service.certificates())) out.note(remark);
  demandStandardProvider(known.find(({ clusterId }) => clusterId.id === wish.provider));
  const world: ConnectWorld = {
    providers,
    service,
    wish,
    endpoints: instance.endpoints,
    now: () => new Date(),
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    note: (text) => out.note(text),
    notes: vcenter,
    changed: false,
    madeProvider: false,
  };
  const { dryRun } = given;
  const tell = dryRun ? {} : { tell: noteSteps(out) };
  const steps = await carriedOut(vcenter, out, dryRun, (signal) =>
    carryOut(connectSteps(instance.endpoints, wish), { ...world, signal }, { dryRun, signal, ...tell }),
  );
  if (!dryRun) await noteSeenByService(world, out);
  const unused = unusedWishes(given, steps);
  for (const remark of [...(unused === undefined ? [] : [unused]), ...announcedRemarks(instance.endpoints)])
    out.note(remark);
  const sentence = `vCenter is connected to every server of the key provider ${wish.provider}.`;
  return stepsAnswer(steps, wish.provider, { changed: sentence, unchanged: `Nothing had to be done: ${sentence}` });
}

/** What was asked of a certificate that is not made, since vCenter presents one that is let in. */
function unusedWishes(
  { trust, commonName, organization }: ConnectGiven,
  steps: readonly StepReport[],
): string | undefined {
  const reports = steps.filter(({ what }) => CERTIFICATE_STEPS.has(what));
  if (reports.some(({ outcome }) => outcome !== 'already')) return undefined;
  // That one is let in which vCenter presents.
  const way = trust === 'root-ca' ? undefined : trust;
  const given = { '--trust': way, '--common-name': commonName, '--organization': organization };
  const unused = Object.entries(given).flatMap(([option, value]) => (value === undefined ? [] : [option]));
  if (unused.length === 0) return undefined;
  const renew = way === undefined ? 'kmip4v vcenter renew --now' : `kmip4v vcenter renew --now --trust ${way}`;
  return (
    `${unused.join(' and ')}: not used, since vCenter already presents a client certificate that the service lets in. ` +
    `Another one is made by ${renew}.`
  );
}

const CERTIFICATE_STEPS = new Set([registerClientCertificate.what, presentClientCertificate.what]);

interface Sides {
  readonly service: KmipService;
  readonly instance: ServedInstance;
  readonly known: readonly KmipClusterInfo[];
  readonly out: Context['out'];
}

/** As given; else of the provider that is there, of one that was there before vCenter was rebuilt, or of the instance. */
async function providerFor(
  session: ViSession,
  given: string | undefined,
  { service, instance, known, out }: Sides,
): Promise<string> {
  if (given !== undefined) return given;
  const name = providerNameFor(instance, known);
  if (known.some(({ clusterId }) => clusterId.id === name)) return name;
  const lost = await lostProvider(session, service, known);
  if (lost !== undefined)
    out.note(`VMs or hosts name the key provider ${lost} for keys of this instance: taking that name.`);
  return lost ?? name;
}

function wishOf(given: ConnectGiven, provider: string): ConnectWish {
  const { commonName, organization } = given;
  const subject: CertSignRequest = { ...(commonName && { commonName }), ...(organization && { organization }) };
  return {
    provider,
    trust: given.trust ?? 'self-signed',
    credential: given.credential,
    makeDefault: given.default,
    testAgain: given.test,
    waitMs: secondsIn(given.wait ?? '120') * 1000,
    ...(Object.keys(subject).length > 0 && { subject }),
    ...(given.serverFingerprint !== undefined && { serverFingerprint: given.serverFingerprint }),
  };
}

function secondsIn(text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= 3_600) return seconds;
  throw usageFault(`--wait is no number of seconds: ${text}`, 'between 0 and 3600');
}
