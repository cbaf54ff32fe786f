import { toFingerprint } from '@lib/kernel';

import { type ServedEndpoint } from '../kmip-service';
import { type Step } from '../plan/steps';
import { Refusal } from '../refusal';
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

/** vCenter trusts the certificate of an endpoint, which our own API says is the right one, or announces as the next. */
export const trustServer = (endpoint: ServedEndpoint): Step<ConnectWorld> => ({
  what: `vCenter trusts the certificate of ${atOf(endpoint)}`,
  async isDone(world) {
    const server = serverAt(await providerOf(world), endpoint);
    if (server === undefined) return false;
    const shown = await world.providers.serverCertificate(world.wish.provider, server);
    return shown?.clientTrustServer === true && expectedOf(world, endpoint).includes(sha256Of(shown.certificate));
  },
  async do(world) {
    const expected = expectedOf(world, endpoint);
    const server = serverAt(await providerOf(world), endpoint);
    const shown = server && (await world.providers.serverCertificate(world.wish.provider, server));
    if (shown === undefined) {
      throw new Error(
        `vCenter cannot reach ${atOf(endpoint)}. Check DNS and firewalls between the vCenter and this address: it connects by TCP, with TLS.`,
      );
    }
    const presented = sha256Of(shown.certificate);
    if (!expected.includes(presented)) {
      throw new Error(
        `at ${atOf(endpoint)} vCenter meets another certificate than the service has: it was shown ${colonForm(presented)}, and the service ` +
          `presents ${expected.map(colonForm).join(' or, as announced, ')} (SHA-256). Something between them answers in its place, or its operator is renewing it this moment: repeat once; nothing was trusted.`,
      );
    }
    world.changed = true;
    await world.providers.trustServerCertificate(world.wish.provider, firstOf(shown.certificate));
  },
});

/**
 * Of a fingerprint that was given and one that the service says one is wrong, and which is for a person to find out.
 * @throws Refusal
 */
export function demandGivenFingerprint(endpoints: readonly ServedEndpoint[], given: string | undefined): void {
  if (given === undefined || endpoints.some(({ certificate }) => certificate === undefined)) return;
  const said = new Set(
    endpoints.flatMap(({ certificate, next }) => [certificate, next]).flatMap((each) => (each ? [each.sha256] : [])),
  );
  if (said.has(toFingerprint(given))) return;
  throw new Refusal(
    `What was given with --server-fingerprint is the fingerprint of none of its certificates, as the service says them: ` +
      `${[...said].map(colonForm).join(', ')} (SHA-256). Ask its operator which is right; nothing was changed.`,
  );
}

/** Of the present one, and of the one that is announced: an endpoint may have changed a moment before we are told. */
function expectedOf({ wish }: ConnectWorld, endpoint: ServedEndpoint): readonly string[] {
  const known = endpoint.certificate?.sha256 ?? wish.serverFingerprint;
  const announced = endpoint.next === undefined ? [] : [endpoint.next.sha256];
  if (known !== undefined) return [toFingerprint(known), ...announced];
  throw new Error(
    `the service does not say which certificate ${atOf(endpoint)} presents. Ask its operator for the fingerprint, and give it with --server-fingerprint.`,
  );
}
