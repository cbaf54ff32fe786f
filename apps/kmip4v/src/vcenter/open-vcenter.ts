import {
  CertificateChanged,
  PinnedTransport,
  presentedCertificate,
  sameFingerprint,
  ViConnectionError,
  type ViConnectionFault,
  ViFault,
  ViSession,
} from '@lib/vi-json';

import { value } from '../command-line/command';
import { type Context } from '../command-line/context';
import { EXIT, type ExitCode } from '../command-line/exit-codes';
import { CommandFault, usageFault } from '../command-line/faults';
import { type Connection } from '../profiles/connection-file';
import { VERSION } from '../version';
import { colonForm } from './certificates';
import { remedyFor } from './fault-remedies';
import { KnownVCenter } from './known-vcenter';
import { StepFailure } from './plan/steps';
import { Refusal } from './refusal';

/** Of every command that talks to a vCenter. In a checkout with `npm start` running none of them is needed. */
export const VCENTER_OPTIONS = {
  vcenter: value('URL', 'of the vCenter, e.g. https://vcenter.example.com (or KMIP4V_VCENTER)'),
  user: value('NAME', 'user of the vCenter, e.g. administrator@vsphere.local (or KMIP4V_VCENTER_USER)'),
  passwordFile: value('FILE', 'file with the password, or - for standard input (or KMIP4V_VCENTER_PASSWORD)'),
  fingerprint: value('SHA256', 'of the certificate of the vCenter: trust this one from now on'),
};

export interface VCenterGiven {
  readonly vcenter: string | undefined;
  readonly user: string | undefined;
  readonly passwordFile: string | undefined;
  readonly fingerprint: string | undefined;
}

interface Access {
  readonly url: URL;
  readonly userName: string;
  readonly password: string;
  /** Of the demo that runs here: it says itself how it is recognised. */
  readonly fingerprint: string | undefined;
}

/** Logs in, does the work and logs out again, and puts what vCenter says into the words of the command line. */
export async function atVCenter<T>(
  given: VCenterGiven,
  context: Context,
  work: (session: ViSession) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  try {
    const access = await accessOf(given, context);
    const { userName, password, url } = access;
    const pin = await pinOf(access, given.fingerprint, context);
    const session = await ViSession.open({
      transport: new PinnedTransport(url, pin),
      credentials: { userName, password },
      userAgent: `kmip4v/${VERSION}`,
      ...(signal === undefined ? {} : { signal }),
    });
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  } catch (error) {
    throw commandFault(error) ?? error;
  }
}

type Demo = NonNullable<Connection['vcenter']>;

/** Which vCenter is meant, and what the demo that runs here says of itself where it is that one. */
async function siteOf(
  given: Pick<VCenterGiven, 'vcenter'>,
  context: Context,
): Promise<{ readonly url: URL; readonly own?: Demo }> {
  const named = given.vcenter ?? context.env['KMIP4V_VCENTER'];
  const demo = named === undefined ? await context.demoVcenter() : (await context.demo())?.vcenter;
  const address = named ?? demo?.url;
  if (address === undefined) throw unknownVCenter(context);
  const url = urlOf(address);
  // Its password goes to the demo's own vCenter alone.
  return demo !== undefined && urlOf(demo.url).origin === url.origin ? { url, own: demo } : { url };
}

/** What is kept of the vCenter that is meant. */
export async function knownVCenter(given: Pick<VCenterGiven, 'vcenter'>, context: Context): Promise<KnownVCenter> {
  return new KnownVCenter((await siteOf(given, context)).url.origin, context.env);
}

async function accessOf(given: VCenterGiven, context: Context): Promise<Access> {
  const { url, own } = await siteOf(given, context);
  const userName = given.user ?? context.env['KMIP4V_VCENTER_USER'] ?? own?.user;
  if (userName === undefined) throw usageFault('it is not known who logs in at vCenter', 'give the user with --user');
  const ofDemo = own?.user === userName ? own.password : undefined;
  const password = await passwordOf(userName, given, context, ofDemo);
  return { url, userName, password, fingerprint: own?.fingerprint };
}

async function passwordOf(
  userName: string,
  { passwordFile }: VCenterGiven,
  { ask, env, read }: Context,
  ofDemo: string | undefined,
): Promise<string> {
  if (passwordFile !== undefined) return (await read(passwordFile)).toString('utf8').replace(/\r?\n$/, '');
  const known = env['KMIP4V_VCENTER_PASSWORD'] ?? ofDemo;
  return known ?? (await ask.secret(`Password of ${userName}: `, '--password-file'));
}

