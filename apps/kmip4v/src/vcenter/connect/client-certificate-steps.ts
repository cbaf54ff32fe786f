import { randomBytes } from 'node:crypto';

import { firstOf, isSelfSigned, isValidAt, sha256Of } from '../certificates';
import { type RegisteredCertificate } from '../kmip-service';
import { type Step } from '../plan/steps';
import { type Candidate, type ConnectWorld, providerOf } from './connect-world';

/** The service lets vCenter's client certificate in: always the leaf that it presents, never who signed it. */
export const registerClientCertificate: Step<ConnectWorld> = {
  what: 'the service knows a client certificate of vCenter',
  async isDone(world) {
    if ((await providerOf(world)) === undefined) return false;
    const registered = await world.service.certificates();
    const current = await usableCurrent(world);
    if (current !== undefined && isAmong(registered, current)) return true;
    const pending = await pendingCandidate(world, registered);
    if (pending === undefined) return false;
    world.candidate = pending;
    return true;
  },
  async do(world) {
    world.changed = true;
    world.candidate = await newCandidate(world, 'needed');
  },
  async undo(world) {
    if (world.registered === undefined) return;
    await world.service.unregister(world.registered);
    await world.notes.forget({ kind: 'certificate', name: world.registered.name });
    delete world.registered;
  },
};

/** vCenter presents what was registered. What it presented before cannot be had back: its private key is gone. */
export const presentClientCertificate: Step<ConnectWorld> = {
  what: 'vCenter presents it',
  async isDone(world) {
    if ((await providerOf(world)) === undefined) return false;
    const current = await world.providers.clientCertificate(world.wish.provider);
    if (current === undefined) return false;
    if (world.candidate !== undefined) return sha256Of(current) === sha256Of(world.candidate.pem);
    return isAmong(await world.service.certificates(), current);
  },
  do: present,
};

/** Gives vCenter the candidate, by the way that it was made. */
export async function present(world: ConnectWorld): Promise<void> {
  const { candidate, wish, providers } = world;
  if (candidate === undefined) throw new Error('no client certificate was made');
  world.changed = true;
  if (candidate.privateKeyPem !== undefined) {
    await providers.usePair(wish.provider, candidate.pem, candidate.privateKeyPem);
  } else if (wish.trust === 'csr') await providers.useSigned(wish.provider, candidate.pem);
  else await providers.useSelfSigned(wish.provider, candidate.pem);
  if (world.registered !== undefined) await world.notes.forget({ kind: 'certificate', name: world.registered.name });
}

/** The certificate that vCenter presents, where it is valid and of the kind that is wished for. */
async function usableCurrent({ providers, wish, now }: ConnectWorld): Promise<string | undefined> {
  const current = await providers.clientCertificate(wish.provider);
  return current !== undefined && isValidAt(current, now()) ? current : undefined;
}

/** Of a run that was cut off between the two steps. A pair has none: its private key was shown once. */
export async function pendingCandidate(
  { providers, wish }: ConnectWorld,
  registered: readonly RegisteredCertificate[],
): Promise<Candidate | undefined> {
  if (wish.trust !== 'self-signed') return undefined;
  const pem = await providers.pendingSelfSigned(wish.provider);
  return pem !== undefined && isAmong(registered, pem) ? { pem } : undefined;
}

/** Makes one and registers it; unless always a new one is wanted, one of this kind that vCenter has will do. */
export async function newCandidate(world: ConnectWorld, when: 'needed' | 'always'): Promise<Candidate> {
  const { providers, service, wish } = world;
  const current = await usableCurrent(world);
  const name = registrationName(wish.provider);
  await world.notes.note({ kind: 'certificate', name });
  switch (wish.trust) {
    case 'root-ca': {
      if (current === undefined) {
        throw new Error(
          'vCenter does not show which client certificate it presents for this provider, and a certificate authority as such is never trusted. ' +
            'Use --trust self-signed.',
        );
      }
      world.registered = await service.register(name, firstOf(current));
      return { pem: current };
    }
    case 'self-signed': {
      const own = when === 'needed' && current !== undefined && isSelfSigned(current) ? current : undefined;
      const pem = own ?? (await providers.newSelfSigned(wish.provider, wish.subject));
      world.registered = await service.register(name, firstOf(pem));
      return { pem };
    }
    case 'csr': {
      const signed = await service.sign(name, await providers.newSigningRequest(wish.provider, wish.subject));
      world.registered = signed;
      return { pem: signed.pem };
    }
    case 'pair': {
      const pair = await service.makePair(name);
      world.registered = pair;
      return { pem: pair.pem, privateKeyPem: pair.privateKeyPem };
    }
  }
}

function isAmong(registered: readonly RegisteredCertificate[], pem: string): boolean {
  const sha256 = sha256Of(pem);
  return registered.some((each) => each.sha256 === sha256);
}

/** Names are unique in an instance, and a provider has a certificate after the other. */
export function registrationName(provider: string): string {
  const base = provider.replace(/[^A-Za-z0-9_.-]/g, '-').slice(0, 50);
  return `${base}-${randomBytes(3).toString('hex')}`;
}
