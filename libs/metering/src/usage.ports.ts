import { type InstanceId } from '@lib/kernel';

import { type PendingUsage, type MeteringRecord, type MeteringRecordState } from './metering-record';

/** The outbox of one instance. */
export interface UsageLedger {
  measure(from: Date, until: Date): Promise<Pick<MeteringRecord, 'liveKeys' | 'clientCertificates'>>;
  /** Does nothing when the hour has its record. */
  insertIfAbsent(record: MeteringRecord, recordedAt: Date): Promise<void>;
  settle(startedAt: Date, outcome: UsageOutcome): Promise<void>;
  /** Drops accepted records of hours before `before`. */
  prune(before: Date): Promise<void>;
}

export interface UsageOutcome {
  readonly state: MeteringRecordState;
  readonly attempts: number;
  readonly notBefore: Date;
  readonly detail?: string;
}

export interface UsageDirectory {
  /** Instances with a full hour before `before` that has no record yet, in the order of ids. */
  meterableInstances(before: Date, after: InstanceId | undefined, limit: number): Promise<readonly InstanceId[]>;
  /** Oldest first, of one service after the other. */
  pendingUsage(now: Date, limit: number): Promise<readonly PendingUsage[]>;
}

/** How the platform judged one record. */
export type UsageVerdict =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'retry'; readonly detail: string };

/** The platform's metering. */
export interface UsageReporter {
  /** @returns the verdict on each record, in their order. @throws when the call as a whole failed */
  report(serviceId: string, records: readonly MeteringRecord[]): Promise<readonly UsageVerdict[]>;
}
