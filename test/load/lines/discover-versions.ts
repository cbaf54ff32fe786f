import { inTurn, type Line } from '../support/line';
import { measureHeld, REQUESTS } from '../support/measure';

const CONNECTIONS = 16;

/** The first request of every connection of vCenter, and its health check. */
export const discoverVersions: Line = {
  name: 'discover',
  what: `Discover Versions on ${CONNECTIONS} held connections, of the bare server's rate`,
  goal: { bound: 'at least', value: 0.4, unit: 'times' },
  unit: 'per s',
  async measure(peers, round) {
    const { ours, bare } = (await peers.site()).targets;
    const rate = async (target: typeof ours) =>
      (await measureHeld(target, CONNECTIONS, peers.seconds, REQUESTS.discoverVersions)).perSecond;
    return await inTurn(
      round,
      () => rate(ours),
      () => rate(bare),
    );
  },
};
