import { type ConnectWorld, providerOf, serverAt } from '../connect/connect-world';
import { trustServer } from '../connect/server-steps';
import { waitUntilConnectedTo } from '../connect/use-steps';
import { type ServedEndpoint } from '../kmip-service';
import { type Step } from '../plan/steps';

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
