import { sha256Of } from './certificates';
import { type ConnectWorld, serverAt } from './connect/connect-world';
import { isConnected } from './connect/use-steps';

const LOOKS = 30;
const LOOK_MS = 1_000;
export const SEEN_WITHIN_S = (LOOKS * LOOK_MS) / 1_000;

export interface NotSeen {
  readonly endpoint: string;
  /** Seen under a former certificate; otherwise not at all. */
  readonly onFormer: boolean;
}

/**
 * Waits until the service too shows that this vCenter accepts what each endpoint presents: what a gateway has seen is
 * known a moment later, and until then `status` and whoever renews our certificate read what was before.
 * @param beforeWaiting told at each look where it does not yet, before the pause that follows
 * @returns where it never did: a note was lost, or others with this certificate come under a former one of ours
 */
export async function untilSeenByService(
  world: ConnectWorld,
  beforeWaiting: (left: readonly NotSeen[]) => void,
): Promise<readonly NotSeen[]> {
  for (let look = 1; ; look++) {
    const left = await notSeen(world);
    if (left.length === 0 || look === LOOKS) return left;
    world.signal?.throwIfAborted();
    beforeWaiting(left);
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
