import { type Line } from '../support/line';

/** What somebody waits for each time. */
export const operatorsCommand: Line = {
  name: 'admin',
  what: '`npm run -s admin -- instance list`',
  goal: { bound: 'at most', value: 1, unit: 's' },
  unit: 's',
  async measure(peers) {
    return { ours: await (await peers.freshCopy()).admin() };
  },
};
