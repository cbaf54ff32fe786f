import { type ServedEndpoint } from '../kmip-service';
import { type Step } from '../plan/steps';
import { colonForm, firstOf, sha256Of } from '../certificates';
import { type ConnectWorld, providerOf, serverAt } from './connect-world';

const atOf = ({ address, port }: ServedEndpoint): string => `${address}:${port}`;

/** An endpoint is a server of the provider. The first one makes the provider. */
export const registerServer = (endpoint: ServedEndpoint): Step<ConnectWorld> => ({
  what: `${atOf(endpoint)} is a server of the key provider`,
  isDone: async (world) => serverAt(await providerOf(world), endpoint) !== undefined,
  async do(world) {
    const before = await providerOf(world);
    const server = { name: endpoint.name, address: endpoint.address, port: endpoint.port };
    if (before === undefined) world.madeProvider = true;
    world.changed = true;
    // The endpoint has moved: the entry of its name leads to where it was.
    const isKnown = before?.servers?.some(({ name }) => name === endpoint.name) === true;
    if (isKnown) await world.providers.updateServer(world.wish.provider, server);
    else await world.providers.registerServer(world.wish.provider, server);
  },
  async undo(world) {
    const now = await providerOf(world);
    const server = serverAt(now, endpoint);
    if (server === undefined) return;
    await world.providers.removeServer(world.wish.provider, server.name);
    // Whether the last server takes the provider with it is not established: look.
    const left = await providerOf(world);
    if (world.madeProvider && left !== undefined && (left.servers ?? []).length === 0) {
      await world.providers.unregister(world.wish.provider);
    }
  },
});

/** vCenter trusts the certificate of an endpoint, which our own API says is the right one. */
export const trustServer = (endpoint: ServedEndpoint): Step<ConnectWorld> => ({
  what: `vCenter trusts the certificate of ${atOf(endpoint)}`,
  async isDone(world) {
    const server = serverAt(await providerOf(world), endpoint);
    if (server === undefined) return false;
    const shown = await world.providers.serverCertificate(world.wish.provider, server);
    return shown?.clientTrustServer === true && sha256Of(shown.certificate) === expectedFingerprint(world, endpoint);
  },
  async do(world) {
    const expected = expectedFingerprint(world, endpoint);
    const server = serverAt(await providerOf(world), endpoint);
    const shown = server && (await world.providers.serverCertificate(world.wish.provider, server));
    if (shown === undefined) {
      throw new Error(
        `vCenter cannot reach ${atOf(endpoint)}. Check DNS and firewalls between the vCenter and this address: it connects by TCP, with TLS.`,
      );
    }
    const presented = sha256Of(shown.certificate);
    if (presented !== expected) {
      throw new Error(
        `at ${atOf(endpoint)} vCenter meets another certificate than the service has: it was shown ${colonForm(presented)}, and the service ` +
          `presents ${colonForm(expected)} (SHA-256). Something between them answers in its place, or its operator is renewing it this moment: repeat once; nothing was trusted.`,
      );
    }
    world.changed = true;
    await world.providers.trustServerCertificate(world.wish.provider, firstOf(shown.certificate));
  },
});

function expectedFingerprint({ wish }: ConnectWorld, endpoint: ServedEndpoint): string {
  const known = endpoint.certificate?.sha256 ?? wish.serverFingerprint;
  if (known !== undefined) return known.replaceAll(':', '').toLowerCase();
  throw new Error(
    `the service does not say which certificate ${atOf(endpoint)} presents. Ask its operator for the fingerprint, and give it with --server-fingerprint.`,
  );
}
