import { type Leases } from '@lib/kernel';
import { type Logger } from '@lib/observability';
import { type PlatformReconciler } from '@lib/service-instances';

import { type BrokerReport } from '../broker-report';
import { BackgroundDuty } from './background-duty';

const INTERVAL_MS = 21_600_000;
const LEASE_MS = 3_600_000;

/** Compares our instances with those of the platform. */
export class ReconciliationDuty extends BackgroundDuty {
  constructor(
    reconciler: PlatformReconciler,
    leases: Leases,
    report: Pick<BrokerReport, 'reconciled'>,
    logger: Logger,
  ) {
    const work = async (): Promise<void> => {
      const found = await reconciler.reconcile();
      report.reconciled(found);
      const odd = found.blind || found.orphans.length > 0 || found.shouldBeDisabled.length > 0;
      if (odd) logger.warn({ ...found }, 'instances differ from those of the platform');
      else logger.info({ ...found }, 'instances agree with those of the platform');
    };
    super({ name: 'platform-reconciliation', leases, intervalMs: INTERVAL_MS, leaseMs: LEASE_MS, work }, logger);
  }

  override onApplicationBootstrap(): void {
    super.onApplicationBootstrap();
    // The interval is long: a process that restarts more often would never come to it.
    void this.round();
  }
}
