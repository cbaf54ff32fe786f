import { DomainError } from '@lib/kernel';

/** What a platform can be told about an order. Messages are read by users of the platform's console. */
export const SERVICE_INSTANCE_FAULTS = [
  'catalog_invalid_request',
  /** The id is taken by an instance or binding with other attributes. */
  'catalog_conflict',
  'catalog_async_required',
  'catalog_concurrent_operation',
  'catalog_instance_unknown',
  /** Nothing (any more) under this id: the answer a deletion wants to hear. */
  'catalog_instance_gone',
  'catalog_binding_unknown',
  'catalog_binding_gone',
  'catalog_instance_disabled',
  'catalog_keys_in_use',
  'catalog_plan_limit',
] as const;

export type ServiceInstanceFault = (typeof SERVICE_INSTANCE_FAULTS)[number];

export class ServiceInstanceError extends DomainError {
  readonly code: ServiceInstanceFault;

  constructor(fault: ServiceInstanceFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = fault;
  }
}

export const concurrentOperation = (): ServiceInstanceError =>
  new ServiceInstanceError(
    'catalog_concurrent_operation',
    'Another operation on this service instance is in progress.',
  );

export const asyncRequired = (): ServiceInstanceError =>
  new ServiceInstanceError('catalog_async_required', 'This plan needs a client that supports asynchronous operations.');

export const instanceUnknown = (): ServiceInstanceError =>
  new ServiceInstanceError('catalog_instance_unknown', 'There is no such service instance.');

export const instanceGone = (): ServiceInstanceError =>
  new ServiceInstanceError('catalog_instance_gone', 'There is no such service instance.');
