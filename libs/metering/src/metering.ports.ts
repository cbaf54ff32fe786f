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

/** What metering reads and writes of one instance, inside one transaction. */
export interface MeteringScope {
  readonly instance: { get(): Promise<object | undefined> };
  readonly serviceInstance: {
    lock(): Promise<MeteredInstance | undefined>;
    update(instance: MeteredInstance): Promise<void>;
  };
  readonly usage: UsageLedger;
}

export interface MeteringUnitOfWork {
  /** One transaction, whose body may run again. */
  forTenant<T>(instanceId: InstanceId, body: (scope: MeteringScope) => Promise<T>): Promise<T>;
}
