import { type Leases } from '@lib/kernel';
import { type UsageRecorder, type UsageSender } from '@lib/metering';
import { type Logger } from '@lib/observability';

import { BackgroundDuty } from './background-duty';

const INTERVAL_MS = 60_000;
const LEASE_MS = 180_000;

/** Records usage hour by hour, and sends it where there is somebody to send it to. */
export class MeteringDuty extends BackgroundDuty {
  constructor(recorder: UsageRecorder, sender: UsageSender | undefined, leases: Leases, logger: Logger) {
    const work = async (): Promise<void> => {
      await recorder.recordFullHours();
      await sender?.sendPending();
    };
    super({ name: 'usage-metering', leases, intervalMs: INTERVAL_MS, leaseMs: LEASE_MS, work }, logger);
  }
}
