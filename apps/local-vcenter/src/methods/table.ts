import { AUTHORIZATION_MANAGER_METHODS } from './authorization-manager';
import { CONSOLIDATION_METHODS } from './consolidation';
import { CERTIFICATE_METHODS } from './crypto-manager/certificates';
import { CLUSTER_METHODS } from './crypto-manager/clusters';
import { KEY_METHODS } from './crypto-manager/keys';
import { SERVER_METHODS } from './crypto-manager/servers';
import { HOST_METHODS } from './host-system';
import { type MethodDefinition } from './method';
import { PROPERTY_COLLECTOR_METHODS } from './property-collector';
import { SERVICE_INSTANCE_METHODS } from './service-instance';
import { SESSION_MANAGER_METHODS } from './session-manager';
import { TASK_METHODS } from './task-info';
import { V_STORAGE_OBJECT_METHODS } from './v-storage-objects';
import { VIEW_METHODS } from './view-manager';
import { VIRTUAL_MACHINE_METHODS } from './virtual-machine';

/** Every method that this vCenter serves. */
export const METHODS: readonly MethodDefinition[] = [
  ...SERVICE_INSTANCE_METHODS,
  ...SESSION_MANAGER_METHODS,
  ...AUTHORIZATION_MANAGER_METHODS,
  ...PROPERTY_COLLECTOR_METHODS,
  ...VIEW_METHODS,
  ...TASK_METHODS,
  ...SERVER_METHODS,
  ...CLUSTER_METHODS,
  ...CERTIFICATE_METHODS,
  ...KEY_METHODS,
  ...VIRTUAL_MACHINE_METHODS,
  ...CONSOLIDATION_METHODS,
  ...HOST_METHODS,
  ...V_STORAGE_OBJECT_METHODS,
];
