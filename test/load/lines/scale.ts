import { inTurn, type Line } from '../support/line';
import { measureHeld, REQUESTS } from '../support/measure';

const FEW = 10;
const MANY = Number(process.env['SCALE_TENANTS'] ?? '100000');
const IDLE_SECONDS = 60;
const CONNECTIONS = 16;

const WITH_MANY = `with ${MANY.toLocaleString('en')} tenants`;

const idle: Line = {
  name: 'idle-cpu',
  what: `CPU of the gateways and Postgres while nobody asks anything, ${WITH_MANY}`,
  goal: { bound: 'at most', value: 0.05, unit: 'cores' },
  unit: 'cores',
  async measure(peers) {
    return { ours: await (await peers.scaledRegion(MANY)).idleCores(IDLE_SECONDS) };
  },
};

const memory: Line = {
  name: 'certificate-memory',
  what: `Memory of a gateway for one certificate, ${WITH_MANY}`,
  goal: { bound: 'at most', value: 300, unit: 'bytes' },
  unit: 'bytes',
  async measure(peers) {
    const [few, many] = [await peers.scaledRegion(FEW), await peers.scaledRegion(MANY)];
    const more = (await many.gatewayBytes()) - (await few.gatewayBytes());
    return { ours: more / (many.certificates - few.certificates) };
  },
};

const slowest: Line = {
  name: 'get-p99-scale',
  what: `p99 of a Get on ${CONNECTIONS} connections, ${WITH_MANY}, of that with ${FEW}`,
  goal: { bound: 'at most', value: 1.3, unit: 'times' },
  unit: 'ms',
  async measure(peers, round) {
    const p99 = (tenants: number) => async (): Promise<number> => {
      const { target } = await peers.scaledRegion(tenants);
      return (await measureHeld(target, CONNECTIONS, peers.seconds, REQUESTS.get)).p99Ms;
    };
    return await inTurn(round, p99(MANY), p99(FEW));
  },
};

/** The idle one first: what follows leaves work behind. */
export const scale: readonly Line[] = [idle, memory, slowest];
