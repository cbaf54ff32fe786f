import { type InstanceId } from '@lib/kernel';

import { type UsageLedger } from './usage.ports';

/** A service instance as far as its hours are counted. */
export interface MeteredInstance {
  readonly instanceId: InstanceId;
  readonly crn: string;
  readonly serviceId: string;
  readonly planId: string;
  readonly status: string;
  /** All full hours before it have their usage record. */
  readonly meteredUntil: Date;
}

/** Up to where an instance's hours are counted. Nothing else of the service instance is metering's to change. */
export interface MeterRepository {
  /** Keeps every other operation on the service instance out until the transaction ends. */
  lock(): Promise<MeteredInstance | undefined>;
  /** Moves {@link MeteredInstance.meteredUntil} forward, and never back. */
  advance(until: Date): Promise<void>;
}

/** What metering reads and writes of one instance, inside one transaction. */
export interface MeteringScope {
  readonly instance: { get(): Promise<object | undefined> };
  readonly meter: MeterRepository;
  readonly usage: UsageLedger;
}

export interface MeteringUnitOfWork {
  /** One transaction, whose body may run again. */
  forTenant<T>(instanceId: InstanceId, body: (scope: MeteringScope) => Promise<T>): Promise<T>;
}