function unknownVCenter({ checkout }: Context): CommandFault {
  const orDemo = checkout === undefined ? '' : ', or start the demo, which has a stand-in: npm start';
  return usageFault('it is not known which vCenter to talk to', `give it with --vcenter${orDemo}`);
}

function urlOf(address: string): URL {
  const url = URL.parse(/^[a-z]+:\/\//i.test(address) ? address : `https://${address}`);
  if (url?.protocol !== 'https:') throw usageFault(`${address} is no address of a vCenter`, 'https://NAME[:PORT]');
  return new URL(url.origin);
}

/** Trusted at first use, with the fingerprint shown, and never another one in silence. */
async function pinOf(
  { url, fingerprint: ofDemo }: Access,
  given: string | undefined,
  { env, out }: Context,
): Promise<string> {
  const vcenter = new KnownVCenter(url.origin, env);
  const known = await vcenter.fingerprint();
  if (given === undefined && ofDemo !== undefined) {
    // Begun anew it is another vCenter, at the address of the one before.
    if (known === undefined || !sameFingerprint(known, ofDemo)) await vcenter.begin(ofDemo, new Date());
    return ofDemo;
  }
  if (known !== undefined && (given === undefined || sameFingerprint(known, given))) return known;
  const { sha256, subject } = await presentedCertificate(url);
  if (given !== undefined && !sameFingerprint(sha256, given)) {
    throw new CommandFault(
      EXIT.refused,
      `${url.host} presents another certificate than the one that was given. Given: ${colonForm(given)}; presented: ${sha256} (SHA-256).`,
      'ask the administrator of the vCenter for its fingerprint',
    );
  }
  await vcenter.trust(sha256, new Date());
  const before = known === undefined ? '' : `, in place of ${known}`;
  out.note(`Trusting ${url.host} from now on by its certificate: SHA-256 ${sha256}, ${subject}${before}.`);
  if (given === undefined) {
    out.note('Compare it with what the administrator of the vCenter sees; another one will be refused.');
  }
  return sha256;
}

const CONNECTION_EXITS: Readonly<Partial<Record<ViConnectionFault, readonly [ExitCode, string?]>>> = {
  unreachable: [EXIT.unavailable, 'check the address, DNS and firewalls between here and the vCenter'],
  deadline: [EXIT.unavailable, 'try again; vCenter may be busy'],
  proxy_answer: [EXIT.unavailable, 'try again in a few minutes'],
  malformed: [EXIT.failed],
  cancelled: [EXIT.failed],
};

/** What was thrown, with an exit code and what to do; undefined for what is none of vCenter's. */
export function commandFault(error: unknown): CommandFault | undefined {
  if (error instanceof StepFailure) return stepFault(error);
  if (error instanceof Refusal) return new CommandFault(EXIT.refused, error.message);
  if (error instanceof CertificateChanged) return changedFault(error);
  if (error instanceof ViConnectionError) {
    const [exit, remedy] = CONNECTION_EXITS[error.code] ?? [EXIT.refused];
    return new CommandFault(exit, error.message, remedy, { cause: error });
  }
  if (!(error instanceof ViFault)) return undefined;
  const [exit, remedy] = remedyFor(error);
  return new CommandFault(exit, error.message, remedy, { cause: error });
}

function changedFault(error: CertificateChanged): CommandFault {
  const { presented, message: what } = error;
  const remedy =
    presented === undefined
      ? undefined
      : 'ask the administrator of the vCenter whether its certificate was replaced; if so, and if its fingerprint is the presented one, ' +
        `repeat the command with --fingerprint ${presented}`;
  return new CommandFault(EXIT.refused, what, remedy, { cause: error });
}

function stepFault(error: StepFailure): CommandFault {
  const cause = commandFault(error.cause);
  const left = error.remaining.map(({ what, why }) => `${what} (${why ?? ''})`);
  const undone = error.reports.some(({ outcome }) => outcome === 'undone')
    ? ' What was done before was taken back.'
    : '';
  const remaining = left.length === 0 ? '' : ` Could not be taken back: ${left.join('; ')}.`;
  return new CommandFault(cause?.exit ?? EXIT.failed, `${error.message}${undone}${remaining}`, cause?.remedy, {
    cause: error,
  });
}
