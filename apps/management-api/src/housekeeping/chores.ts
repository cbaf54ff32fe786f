import { hostname } from 'node:os';

import { LeasedWorker, type Leases } from '@lib/kernel';
import { type Logger, warningsOf } from '@lib/observability';

const INTERVAL_MS = 600_000;
const LEASE_MS = 1_800_000;

export interface Chore {
  round(): Promise<void>;
}

/** One process of the region does them, one after the other. */
export class Chores extends LeasedWorker {
  constructor(chores: readonly Chore[], leases: Leases, logger: Logger) {
    super({
      name: 'management-housekeeping',
      owner: `${hostname()}/${process.pid}`,
      leases,
      intervalMs: INTERVAL_MS,
      leaseMs: LEASE_MS,
      log: warningsOf(logger),
      work: async () => {
        for (const chore of chores) await chore.round();
      },
    });
  }
}
