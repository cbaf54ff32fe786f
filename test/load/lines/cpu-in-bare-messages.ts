import { inTurn, type Line } from '../support/line';
import { type Figure, measureHeld, type Request, REQUESTS } from '../support/measure';

const CONNECTIONS = 16;

/** How many messages the bare server could answer by the CPU time that one operation of ours takes. */
const cpuLine = (name: string, what: string, request: Request, processes: readonly string[], goal: number): Line => ({
  name,
  what: `${what}, of the bare server's for one message`,
  goal: { bound: 'at most', value: goal, unit: 'bare messages' },
  unit: 'µs',
  async measure(peers, round) {
    const { targets, get } = await peers.site();
    const measured = (side: keyof typeof targets, asked: Request) =>
      measureHeld(targets[side], CONNECTIONS, peers.seconds, asked);
    return await inTurn(
      round,
      async () => cpuOf(await measured('ours', request), processes),
      async () => cpuOf(await measured('bare', () => get), ['bare']),
    );
  },
});

const cpuOf = ({ cpuMicroseconds }: Figure, processes: readonly string[]): number =>
  processes.reduce((sum, name) => sum + (cpuMicroseconds[name] ?? 0), 0);

const BOTH = ['kmip-gateway', 'postgres'];

export const cpuInBareMessages: readonly Line[] = [
  cpuLine('get-cpu-gateway', 'Get, CPU of the gateway', REQUESTS.get, ['kmip-gateway'], 25),
  cpuLine('get-cpu', 'Get, CPU of gateway and Postgres', REQUESTS.get, BOTH, 40),
  cpuLine('create-cpu', 'Create, CPU of gateway and Postgres', REQUESTS.create, BOTH, 150),
];
