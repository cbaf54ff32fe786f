import { randomUUID } from 'node:crypto';

import { KEY_STATUS_BITS, type KmipClusterInfo, type KmipClusterStatus, type KmipServerStatus } from '@lib/vi-json';

import { type ServedEndpoint } from '../kmip-service';
import { type Begun } from '../known-vcenter';
import { type Step, wordsOf } from '../plan/steps';
import { type ConnectWorld, providerOf, serverAt } from './connect-world';
import { TEST_ATTRIBUTE } from './leftovers';

const POLL_MS = 1_000;

/** Colour and flags decide; the text of a status is free. */
export function isConnected({ status, clientTrustServer, serverTrustClient }: KmipServerStatus): boolean {
  return status === 'green' && clientTrustServer !== false && serverTrustClient !== false;
}

const waiting = (
  what: string,
  isSo: (status: KmipClusterStatus | undefined, info: KmipClusterInfo | undefined) => boolean,
): Step<ConnectWorld> => ({
  what,
  async isDone(world) {
    const info = await providerOf(world);
    return isSo(await statusOf(world, info), info);
  },
  async do(world) {
    // No clock that somebody sets.
    const until = performance.now() + world.wish.waitMs;
    for (;;) {
      world.signal?.throwIfAborted();
      const info = await providerOf(world);
      const status = await statusOf(world, info);
      if (isSo(status, info)) return;
      if (performance.now() >= until) throw new Error(await whyNot(world, status));
      await world.pause(POLL_MS);
    }
  },
});

/** Every server of the provider is Connected, both of them. */
export const waitUntilConnected = waiting('vCenter is connected to every server', allConnected);

/** One server, whatever the others are like; an endpoint that the provider does not have is none to wait for. */
export const waitUntilConnectedTo = (endpoint: ServedEndpoint): Step<ConnectWorld> =>
  waiting(`vCenter is connected to ${endpoint.address}:${endpoint.port}`, (status, info) => {
    const server = serverAt(info, endpoint);
    return (
      server === undefined || status?.servers.some((each) => each.name === server.name && isConnected(each)) === true
    );
  });

async function statusOf(
  { providers }: ConnectWorld,
  info: KmipClusterInfo | undefined,
): Promise<KmipClusterStatus | undefined> {
  return info === undefined ? undefined : await providers.status(info);
}

function allConnected(status: KmipClusterStatus | undefined): boolean {
  return status !== undefined && status.servers.length > 0 && status.servers.every(isConnected);
}

async function whyNot(world: ConnectWorld, status: KmipClusterStatus | undefined): Promise<string> {
  const servers = (status?.servers ?? []).filter((server) => !isConnected(server)).map(describeServer);
  const refusals = await world.service.refusals().catch(() => []);
  const ours = refusals.length > 0 ? ` The service says: ${refusals.join(' ')}` : '';
  return `${servers.join('; ') || 'vCenter shows no server'} after ${Math.round(world.wish.waitMs / 1000)} s.${ours}`;
}

export function describeServer({
  name,
  status,
  connectionStatus,
  clientTrustServer,
  serverTrustClient,
}: KmipServerStatus): string {
  const trust = [
    ...(clientTrustServer === false ? ['vCenter does not trust the server'] : []),
    ...(serverTrustClient === false ? ['the server does not trust vCenter'] : []),
  ];
  return `${name}: ${[connectionStatus === '' ? status : `${connectionStatus} (${status})`, ...trust].join(', ')}`;
}

/** A key is made in this instance and fetched; then nobody has it any more. */
export const testKey: Step<ConnectWorld> = {
  what: 'a test key was made by vCenter, found in the instance and taken away again',
  // What was tested before leaves no trace: it is tested when something was changed.
  isDone: async (world) => !world.changed && !world.wish.testAgain && (await waitUntilConnected.isDone(world)),
  async do(world) {
    const { providers, service, wish } = world;
    const begun = { kind: 'test_key', name: randomUUID() } as const;
    await world.notes.note(begun);
    const attributes = { 'x-Purpose': 'kmip4v test key', [TEST_ATTRIBUTE]: begun.name };
    const key = await providers.generateKey(wish.provider, attributes);
    try {
      const ours = await service.key(key.keyId);
      if (ours === undefined) {
        throw new Error(
          `vCenter made the key ${key.keyId}, and it is not in this instance: the client certificate is proven for another one. ` +
            'Repeat with --credential, which proves it for this one.',
        );
      }
      const [status] = await providers.keyStatus([key], KEY_STATUS_BITS.available);
      // A key that nothing uses yet is not active, and that is all that may be missing.
      if (status?.keyAvailable !== true && status?.reason !== 'KeyStateNotActiveOrEnabled') {
        throw new Error(`vCenter cannot fetch the key that it made: ${status?.reason ?? 'it says no reason'}.`);
      }
    } finally {
      await forgetTestKey(world, key, begun);
    }
  },
};

type TestKey = Awaited<ReturnType<ConnectWorld['providers']['generateKey']>>;

async function forgetTestKey(
  { providers, service, note, notes }: ConnectWorld,
  key: TestKey,
  begun: Begun,
): Promise<void> {
  // vCenter may know nothing of a key that nothing uses.
  await providers.forgetKey(key).catch(() => undefined);
  try {
    await service.destroyKey(key.keyId);
    await notes.forget(begun);
  } catch (error) {
    note(
      `The test key ${key.keyId} is still in the instance, and nothing uses it: ${wordsOf(error)}. A later run takes it away.`,
    );
  }
}

/** vCenter takes it for everything that names no provider. */
export const makeDefault: Step<ConnectWorld> = {
  what: 'the key provider is the default one',
  isDone: async (world) => (await providerOf(world))?.useAsDefault === true,
  async do(world) {
    world.changed = true;
    world.defaultBefore = { provider: await world.providers.defaultProvider() };
    await world.providers.makeDefault(world.wish.provider);
  },
  async undo(world) {
    if (world.defaultBefore !== undefined) await world.providers.setDefault(world.defaultBefore.provider);
  },
};
