import { type Leases } from '@lib/kernel';
import { type Logger } from '@lib/observability';
import { type OperationWorker } from '@lib/service-instances';

import { BackgroundDuty } from './background-duty';

const INTERVAL_MS = 500;
/** An operation of a process that died goes on after this time. */
const LEASE_MS = 4_000;

/** Carries on operations that nobody waits for. */
export class OperationsDuty extends BackgroundDuty {
  constructor(worker: OperationWorker, leases: Leases, logger: Logger, intervalMs = INTERVAL_MS) {
    const work = (): Promise<void> => worker.runDue();
    super({ name: 'catalog-operations', leases, intervalMs, leaseMs: LEASE_MS, work }, logger);
  }
}
