import { DomainError } from '@lib/kernel';

/** What a platform can be told about an order. Messages are read by users of the platform's console. */
export const CATALOG_FAULTS = [
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

export type CatalogFault = (typeof CATALOG_FAULTS)[number];

export class CatalogError extends DomainError {
  readonly code: CatalogFault;

  constructor(fault: CatalogFault, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = fault;
  }
}

export const concurrentOperation = (): CatalogError =>
  new CatalogError('catalog_concurrent_operation', 'Another operation on this service instance is in progress.');

export const asyncRequired = (): CatalogError =>
  new CatalogError('catalog_async_required', 'This plan needs a client that supports asynchronous operations.');

export const instanceUnknown = (): CatalogError =>
  new CatalogError('catalog_instance_unknown', 'There is no such service instance.');

export const instanceGone = (): CatalogError =>
  new CatalogError('catalog_instance_gone', 'There is no such service instance.');
