import { type Line } from '../support/line';

const ROUNDS = 20;

/** What it costs that a test value goes through each root key every quarter of an hour. */
export const rootKeyTests: Line = {
  name: 'root-key-tests',
  what: 'CPU of the gateways and Postgres for a test of 1,000 root keys, which is due every 15 minutes',
  goal: { bound: 'at most', value: 20, unit: 's' },
  unit: 's',
  async measure(peers) {
    return { ours: await (await peers.testedRegion()).cpuOfThousandTests(ROUNDS) };
  },
};
