import { hold } from '../support/hold';
import { inTurn, type Line } from '../support/line';
import { measureHeld, REQUESTS } from '../support/measure';
import { DISTANCE } from '../support/peers';

const CONNECTIONS = 64;
/** Of one gateway: two and everything that they ask must have room on the machine. */
const CORE_SHARE = 0.2;

/** Whether a second gateway serves one tenant at all, or waits for what the first one holds. */
export const twoGateways: Line = {
  name: 'two-gateways',
  what:
    `Get of one tenant, two gateways of one's rate; each has ${CORE_SHARE} of a core to itself ` +
    `(${DISTANCE.databaseMs} ms to the database, ${DISTANCE.keyManagerMs} ms to the key manager)`,
  goal: { bound: 'at least', value: 1.6, unit: 'times' },
  unit: 'per s',
  async measure(peers, round) {
    const { target } = await peers.distantRegion();
    const gateways = Object.entries(target.processes()).filter(([name]) => name.startsWith('kmip-gateway'));
    const rate = async (count: number): Promise<number> => {
      const some = { ...target, ports: target.ports.slice(0, count) };
      const release = hold(
        gateways.map(([, pid]) => pid),
        CORE_SHARE,
      );
      try {
        return (await measureHeld(some, CONNECTIONS, peers.seconds, REQUESTS.get)).perSecond;
      } finally {
        release();
      }
    };
    return await inTurn(
      round,
      () => rate(2),
      () => rate(1),
    );
  },
};
