import { sha256Of } from '../certificates';
import { type ConnectWorld, providerOf, serverAt } from '../connect/connect-world';
import { trustServer } from '../connect/server-steps';
import { waitUntilConnectedTo } from '../connect/use-steps';
import { type ServedEndpoint } from '../kmip-service';
import { type Step } from '../plan/steps';

const LOOKS = 5;
const LOOK_MS = 1_000;

/**
 * Our own certificate was renewed: vCenter pins it, so each endpoint's is compared with what the service says it has, and
 * trusted, before the next one is touched. Meanwhile vCenter is served by the other.
 */
export const renewServerTrust = (endpoints: readonly ServedEndpoint[]): readonly Step<ConnectWorld>[] =>
  endpoints.flatMap((endpoint) => [trustRenewed(endpoint), waitUntilConnectedTo(endpoint)]);

function trustRenewed(endpoint: ServedEndpoint): Step<ConnectWorld> {
  const trust = trustServer(endpoint);
  return {
    ...trust,
    async isDone(world) {
      const server = serverAt(await providerOf(world), endpoint);
      // Which servers there are is decided by `connect`.
      if (server === undefined) return true;
      if (endpoint.certificate !== undefined || world.wish.serverFingerprint !== undefined)
        return await trust.isDone(world);
      // Nothing to compare with, and nothing to do while vCenter trusts what it is shown.
      return (await world.providers.serverCertificate(world.wish.provider, server))?.clientTrustServer === true;
    },
  };
}

/**
 * Endpoints where, by what the service has seen, this vCenter is still on a former certificate of ours: a connection that
 * is open from before, or a host that has vCenter's certificate and did not follow.
 */
export async function stillOnFormer(world: ConnectWorld): Promise<readonly string[]> {
  for (let look = 1; ; look++) {
    const client = await world.providers.clientCertificate(world.wish.provider);
    const sha256 = client === undefined ? undefined : sha256Of(client);
    const known = (await world.service.certificates()).find((each) => each.sha256 === sha256);
    const former = (known?.serverTrust ?? []).filter(({ state }) => state === 'trusted_former');
    // What a gateway has seen is known a moment later.
    if (former.length === 0 || look === LOOKS) return former.map(({ endpoint }) => endpoint);
    await world.pause(LOOK_MS);
  }
}
