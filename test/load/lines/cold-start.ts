import { type Line } from '../support/line';

/** From sources and packages to a service that answers: what everybody does first. */
export const coldStart: Line = {
  name: 'cold-start',
  what: '`npm start` without a build and without data',
  goal: { bound: 'at most', value: 10, unit: 's' },
  unit: 's',
  async measure(peers) {
    const { seconds, ofWhichBuild } = await (await peers.freshCopy()).start();
    return { ours: seconds, ofWhich: { build: ofWhichBuild } };
  },
};
