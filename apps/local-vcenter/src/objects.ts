import { type ManagedObjectReference, reference } from '@lib/vi-json';

/** Ids as vcsim's vCenter has them (simulator/vpx/service_content.go). Clients read them in the service content. */
export const SERVICE_INSTANCE = reference('ServiceInstance', 'ServiceInstance');
export const ROOT_FOLDER = reference('Folder', 'group-d1');
export const SINGLETONS = {
  propertyCollector: reference('PropertyCollector', 'propertyCollector'),
  viewManager: reference('ViewManager', 'ViewManager'),
  sessionManager: reference('SessionManager', 'SessionManager'),
  authorizationManager: reference('AuthorizationManager', 'AuthorizationManager'),
  eventManager: reference('EventManager', 'EventManager'),
  taskManager: reference('TaskManager', 'TaskManager'),
  vStorageObjectManager: reference('VcenterVStorageObjectManager', 'VStorageObjectManager'),
  cryptoManager: reference('CryptoManagerKmip', 'CryptoManager'),
} as const satisfies Record<string, ManagedObjectReference>;
