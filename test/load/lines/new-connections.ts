import { inTurn, type Line } from '../support/line';
import { measureConnects, type Request, REQUESTS } from '../support/measure';
import { type Target, withTls12 } from '../support/target';

const CLIENTS = 8;

/** Connect, ask once, leave: what a host that starts does. */
const line = (name: string, what: string, request: Request, goal: number): Line => ({
  name,
  what: `new connections with ${what} (TLS 1.2, RSA), of the bare server's rate`,
  goal: { bound: 'at least', value: goal, unit: 'times' },
  unit: 'per s',
  async measure(peers, round) {
    const { targets, get } = await peers.site();
    const rate = async (target: Target, asked: Request) =>
      (await measureConnects(withTls12(target), CLIENTS, peers.seconds, asked)).perSecond;
    return await inTurn(
      round,
      () => rate(targets.ours, request),
      () => rate(targets.bare, () => get),
    );
  },
});

export const newConnections: readonly Line[] = [
  line('connect-get', 'Get', REQUESTS.get, 0.75),
  line('connect-discover', 'Discover Versions', REQUESTS.discoverVersions, 0.9),
];
