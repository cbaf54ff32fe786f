import { inTurn, type Line } from '../support/line';
import { measureHeld, REQUESTS } from '../support/measure';

/** What others run who need a KMIP server of their own: one process with SQLite, no tenants, no trail, keys in clear. */
const line = (operation: 'get' | 'create', connections: number, goal: number): Line => ({
  name: `${operation}-pykmip-${connections}`,
  what: `${operation === 'get' ? 'Get' : 'Create'}, ${connections} at a time on held connections, of PyKMIP's rate`,
  goal: { bound: 'at least', value: goal, unit: 'times' },
  unit: 'per s',
  async measure(peers, round) {
    const pykmip = await peers.pykmip();
    const { ours } = (await peers.site()).targets;
    const rate = async (target: typeof ours) =>
      (await measureHeld(target, connections, peers.seconds, REQUESTS[operation])).perSecond;
    return await inTurn(
      round,
      () => rate(ours),
      () => rate(pykmip),
    );
  },
});

export const againstPykmip: readonly Line[] = [
  line('get', 1, 2),
  line('get', 16, 5),
  line('get', 64, 5),
  line('create', 1, 1.2),
  line('create', 16, 3),
];
