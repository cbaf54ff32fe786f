import type {
  CertSignRequest,
  CryptoKeyId,
  CryptoKeyResult,
  CryptoKeyStatus,
  CustomAttributeSpec,
  KeyProviderId,
  KmipClusterInfo,
  KmipServerInfo,
  KmipServerSpec,
  ServerCertInfo,
} from './crypto';
import type { VimVsanReconfigSpec, VsanConfigInfoEx } from './host';
import type { RetrievePropertiesExParameters, RetrieveResult } from './property-collector';
import { type EntityPrivilege, PRIVILEGES, type Privilege, type ServiceContent, type UserSession } from './service';
import type { ManagedObjectReference, Pem } from './values';
import type {
  DefinedProfileSpec,
  DiskCryptoSpec,
  Id,
  VirtualMachineConfigSpec,
  VStorageObject,
} from './virtual-machine';

/** A method: the members of its body, and what a 200 holds. `void` is a 204; with `null`, a 204 may come too. */
interface Method<Parameters, Result> {
  readonly parameters: Parameters;
  readonly result: Result;
}

type NoParameters = Readonly<Record<string, never>>;
type Cluster = { readonly cluster: KeyProviderId };
type TaskReference = ManagedObjectReference;

/** Names and parameters are those of the WSDL; what neighbours call differently is meant so (reference, section 5.3). */
export interface CryptoManagerKmipMethods {
  RegisterKmipServer: Method<{ readonly server: KmipServerSpec }, void>;
  UpdateKmipServer: Method<{ readonly server: KmipServerSpec }, void>;
  RemoveKmipServer: Method<{ readonly clusterId: KeyProviderId; readonly serverName: string }, void>;
  /** `limit` counts clusters; leave it out. */
  ListKmipServers: Method<{ readonly limit?: number }, readonly KmipClusterInfo[] | null>;
  ListKmsClusters: Method<
    { readonly includeKmsServers?: boolean; readonly managementTypeFilter?: number; readonly statusFilter?: number },
    readonly KmipClusterInfo[] | null
  >;
  RegisterKmsCluster: Method<{ readonly clusterId: KeyProviderId; readonly managementType?: string }, void>;
  UnregisterKmsCluster: Method<{ readonly clusterId: KeyProviderId }, void>;
  MarkDefault: Method<{ readonly clusterId: KeyProviderId }, void>;
  SetDefaultKmsCluster: Method<{ readonly entity?: ManagedObjectReference; readonly clusterId?: KeyProviderId }, void>;
  GetDefaultKmsCluster: Method<
    { readonly entity?: ManagedObjectReference; readonly defaultsToParent?: boolean },
    KeyProviderId | null
  >;
  IsKmsClusterActive: Method<Partial<Cluster>, boolean>;
  /** Result of its task: ArrayOfCryptoManagerKmipClusterStatus. */
  RetrieveKmipServersStatus_Task: Method<{ readonly clusters?: readonly KmipClusterInfo[] }, TaskReference>;
  RetrieveKmipServerCert: Method<
    { readonly keyProvider: KeyProviderId; readonly server: KmipServerInfo },
    ServerCertInfo
  >;
  UploadKmipServerCert: Method<Cluster & { readonly certificate: Pem }, void>;
  GenerateSelfSignedClientCert: Method<Cluster & { readonly request?: CertSignRequest }, Pem>;
  /** "" where none was generated. */
  RetrieveSelfSignedClientCert: Method<Cluster, Pem | null>;
  UpdateSelfSignedClientCert: Method<Cluster & { readonly certificate: Pem }, void>;
  GenerateClientCsr: Method<Cluster & { readonly request?: CertSignRequest }, Pem>;
  /** "" where none was generated. */
  RetrieveClientCsr: Method<Cluster, Pem>;
  UpdateKmsSignedCsrClientCert: Method<Cluster & { readonly certificate: Pem }, void>;
  UploadClientCert: Method<Cluster & { readonly certificate: Pem; readonly privateKey: Pem }, void>;
  /** The one in use. */
  RetrieveClientCert: Method<Cluster, Pem | null>;
  GenerateKey: Method<{ readonly keyProvider?: KeyProviderId; readonly spec?: CustomAttributeSpec }, CryptoKeyResult>;
  QueryCryptoKeyStatus: Method<
    { readonly keyIds?: readonly CryptoKeyId[]; readonly checkKeyBitMap: number },
    readonly CryptoKeyStatus[] | null
  >;
  SetKeyCustomAttributes: Method<{ readonly keyId: CryptoKeyId; readonly spec: CustomAttributeSpec }, CryptoKeyResult>;
  /** Keys of registered VMs and hosts: not what the key server holds. */
  ListKeys: Method<{ readonly limit?: number }, readonly CryptoKeyId[] | null>;
  /** vCenter forgets the key; nothing is deleted at the key server. */
  RemoveKey: Method<{ readonly key: CryptoKeyId; readonly force: boolean }, void>;
  RemoveKeys: Method<
    { readonly keys?: readonly CryptoKeyId[]; readonly force: boolean },
    readonly CryptoKeyResult[] | null
  >;
}

