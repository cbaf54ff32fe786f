import { type Clock, type InstanceId } from '@lib/kernel';

import { type MeteredInstance, type MeteringScope, type MeteringUnitOfWork } from './metering.ports';
import { HOUR_MS, KEPT_USAGE_MS, startOfHour } from './metering-record';
import { type UsageDirectory } from './usage.ports';

const PAGE = 200;
/** The platform takes nothing that ended more than two days ago. */
const LATEST_HOURS = 47;

/** Writes one record for each full hour of each instance, once, however many processes try and however often. */
export class UsageRecorder {
  constructor(
    private readonly unitOfWork: MeteringUnitOfWork,
    private readonly directory: Pick<UsageDirectory, 'meterableInstances'>,
    private readonly clock: Clock,
  ) {}

  async recordFullHours(): Promise<void> {
    const until = startOfHour(this.clock.now());
    let after: InstanceId | undefined;
    for (;;) {
      const page = await this.directory.meterableInstances(until, after, PAGE);
      for (const instanceId of page) {
        await this.unitOfWork.forTenant(instanceId, async (scope) => {
          const instance = await scope.meter.lock();
          if (instance?.status !== 'ready' && instance?.status !== 'updating') return;
          // Taken away past the platform, by an administrator's command: there is nothing to use.
          if ((await scope.instance.get()) === undefined) return;
          await recordUsage(scope, instance, until, this.clock.now());
          await scope.usage.prune(new Date(until.getTime() - KEPT_USAGE_MS));
        });
      }
      after = page.at(-1);
      if (after === undefined || page.length < PAGE) return;
    }
  }
}

/**
 * Writes the records that an instance lacks up to `until`, a full hour, and moves its mark. Hours that nobody was there
 * to record are counted from the dates of keys and certificates.
 */
export async function recordUsage(
  scope: Pick<MeteringScope, 'meter' | 'usage'>,
  instance: MeteredInstance,
  until: Date,
  now: Date,
): Promise<void> {
  const { instanceId, crn, serviceId, planId } = instance;
  const earliest = startOfHour(now).getTime() - LATEST_HOURS * HOUR_MS;
  for (let at = Math.max(instance.meteredUntil.getTime(), earliest); at < until.getTime(); at += HOUR_MS) {
    const [startedAt, endedAt] = [new Date(at), new Date(at + HOUR_MS)];
    const measured = await scope.usage.measure(startedAt, endedAt);
    await scope.usage.insertIfAbsent({ instanceId, crn, serviceId, planId, startedAt, endedAt, ...measured }, now);
  }
  await scope.meter.advance(until);
}
