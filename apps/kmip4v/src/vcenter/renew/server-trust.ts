import { sha256Of } from '../certificates';
import { type ConnectWorld, providerOf, serverAt } from '../connect/connect-world';
import { trustServer } from '../connect/server-steps';
import { isConnected, waitUntilConnectedTo } from '../connect/use-steps';
import { type ServedEndpoint } from '../kmip-service';
import { type Step } from '../plan/steps';

const LOOKS = 30;
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

interface NotSeen {
  readonly endpoint: string;
  /** Seen under a former certificate; otherwise not at all. */
  readonly onFormer: boolean;
}

/**
 * Waits until the service too shows that this vCenter accepts what each endpoint presents: what a gateway has seen is
 * known a moment later, and until then `status` and whoever renews our certificate read what was before.
 * @returns where it never did: a note was lost, or others with this certificate come under a former one of ours
 */
export async function untilSeenByService(world: ConnectWorld): Promise<readonly NotSeen[]> {
  for (let look = 1; ; look++) {
    const left = await notSeen(world);
    if (left.length === 0 || look === LOOKS) return left;
    world.signal?.throwIfAborted();
    await world.pause(LOOK_MS);
  }
}

/** Each look has vCenter connect anew, so that a note that was lost is made again. */
async function notSeen({ endpoints, ...world }: ConnectWorld): Promise<readonly NotSeen[]> {
  const { providers, service, wish } = world;
  const info = await providers.find(wish.provider);
  const status = info && (await providers.status(info));
  const client = await providers.clientCertificate(wish.provider);
  const sha256 = client === undefined ? undefined : sha256Of(client);
  const known = (await service.certificates()).find((each) => each.sha256 === sha256);
  if (known === undefined) return [];
  return endpoints.flatMap((endpoint) => {
    const server = serverAt(info, endpoint);
    const connected = status?.servers.some((each) => each.name === server?.name && isConnected(each)) === true;
    const state = known.serverTrust.find((each) => each.endpoint === endpoint.name)?.state;
    // Where vCenter does not connect there is nothing to see, and where the service knows no certificate nothing to say.
    if (!connected || (state !== 'trusted_former' && state !== 'not_seen')) return [];
    return [{ endpoint: endpoint.name, onFormer: state === 'trusted_former' }];
  });
}