/** Every method of which tool and stand-in know parameters and result, by type of managed object. */
export interface VimMethods {
  ServiceInstance: { RetrieveServiceContent: Method<NoParameters, ServiceContent> };
  SessionManager: {
    /** The token comes in the response header `vmware-api-session-id`. */
    Login: Method<{ readonly userName: string; readonly password: string; readonly locale?: string }, UserSession>;
    Logout: Method<NoParameters, void>;
  };
  AuthorizationManager: {
    HasPrivilegeOnEntities: Method<
      {
        readonly entity: readonly ManagedObjectReference[];
        readonly sessionId: string;
        readonly privId?: readonly string[];
      },
      readonly EntityPrivilege[] | null
    >;
  };
  PropertyCollector: {
    RetrievePropertiesEx: Method<RetrievePropertiesExParameters, RetrieveResult | null>;
    ContinueRetrievePropertiesEx: Method<{ readonly token: string }, RetrieveResult>;
    CancelRetrievePropertiesEx: Method<{ readonly token: string }, void>;
  };
  ViewManager: {
    CreateContainerView: Method<
      { readonly container: ManagedObjectReference; readonly type?: readonly string[]; readonly recursive: boolean },
      ManagedObjectReference
    >;
  };
  ContainerView: { DestroyView: Method<NoParameters, void> };
  Task: { CancelTask: Method<NoParameters, void> };
  CryptoManagerKmip: CryptoManagerKmipMethods;
  VirtualMachine: {
    ReconfigVM_Task: Method<{ readonly spec: VirtualMachineConfigSpec }, TaskReference>;
    CryptoUnlock_Task: Method<NoParameters, TaskReference>;
    PowerOnVM_Task: Method<{ readonly host?: ManagedObjectReference }, TaskReference>;
    PowerOffVM_Task: Method<NoParameters, TaskReference>;
  };
  HostSystem: { ConfigureCryptoKey: Method<{ readonly keyId?: CryptoKeyId }, void> };
  VcenterVStorageObjectManager: {
    ListVStorageObject: Method<{ readonly datastore: ManagedObjectReference }, readonly Id[] | null>;
    RetrieveVStorageObject: Method<{ readonly id: Id; readonly datastore: ManagedObjectReference }, VStorageObject>;
    UpdateVStorageObjectCrypto_Task: Method<
      {
        readonly id: Id;
        readonly datastore: ManagedObjectReference;
        readonly profile?: readonly DefinedProfileSpec[];
        readonly disksCrypto?: DiskCryptoSpec;
      },
      TaskReference
    >;
  };
  /** 9.0 and later, below `/sdk/vim25/{release}/vsan/`; on 8.0 the SOAP endpoint `/vsanHealth` alone has them. */
  VsanVcClusterConfigSystem: {
    VsanClusterGetConfig: Method<{ readonly cluster: ManagedObjectReference }, VsanConfigInfoEx | null>;
    VsanClusterReconfig: Method<
      { readonly cluster: ManagedObjectReference; readonly vsanReconfigSpec: VimVsanReconfigSpec },
      TaskReference
    >;
    VsanEncryptedClusterRekey_Task: Method<
      {
        readonly encryptedCluster: ManagedObjectReference;
        readonly deepRekey?: boolean;
        readonly allowReducedRedundancy?: boolean;
      },
      TaskReference
    >;
  };
}

export type ManagedObjectType = keyof VimMethods;
export type MethodOf<Type extends ManagedObjectType> = keyof VimMethods[Type] & string;
export type ParametersOf<Type extends ManagedObjectType, Name extends MethodOf<Type>> =
  VimMethods[Type][Name] extends Method<infer Parameters, unknown> ? Parameters : never;
export type ResultOf<Type extends ManagedObjectType, Name extends MethodOf<Type>> =
  VimMethods[Type][Name] extends Method<unknown, infer Result> ? Result : never;

/** Since which version of vSphere, and the privilege that is asked for (OpenAPI file; pyvmomi's type table agrees). */
interface MethodFacts {
  readonly since: string;
  readonly privilege: Privilege;
}

const serverMethod = (since: string): MethodFacts => ({ since, privilege: PRIVILEGES.manageKeyServers });
const keyMethod = (since: string): MethodFacts => ({ since, privilege: PRIVILEGES.manageKeys });

export const CRYPTO_MANAGER_METHODS: Readonly<Record<keyof CryptoManagerKmipMethods, MethodFacts>> = {
  RegisterKmipServer: serverMethod('6.5'),
  UpdateKmipServer: serverMethod('6.5'),
  RemoveKmipServer: serverMethod('6.5'),
  ListKmipServers: serverMethod('6.5'),
  ListKmsClusters: serverMethod('7.0'),
  RegisterKmsCluster: serverMethod('7.0'),
  UnregisterKmsCluster: serverMethod('7.0'),
  MarkDefault: serverMethod('6.5'),
  SetDefaultKmsCluster: serverMethod('7.0'),
  GetDefaultKmsCluster: serverMethod('7.0'),
  IsKmsClusterActive: serverMethod('7.0'),
  RetrieveKmipServersStatus_Task: serverMethod('6.5'),
  RetrieveKmipServerCert: serverMethod('6.5'),
  UploadKmipServerCert: serverMethod('6.5'),
  GenerateSelfSignedClientCert: serverMethod('6.5'),
  RetrieveSelfSignedClientCert: serverMethod('6.5'),
  UpdateSelfSignedClientCert: serverMethod('6.5'),
  GenerateClientCsr: serverMethod('6.5'),
  RetrieveClientCsr: serverMethod('6.5'),
  UpdateKmsSignedCsrClientCert: serverMethod('6.5'),
  UploadClientCert: serverMethod('6.5'),
  RetrieveClientCert: serverMethod('6.5'),
  GenerateKey: keyMethod('6.5'),
  QueryCryptoKeyStatus: keyMethod('6.7.2'),
  SetKeyCustomAttributes: keyMethod('8.0.1'),
  ListKeys: keyMethod('6.5'),
  RemoveKey: keyMethod('6.5'),
  RemoveKeys: keyMethod('6.5'),
};
