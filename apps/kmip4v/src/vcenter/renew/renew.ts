import { endOf, sha256Of } from '../certificates';
import { newCandidate, pendingCandidate, present } from '../connect/client-certificate-steps';
import { type ConnectWorld, providerOf } from '../connect/connect-world';
import { nothingLeftOver } from '../connect/leftovers';
import { testKey, waitUntilConnected } from '../connect/use-steps';
import { type RegisteredCertificate, type ServedEndpoint } from '../kmip-service';
import { type LeavingCertificate } from '../known-vcenter';
import { type Step } from '../plan/steps';
import { counted } from '../../output/counted';
import { renewServerTrust } from './server-trust';

const DAY_MS = 86_400_000;
const UNSEEN_DAYS = 7;

export interface RenewWorld extends ConnectWorld {
  /** Renew when fewer days than this are left of it; Infinity for now. */
  readonly beforeDays: number;
  readonly leaving: () => Promise<readonly LeavingCertificate[]>;
  readonly setLeaving: (leaving: readonly LeavingCertificate[]) => Promise<void>;
}

/**
 * A new client certificate without a gap: both are let in while vCenter changes, and the old one goes when nobody has
 * presented it for a week, on any endpoint: hosts of vSAN have it too, and take the new one when vCenter pushes it.
 */
const CLIENT_RENEWAL: readonly Step<RenewWorld>[] = [
  {
    what: 'the service knows the next client certificate of vCenter',
    async isDone(world) {
      if (!(await isDue(world))) return true;
      const pending = await pendingCandidate(world, await world.service.certificates());
      if (pending === undefined || (await isPresented(world, sha256Of(pending.pem)))) return false;
      world.candidate = pending;
      return true;
    },
    async do(world) {
      world.changed = true;
      world.candidate = await newCandidate(world, 'always');
    },
    async undo(world) {
      const { registered } = world;
      // What vCenter presents is never taken away: its former private key cannot be had back.
      if (registered === undefined || (await isPresented(world, registered.sha256))) return;
      await world.service.unregister(registered);
      await world.notes.forget({ kind: 'certificate', name: registered.name });
    },
  },
  {
    // On the disk before vCenter changes: a later run finds both, and removes whichever is not presented then.
    what: 'the one that vCenter presents now is noted, to be removed later',
    isDone: async (world) => {
      const noted = new Set((await world.leaving()).map(({ sha256 }) => sha256));
      return (await changing(world)).every((sha256) => noted.has(sha256));
    },
    async do(world) {
      const both = await changing(world);
      const before = (await world.leaving()).filter(({ sha256 }) => !both.includes(sha256));
      const since = world.now().toISOString();
      await world.setLeaving([...before, ...both.map((sha256) => ({ sha256, since }))]);
    },
  },
  {
    what: 'vCenter presents it',
    isDone: async (world) => world.candidate === undefined || (await isPresented(world, sha256Of(world.candidate.pem))),
    do: present,
  },
  waitUntilConnected,
  testKey,
  {
    what: `certificates that nobody has presented for ${counted(UNSEEN_DAYS, 'day')} are removed`,
    isDone: async (world) => (await removable(world)).length === 0,
    async do(world) {
      for (const certificate of await removable(world)) await world.service.unregister(certificate);
      const left = new Set((await world.service.certificates()).map(({ sha256 }) => sha256));
      await world.setLeaving((await world.leaving()).filter(({ sha256 }) => left.has(sha256)));
    },
  },
  nothingLeftOver,
];

/** Our certificate first: a vCenter that does not trust it cannot be given a new one of its own. */
export const renewalSteps = (endpoints: readonly ServedEndpoint[]): readonly Step<RenewWorld>[] => [
  ...renewServerTrust(endpoints),
  ...CLIENT_RENEWAL,
];

/** The next certificate and the one that it replaces; none where nothing is renewed. */
async function changing({ candidate, providers, wish }: RenewWorld): Promise<readonly string[]> {
  if (candidate === undefined) return [];
  const current = await providers.clientCertificate(wish.provider);
  return [sha256Of(candidate.pem), ...(current === undefined ? [] : [sha256Of(current)])];
}

/** Whether vCenter's certificate ends soon. One that cannot be read is for `connect`. */
async function isDue({ providers, wish, now, beforeDays }: RenewWorld): Promise<boolean> {
  const current = await providers.clientCertificate(wish.provider);
  if (current === undefined)
    throw new Error('vCenter has no client certificate for this provider: kmip4v vcenter connect');
  const left = endOf(current).getTime() - now().getTime();
  return left < beforeDays * DAY_MS;
}

async function isPresented(world: RenewWorld, sha256: string): Promise<boolean> {
  if ((await providerOf(world)) === undefined) return false;
  const current = await world.providers.clientCertificate(world.wish.provider);
  return current !== undefined && sha256Of(current) === sha256;
}

/** On their way out for a week, not presented by vCenter, and not seen by any endpoint for as long. */
async function removable(world: RenewWorld): Promise<readonly RegisteredCertificate[]> {
  const since = new Map((await world.leaving()).map((each) => [each.sha256, each.since]));
  const found: RegisteredCertificate[] = [];
  for (const certificate of await world.service.certificates()) {
    const left = since.get(certificate.sha256);
    if (left === undefined || (await isPresented(world, certificate.sha256))) continue;
    const last = Math.max(Date.parse(left), Date.parse(certificate.lastSeen?.at ?? left));
    if (world.now().getTime() - last >= UNSEEN_DAYS * DAY_MS) found.push(certificate);
  }
  return found;
}
