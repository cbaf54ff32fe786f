import {
  type MeteredInstance,
  type MeteringRecord,
  type MeterRepository,
  type UsageLedger,
  type UsageOutcome,
} from '@lib/metering';
import { omit } from '@lib/tenancy';

import { type OpenTransaction } from '../region/in-memory-region';
import { answered } from '../region/tenant-rows';

export class InMemoryMeter implements MeterRepository {
  constructor(private readonly transaction: OpenTransaction) {}

  lock(): Promise<MeteredInstance | undefined> {
    return answered(() => {
      const { serviceInstance, meteredUntil } = this.transaction.rows;
      if (serviceInstance === undefined || meteredUntil === undefined) return undefined;
      const { instanceId, crn, serviceId, planId, status } = serviceInstance;
      return { instanceId, crn, serviceId, planId, status, meteredUntil };
    });
  }

  advance(until: Date): Promise<void> {
    return answered(() => {
      const { rows } = this.transaction;
      if (rows.meteredUntil !== undefined && rows.meteredUntil < until) rows.meteredUntil = until;
    });
  }
}

export class InMemoryUsageLedger implements UsageLedger {
  constructor(private readonly transaction: OpenTransaction) {}

  measure(from: Date, until: Date): Promise<Pick<MeteringRecord, 'liveKeys' | 'clientCertificates'>> {
    return answered(() => {
      const { instanceId, rows, storeOf } = this.transaction;
      const keys = storeOf(instanceId)
        .objects()
        .filter(({ initialDate, destroyDate = until }) => initialDate < until && destroyDate >= from);
      const certificates = [...rows.certificates.values()].filter(({ createdAt }) => createdAt < until);
      return { liveKeys: keys.length, clientCertificates: certificates.length };
    });
  }

  insertIfAbsent(record: MeteringRecord, recordedAt: Date): Promise<void> {
    return answered(() => {
      const { usage } = this.transaction.rows;
      const hour = record.startedAt.getTime();
      if (usage.has(hour)) return;
      const notBefore = record.endedAt > recordedAt ? record.endedAt : recordedAt;
      usage.set(hour, { ...record, state: 'pending', attempts: 0, notBefore });
    });
  }

  settle(startedAt: Date, outcome: UsageOutcome): Promise<void> {
    return answered(() => {
      const { usage } = this.transaction.rows;
      const present = usage.get(startedAt.getTime());
      if (present?.state === 'pending') usage.set(startedAt.getTime(), { ...omit(present, 'detail'), ...outcome });
    });
  }

  prune(before: Date): Promise<void> {
    return answered(() => {
      const { usage } = this.transaction.rows;
      for (const [hour, { state }] of usage) if (state === 'accepted' && hour < before.getTime()) usage.delete(hour);
    });
  }
}
