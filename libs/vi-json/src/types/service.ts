import type { DataObject, DateTime, ManagedObjectReference } from './values';

/** T:80. `build` is compared as a number where a known fault is looked for. */
export interface AboutInfo extends DataObject<'AboutInfo'> {
  readonly name: string;
  readonly fullName: string;
  readonly vendor: string;
  /** `8.0.3` */
  readonly version: string;
  /** Since 7.0.2.0. */
  readonly patchLevel?: string;
  readonly build: string;
  readonly osType: string;
  /** `vpx` for a vCenter, `embeddedEsx` for a host. */
  readonly productLineId: string;
  /** `VirtualCenter` or `HostAgent`. */
  readonly apiType: string;
  /** `8.0.3.0` */
  readonly apiVersion: string;
  readonly instanceUuid?: string;
  readonly localeVersion?: string;
  readonly localeBuild?: string;
  readonly licenseProductName?: string;
  readonly licenseProductVersion?: string;
}

/** The managed objects that the tool and the stand-in use. Their ids are read here and nowhere written down. */
export interface ServiceContent extends DataObject<'ServiceContent'> {
  readonly rootFolder: ManagedObjectReference;
  readonly propertyCollector: ManagedObjectReference;
  readonly viewManager?: ManagedObjectReference;
  readonly about: AboutInfo;
  readonly sessionManager?: ManagedObjectReference;
  readonly authorizationManager?: ManagedObjectReference;
  readonly eventManager?: ManagedObjectReference;
  readonly taskManager?: ManagedObjectReference;
  readonly vStorageObjectManager?: ManagedObjectReference;
  /** Of type CryptoManagerKmip on a vCenter; CryptoManager or CryptoManagerHostKMS on a host. */
  readonly cryptoManager?: ManagedObjectReference;
}

/** `key` is not the token [inferred]: HasPrivilegeOnEntities takes it as `sessionId`. */
export interface UserSession extends DataObject<'UserSession'> {
  readonly key: string;
  readonly userName: string;
  readonly fullName: string;
  readonly loginTime: DateTime;
  readonly lastActiveTime: DateTime;
  readonly locale: string;
  readonly messageLocale: string;
  readonly extensionSession?: boolean;
  readonly ipAddress?: string;
  readonly userAgent?: string;
  readonly callCount?: number;
}

/** T:33988 */
export interface EntityPrivilege extends DataObject<'EntityPrivilege'> {
  readonly entity: ManagedObjectReference;
  readonly privAvailability: readonly PrivilegeAvailability[];
}

/** T:63823 */
export interface PrivilegeAvailability extends DataObject<'PrivilegeAvailability'> {
  readonly privId: string;
  readonly isGranted: boolean;
}

/** Privileges by their names in the API (vSphere 8.0 Security). */
export const PRIVILEGES = {
  manageKeyServers: 'Cryptographer.ManageKeyServers',
  manageKeys: 'Cryptographer.ManageKeys',
  readKeyServersInfo: 'Cryptographer.ReadKeyServersInfo',
  encrypt: 'Cryptographer.Encrypt',
  encryptNew: 'Cryptographer.EncryptNew',
  decrypt: 'Cryptographer.Decrypt',
  recrypt: 'Cryptographer.Recrypt',
  addDisk: 'Cryptographer.AddDisk',
  clone: 'Cryptographer.Clone',
  migrate: 'Cryptographer.Migrate',
  access: 'Cryptographer.Access',
  registerVm: 'Cryptographer.RegisterVM',
  registerHost: 'Cryptographer.RegisterHost',
  manageEncryptionPolicy: 'Cryptographer.ManageEncryptionPolicy',
  fileManagement: 'Datastore.FileManagement',
  editCluster: 'Host.Inventory.EditCluster',
  view: 'System.View',
  read: 'System.Read',
} as const;

export type Privilege = (typeof PRIVILEGES)[keyof typeof PRIVILEGES];
