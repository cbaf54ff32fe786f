import { inTurn, type Line } from '../support/line';
import { measureHeld, REQUESTS } from '../support/measure';
import { DISTANCE } from '../support/peers';

/** To each gateway. With so few it waits for database and key manager, and the machine has room for both. */
const CONNECTIONS = 8;

/** Whether a second gateway serves one tenant at all, or waits for what the first one holds. */
export const twoGateways: Line = {
  name: 'two-gateways',
  what:
    `Get of one tenant on ${CONNECTIONS} connections to each gateway, two of one's rate ` +
    `(${DISTANCE.databaseMs} ms to the database, ${DISTANCE.keyManagerMs} ms to the key manager)`,
  goal: { bound: 'at least', value: 1.6, unit: 'times' },
  unit: 'per s',
  async measure(peers, round) {
    const { target } = await peers.distantRegion();
    const rate = async (gateways: number): Promise<number> => {
      const some = { ...target, ports: target.ports.slice(0, gateways) };
      return (await measureHeld(some, CONNECTIONS * gateways, peers.seconds, REQUESTS.get)).perSecond;
    };
    return await inTurn(
      round,
      () => rate(2),
      () => rate(1),
    );
  },
};
