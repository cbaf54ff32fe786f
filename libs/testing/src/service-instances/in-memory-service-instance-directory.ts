import { type InstanceId } from '@lib/kernel';
import { type PendingUsage, type UsageDirectory } from '@lib/metering';
import { type ServiceInstanceDirectory } from '@lib/service-instances';
import { omit } from '@lib/tenancy';

import { type InMemoryRegion } from '../region/in-memory-region';
import { answered, type TenantRows } from '../region/tenant-rows';

export class InMemoryServiceInstanceDirectory implements ServiceInstanceDirectory, UsageDirectory {
  constructor(private readonly region: InMemoryRegion) {}

  dueOperations(now: Date, limit: number): Promise<readonly { instanceId: InstanceId; number: number }[]> {
    return answered(() =>
      [...this.region.tenants.values()]
        .flatMap(({ operations }) => [...operations.values()])
        .filter(({ state, notBefore }) => state === 'in progress' && notBefore <= now)
        .sort((a, b) => a.notBefore.getTime() - b.notBefore.getTime() || (a.instanceId < b.instanceId ? -1 : 1))
        .slice(0, limit)
        .map(({ instanceId, number }) => ({ instanceId, number })),
    );
  }

  instances(page: {
    readonly after?: InstanceId;
    readonly limit: number;
  }): Promise<readonly { instanceId: InstanceId; crn: string }[]> {
    const known = ({ serviceInstance }: TenantRows): boolean =>
      serviceInstance !== undefined && !hasEnded(serviceInstance.status);
    return answered(() =>
      this.#page(known, page).map((instanceId) => {
        return { instanceId, crn: this.region.tenants.get(instanceId)?.serviceInstance?.crn ?? '' };
      }),
    );
  }

  expired(page: {
    readonly before: Date;
    readonly usageBefore: Date;
    readonly after?: InstanceId;
    readonly limit: number;
  }): Promise<readonly InstanceId[]> {
    const { before, usageBefore } = page;
    const expired = ({ serviceInstance, operations, usage }: TenantRows): boolean =>
      (serviceInstance !== undefined && hasEnded(serviceInstance.status) && serviceInstance.updatedAt <= before) ||
      [...operations.values()].some(
        ({ number, finishedAt }) =>
          finishedAt !== undefined && finishedAt <= before && number < Math.max(...operations.keys()),
      ) ||
      [...usage.values()].some(({ state, startedAt }) => state === 'accepted' && startedAt < usageBefore);
    return answered(() => this.#page(expired, page));
  }

  meterableInstances(before: Date, after: InstanceId | undefined, limit: number): Promise<readonly InstanceId[]> {
    const meterable = ({ serviceInstance, meteredUntil = before }: TenantRows): boolean =>
      (serviceInstance?.status === 'ready' || serviceInstance?.status === 'updating') && meteredUntil < before;
    return answered(() => this.#page(meterable, { ...(after !== undefined && { after }), limit }));
  }

  pendingUsage(now: Date, limit: number): Promise<readonly PendingUsage[]> {
    return answered(() =>
      [...this.region.tenants.values()]
        .flatMap(({ usage }) => [...usage.values()])
        .filter(({ state, notBefore }) => state === 'pending' && notBefore <= now)
        .sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1))
        .slice(0, limit)
        .map((row) => omit(row, 'state', 'notBefore', 'detail')),
    );
  }

  /** In the order of ids. */
  #page(
    wanted: (rows: TenantRows) => boolean,
    { after = '' as InstanceId, limit }: { readonly after?: InstanceId; readonly limit: number },
  ): readonly InstanceId[] {
    return [...this.region.tenants]
      .filter(([id, rows]) => id > after && wanted(rows))
      .map(([id]) => id)
      .sort()
      .slice(0, limit);
  }
}

const hasEnded = (status: string): boolean => status === 'deleted' || status === 'failed';

const placeOf = ({ serviceId, startedAt, instanceId }: PendingUsage): string =>
  `${serviceId} ${startedAt.toISOString()} ${instanceId}`;
