import type { FaultInData, MethodFault } from './faults';
import type { DataObject, DateTime, KeyValue, ManagedObjectReference, Pem } from './values';

/** T:52317. The name of the provider; it is written into every encrypted VM. */
export interface KeyProviderId extends DataObject<'KeyProviderId'> {
  readonly id: string;
}

/** T:17502. `keyId` "" asks vCenter to make a key; without a provider the default one is meant. */
export interface CryptoKeyId extends DataObject<'CryptoKeyId'> {
  readonly keyId: string;
  readonly providerId?: KeyProviderId;
}

/** T:27993: what a VM operation without its key ends with. */
export interface EncryptionKeyRequiredFault extends MethodFault {
  readonly _typeName: 'EncryptionKeyRequired';
  readonly requiredKey?: readonly CryptoKeyId[];
}

/** T:52431. To delete an entry send "" for strings, -1 for numbers: what is left out keeps its value. */
export interface KmipServerInfo extends DataObject<'KmipServerInfo'> {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly proxyAddress?: string;
  readonly proxyPort?: number;
  readonly reconnect?: number;
  readonly protocol?: string;
  readonly nbio?: number;
  /** Seconds; -1 none, 0 infinite. */
  readonly timeout?: number;
  readonly userName?: string;
}

/** T:52476. The password is never returned, so a change of it cannot be seen. */
export interface KmipServerSpec extends DataObject<'KmipServerSpec'> {
  readonly clusterId: KeyProviderId;
  readonly info: KmipServerInfo;
  readonly password?: string;
  /** 9.0: rawKey or wrappedKey. */
  readonly defaultKeyType?: string;
}

/** E:7964. `vCenter` is a standard key provider. */
export type ManagementType = 'unknown' | 'vCenter' | 'trustAuthority' | 'nativeProvider';

/** T:52348 */
export interface KmipClusterInfo extends DataObject<'KmipClusterInfo'> {
  readonly clusterId: KeyProviderId;
  readonly servers?: readonly KmipServerInfo[];
  readonly useAsDefault: boolean;
  readonly managementType?: ManagementType;
  readonly useAsEntityDefault?: readonly ManagedObjectReference[];
  readonly hasBackup?: boolean;
  readonly tpmRequired?: boolean;
  readonly keyId?: string;
  /** 9.0: rawKey or wrappedKey. A release of 8.0 in the path hides it [inferred]. */
  readonly defaultKeyType?: string;
}

/** T:17626. All are optional; `country` has two letters. Since 8.0.1. */
export interface CertSignRequest extends DataObject<'CryptoManagerKmipCertSignRequest'> {
  readonly commonName?: string;
  readonly organization?: string;
  readonly organizationUnit?: string;
  readonly locality?: string;
  readonly state?: string;
  readonly country?: string;
  readonly email?: string;
}

/** T:17668. `fingerprint` is SHA-1, separators and case are not established. */
export interface CertificateInfo extends DataObject<'CryptoManagerKmipCertificateInfo'> {
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
  readonly notBefore: DateTime;
  readonly notAfter: DateTime;
  readonly fingerprint: string;
  readonly checkTime: DateTime;
  readonly secondsSinceValid?: number;
  /** int32; negative when expired. Count days from `notAfter`. */
  readonly secondsBeforeExpire?: number;
}

/** T:17834. An unreachable server is no fault: `certificate` is "". */
export interface ServerCertInfo extends DataObject<'CryptoManagerKmipServerCertInfo'> {
  readonly certificate: Pem;
  readonly certInfo?: CertificateInfo;
  readonly clientTrustServer?: boolean;
}

/** E:8428 */
export type ManagedEntityStatus = 'gray' | 'green' | 'yellow' | 'red';

/** T:17850. Decide by the colour and the two flags; `connectionStatus` is free text, shown as it is. */
export interface KmipServerStatus extends DataObject<'CryptoManagerKmipServerStatus'> {
  readonly name: string;
  readonly status: ManagedEntityStatus;
  readonly connectionStatus: string;
  readonly certInfo?: CertificateInfo;
  readonly clientTrustServer?: boolean;
  readonly serverTrustClient?: boolean;
}

/** T:17704 */
export interface KmipClusterStatus extends DataObject<'CryptoManagerKmipClusterStatus'> {
  readonly clusterId: KeyProviderId;
  readonly overallStatus?: ManagedEntityStatus;
  readonly managementType?: ManagementType;
  readonly servers: readonly KmipServerStatus[];
  readonly clientCertInfo?: CertificateInfo;
}

/** T:17804. Since 8.0.1. */
export interface CustomAttributeSpec extends DataObject<'CryptoManagerKmipCustomAttributeSpec'> {
  readonly attributes?: readonly KeyValue[];
}

/** T:17537. A 200 with `success` false is a failure. Its `keyId.keyId` then is "" [inferred]. */
export interface CryptoKeyResult extends DataObject<'CryptoKeyResult'> {
  readonly keyId: CryptoKeyId;
  readonly success: boolean;
  readonly reason?: string;
  readonly fault?: FaultInData;
}

/** What QueryCryptoKeyStatus is asked for; members whose bit was not asked mean nothing. */
export const KEY_STATUS_BITS = { available: 1, virtualMachines: 2, hosts: 4, thirdParties: 8 } as const;

/** E:1654. Native and permission since 8.0.3, Wrapping* since 9.0. */
export const KEY_UNAVAILABLE_REASONS = [
  'KeyStateMissingInCache',
  'KeyStateClusterInvalid',
  'KeyStateClusterUnreachable',
  'KeyStateMissingInKMS',
  'KeyStateNotActiveOrEnabled',
  'KeyStateManagedByTrustAuthority',
  'KeyStateManagedByNKP',
  'NoPermissionToAccessKeyProvider',
  'WrappingKeyMissingInKMS',
  'WrappingKeyNotActiveOrEnabled',
] as const;

/** T:17726 */
export interface CryptoKeyStatus extends DataObject<'CryptoManagerKmipCryptoKeyStatus'> {
  readonly keyId: CryptoKeyId;
  readonly keyAvailable?: boolean;
  readonly reason?: string;
  readonly encryptedVMs?: readonly ManagedObjectReference[];
  readonly affectedHosts?: readonly ManagedObjectReference[];
  readonly referencedByTags?: readonly string[];
}

/** Polymorphic, so `_typeName` is mandatory (T:17883-17941). */
export type CryptoSpec =
  | { readonly _typeName: 'CryptoSpecEncrypt'; readonly cryptoKeyId: CryptoKeyId }
  | { readonly _typeName: 'CryptoSpecDecrypt' }
  | { readonly _typeName: 'CryptoSpecShallowRecrypt'; readonly newKeyId: CryptoKeyId }
  | { readonly _typeName: 'CryptoSpecDeepRecrypt'; readonly newKeyId: CryptoKeyId }
  | { readonly _typeName: 'CryptoSpecNoOp' }
  | { readonly _typeName: 'CryptoSpecRegister'; readonly cryptoKeyId: CryptoKeyId };
