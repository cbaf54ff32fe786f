import { CATALOG_SIZE } from '../support/filled-catalog';
import { type Line } from '../support/line';

const WITHIN_MS = 20;

const line = (name: string, question: string): Line => ({
  name,
  what: `${question}, in a catalog of ${CATALOG_SIZE.keys.toLocaleString('en')} keys`,
  goal: { bound: 'at most', value: WITHIN_MS, unit: 'ms' },
  unit: 'ms',
  async measure(peers, round) {
    const { ask } = (await peers.catalog()).question(question);
    // Whoever asks first waits for pages that nobody has read since the catalog was filled.
    if (round === 0) await ask();
    const started = performance.now();
    await ask();
    return { ours: performance.now() - started };
  },
});

export const largeCatalog: readonly Line[] = [
  line('locate-all', 'Locate without a filter'),
  line('locate-active', 'Locate all Active keys'),
  line('last-used-first', 'key list: last used first'),
];
