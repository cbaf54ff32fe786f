import { type Leases } from '@lib/kernel';
import { type Logger } from '@lib/observability';
import { type ServiceInstanceRetention } from '@lib/service-instances';

import { BackgroundDuty } from './background-duty';

const INTERVAL_MS = 3_600_000;
const LEASE_MS = 600_000;

/** Forgets what was kept of instances long gone. */
export class RetentionDuty extends BackgroundDuty {
  constructor(retention: ServiceInstanceRetention, leases: Leases, logger: Logger) {
    const work = (): Promise<void> => retention.prune();
    super({ name: 'catalog-retention', leases, intervalMs: INTERVAL_MS, leaseMs: LEASE_MS, work }, logger);
  }
}
