import { type Clock } from '@lib/kernel';

import { type MeteringUnitOfWork } from './metering.ports';
import { HOUR_MS, type PendingUsage } from './metering-record';
import { type UsageDirectory, type UsageOutcome, type UsageReporter, type UsageVerdict } from './usage.ports';

/** The platform takes this many in a call. */
const BATCH = 100;
const FIRST_RETRY_MS = 30_000;
const LONGEST_RETRY_MS = 1_800_000;
/** The platform takes nothing that ended more than two days ago. */
const LATEST_MS = 48 * HOUR_MS;
/** A call that failed as a whole: the rest waits for the next round. */
const CALL_FAILED = 'the call to the metering service failed';

/**
 * Sends the outbox. A crash between sending and noting the outcome sends the same record again, which the platform
 * recognises (409): in effect each hour counts once.
 */
export class UsageSender {
  constructor(
    private readonly unitOfWork: MeteringUnitOfWork,
    private readonly directory: Pick<UsageDirectory, 'pendingUsage'>,
    private readonly reporter: UsageReporter,
    private readonly clock: Clock,
    private readonly log: (message: string, error?: unknown) => void,
  ) {}

  /** Sends until nothing is due or a call fails. @returns how many records found their end */
  async sendPending(): Promise<number> {
    let settled = 0;
    for (;;) {
      const due = await this.directory.pendingUsage(this.clock.now(), BATCH);
      const [first] = due;
      if (first === undefined) return settled;
      const batch = due.filter(({ serviceId }) => serviceId === first.serviceId);
      const verdicts = await this.report(first.serviceId, batch);
      for (const [index, record] of batch.entries()) {
        const outcome = this.outcome(record, verdicts?.[index] ?? { kind: 'retry', detail: CALL_FAILED });
        if (outcome.state !== 'pending') settled += 1;
        await this.unitOfWork.forTenant(record.instanceId, (scope) => scope.usage.settle(record.startedAt, outcome));
      }
      if (verdicts === undefined) return settled;
    }
  }

  private async report(
    serviceId: string,
    batch: readonly PendingUsage[],
  ): Promise<readonly UsageVerdict[] | undefined> {
    try {
      return await this.reporter.report(serviceId, batch);
    } catch (error) {
      this.log('usage could not be reported', error);
      return undefined;
    }
  }

  private outcome(record: PendingUsage, verdict: UsageVerdict): UsageOutcome {
    const now = this.clock.now();
    const attempts = record.attempts + 1;
    if (verdict.kind === 'accepted') return { state: 'accepted', attempts, notBefore: now };
    const { detail } = verdict;
    const tooLate = now.getTime() - record.endedAt.getTime() > LATEST_MS;
    if (verdict.kind === 'refused' || tooLate) {
      this.log(`a usage record was lost: ${detail}`);
      return { state: 'refused', attempts, notBefore: now, detail };
    }
    const waitMs = Math.min(FIRST_RETRY_MS * 2 ** Math.min(record.attempts, 10), LONGEST_RETRY_MS);
    return { state: 'pending', attempts, notBefore: new Date(now.getTime() + waitMs), detail };
  }
}
