import { type InstanceId } from '@lib/kernel';
import { type MeteringScope } from '@lib/metering';
import { type TenantScope } from '@lib/tenancy';

import {
  type ServiceBinding,
  type ServiceInstance,
  type InstanceOperation,
  type KeysLeftBehind,
} from './service-instance';

/** All that belongs to one instance, the platform's order included, inside one transaction. */
export interface ServiceInstanceScope extends TenantScope, Pick<MeteringScope, 'meter' | 'usage'> {
  readonly serviceInstance: ServiceInstanceRepository;
  readonly operations: InstanceOperationRepository;
  readonly serviceBindings: ServiceBindingRepository;
  readonly custody: CustodyCensus;
}

export interface ServiceInstanceRepository {
  get(): Promise<ServiceInstance | undefined>;
  /** Same, and keeps every other operation on the instance out until the transaction ends. Lock it before anything else. */
  lock(): Promise<ServiceInstance | undefined>;
  /**
   * @param meteredFrom hours before it are nobody's to count
   * @returns false when there is a row, of whoever came first
   */
  insertIfAbsent(instance: ServiceInstance, meteredFrom: Date): Promise<boolean>;
  update(instance: ServiceInstance): Promise<void>;
  /** After its operations and bindings. */
  remove(): Promise<void>;
}

export interface InstanceOperationRepository {
  newest(): Promise<InstanceOperation | undefined>;
  get(number: number): Promise<InstanceOperation | undefined>;
  insert(operation: InstanceOperation): Promise<void>;
  update(operation: InstanceOperation): Promise<void>;
  /** Removes those that were finished before, except the newest. */
  prune(before: Date): Promise<void>;
  removeAll(): Promise<void>;
}

export interface ServiceBindingRepository {
  get(id: string): Promise<ServiceBinding | undefined>;
  /** @returns false when there is one of that id */
  insertIfAbsent(binding: ServiceBinding): Promise<boolean>;
  /** @returns false when there was none */
  remove(id: string): Promise<boolean>;
  removeAll(): Promise<void>;
}

export interface CustodyCensus {
  /** Keys that clients use or are about to: Pre-Active and Active (KMIP 1.4 §3.22). */
  countInUse(): Promise<number>;
  /** Where wrapped keys lie, whatever their state. */
  storedKeys(): Promise<readonly KeysLeftBehind[]>;
  /** When the instance was last used, by a client or an administrator. */
  lastActivity(): Promise<Date | undefined>;
}

export interface ServiceInstanceUnitOfWork {
  /** As UnitOfWork.forTenant: one transaction, whose body may run again. */
  forTenant<T>(instanceId: InstanceId, body: (scope: ServiceInstanceScope) => Promise<T>): Promise<T>;
}

/** What background work asks about all tenants of the region. */
export interface ServiceInstanceDirectory {
  dueOperations(
    now: Date,
    limit: number,
  ): Promise<readonly { readonly instanceId: InstanceId; readonly number: number }[]>;
  /** Instances that the platform should have, in the order of ids. */
  instances(page: {
    readonly after?: InstanceId;
    readonly limit: number;
  }): Promise<readonly { readonly instanceId: InstanceId; readonly crn: string }[]>;
  /** Instances of which something is old enough to be forgotten, in the order of ids. */
  expired(page: {
    /** For instances that ended and operations that were finished. */
    readonly before: Date;
    readonly usageBefore: Date;
    readonly after?: InstanceId;
    readonly limit: number;
  }): Promise<readonly InstanceId[]>;
}
