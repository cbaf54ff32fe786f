import { type InstanceId } from '@lib/kernel';
import { type DailyUsage, type DailyUsages } from '@lib/metering';

import { type InMemoryRegion } from '../region/in-memory-region';
import { answered } from '../region/tenant-rows';

export class InMemoryDailyUsages implements DailyUsages {
  constructor(private readonly region: InMemoryRegion) {}

  list(
    instanceId: InstanceId,
    {
      from = '',
      before = '~',
      after = '~',
      limit,
    }: { readonly from?: string; readonly before?: string; readonly after?: string; readonly limit: number },
  ): Promise<readonly DailyUsage[]> {
    return answered(() =>
      [...(this.region.tenants.get(instanceId)?.days.values() ?? [])]
        .filter(({ day }) => day >= from && day < before && day < after)
        .sort((a, b) => (a.day > b.day ? -1 : 1))
        .slice(0, limit),
    );
  }

  find(instanceId: InstanceId, day: string): Promise<DailyUsage | undefined> {
    return answered(() => this.region.tenants.get(instanceId)?.days.get(day));
  }

  async measure(day: string): Promise<void> {
    for (const [instanceId, { instance, certificates, days }] of this.region.tenants) {
      if (instance === undefined) continue;
      const liveKeys = await this.region.storeOf(instanceId).countLive();
      const before = days.get(day) ?? { liveKeys: 0, certificates: 0 };
      days.set(day, {
        day,
        liveKeys: Math.max(before.liveKeys, liveKeys),
        certificates: Math.max(before.certificates, certificates.size),
      });
    }
  }
}
