import { type Declarations } from './type-table';

/** Service content, sessions, privileges, properties, tasks. */
export const SERVICE_TYPES: Declarations = {
  AboutInfo:
    'name: string, fullName: string, vendor: string, version: string, patchLevel?: string @7.0.2, build: string, localeVersion?: string, localeBuild?: string, osType: string, productLineId: string, apiType: string, apiVersion: string, instanceUuid?: string, licenseProductName?: string, licenseProductVersion?: string',
  ServiceContent:
    'rootFolder: ManagedObjectReference, propertyCollector: ManagedObjectReference, viewManager?: ManagedObjectReference, about: AboutInfo, sessionManager?: ManagedObjectReference, authorizationManager?: ManagedObjectReference, eventManager?: ManagedObjectReference, taskManager?: ManagedObjectReference, vStorageObjectManager?: ManagedObjectReference, cryptoManager?: ManagedObjectReference',
  UserSession:
    'key: string, userName: string, fullName: string, loginTime: dateTime, lastActiveTime: dateTime, locale: string, messageLocale: string, extensionSession: boolean, ipAddress: string, userAgent: string, callCount: long',
  EntityPrivilege: 'entity: ManagedObjectReference, privAvailability: PrivilegeAvailability[]',
  PrivilegeAvailability: 'privId: string, isGranted: boolean',
  KeyValue: 'key: string, value: string',
  KeyAnyValue: 'key: string, value: anyType',
  LocalizableMessage: 'key: string, arg?: KeyAnyValue[], message?: string',
  LocalizedMethodFault: 'fault: MethodFault, localizedMessage?: string',
  PropertySpec: 'type: string, all?: boolean, pathSet?: string[]',
  SelectionSpec: 'name?: string',
  'TraversalSpec < SelectionSpec': 'type: string, path: string, skip?: boolean, selectSet?: SelectionSpec[]',
  ObjectSpec: 'obj: ManagedObjectReference, skip?: boolean, selectSet?: SelectionSpec[]',
  PropertyFilterSpec: 'propSet: PropertySpec[], objectSet: ObjectSpec[], reportMissingObjectsInResults?: boolean',
  RetrieveOptions: 'maxObjects?: int',
  RetrieveResult: 'token?: string, objects: ObjectContent[]',
  ObjectContent: 'obj: ManagedObjectReference, propSet?: DynamicProperty[], missingSet?: MissingProperty[]',
  DynamicProperty: 'name: string, val: anyType',
  MissingProperty: 'path: string, fault: LocalizedMethodFault',
  'TaskReason*': '',
  'TaskReasonUser < TaskReason': 'userName: string',
  TaskInfo:
    'key: string, task: ManagedObjectReference, name?: string, descriptionId: string, entity?: ManagedObjectReference, entityName?: string, state: TaskInfoState, cancelled: boolean, cancelable: boolean, error?: LocalizedMethodFault, result?: anyType, progress?: int, reason: TaskReason, queueTime: dateTime, startTime?: dateTime, completeTime?: dateTime, eventChainId: int',
};

export const ENUMS: Declarations = {
  ManagedEntityStatus: 'gray green yellow red',
  TaskInfoState: 'queued running success error',
  VirtualMachinePowerState: 'poweredOff poweredOn suspended',
  VirtualMachineConnectionState: 'connected disconnected orphaned inaccessible invalid',
  HostSystemConnectionState: 'connected notResponding disconnected',
  HostSystemPowerState: 'poweredOn poweredOff standBy unknown',
  VirtualDeviceConfigSpecOperation: 'add remove edit',
  VirtualDeviceConfigSpecFileOperation: 'create destroy replace',
};
