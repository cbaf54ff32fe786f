import { type Declarations } from './type-table';

/** vim.encryption (govmomi vim25/types/types.go; reference page, 2.1). 9.0's members are not 8.0.3's. */
export const KMIP_TYPES: Declarations = {
  KeyProviderId: 'id: string',
  CryptoKeyId: 'keyId: string, providerId?: KeyProviderId',
  CryptoKeyPlain: 'keyId: CryptoKeyId, algorithm: string, keyData: string',
  CryptoKeyResult: 'keyId: CryptoKeyId, success: boolean, reason?: string, fault?: MethodFault @7.0.1',
  KmipServerInfo:
    'name: string, address: string, port: int, proxyAddress?: string, proxyPort?: int, reconnect?: int, protocol?: string, nbio?: int, timeout?: int, userName?: string',
  KmipServerSpec: 'clusterId: KeyProviderId, info: KmipServerInfo, password?: string',
  KmipClusterInfo:
    'clusterId: KeyProviderId, servers?: KmipServerInfo[], useAsDefault: boolean, managementType?: string @7.0, useAsEntityDefault?: ManagedObjectReference[] @7.0, hasBackup?: boolean @7.0.2, tpmRequired?: boolean @7.0.2, keyId?: string @7.0.2',
  CryptoManagerKmipCertSignRequest:
    'commonName?: string @8.0.1, organization?: string @8.0.1, organizationUnit?: string @8.0.1, locality?: string @8.0.1, state?: string @8.0.1, country?: string @8.0.1, email?: string @8.0.1',
  CryptoManagerKmipCertificateInfo:
    'subject: string, issuer: string, serialNumber: string, notBefore: dateTime, notAfter: dateTime, fingerprint: string, checkTime: dateTime, secondsSinceValid?: int, secondsBeforeExpire?: int',
  CryptoManagerKmipServerCertInfo:
    'certificate: string, certInfo?: CryptoManagerKmipCertificateInfo, clientTrustServer?: boolean',
  CryptoManagerKmipServerStatus:
    'name: string, status: ManagedEntityStatus, connectionStatus: string, certInfo?: CryptoManagerKmipCertificateInfo, clientTrustServer?: boolean, serverTrustClient?: boolean',
  CryptoManagerKmipClusterStatus:
    'clusterId: KeyProviderId, overallStatus?: ManagedEntityStatus @7.0, managementType?: string @7.0, servers: CryptoManagerKmipServerStatus[], clientCertInfo?: CryptoManagerKmipCertificateInfo',
  CryptoManagerKmipCustomAttributeSpec: 'attributes?: KeyValue[] @8.0.1',
  CryptoManagerKmipCryptoKeyStatus:
    'keyId: CryptoKeyId @6.7.2, keyAvailable?: boolean @6.7.2, reason?: string @6.7.2, encryptedVMs?: ManagedObjectReference[] @6.7.2, affectedHosts?: ManagedObjectReference[] @6.7.2, referencedByTags?: string[] @6.7.2',
  CryptoManagerHostKeyStatus:
    'keyId: CryptoKeyId @8.0.1, present: boolean @8.0.1, managementType?: string @8.0.1, accessGranted?: boolean @8.0.3',
  'CryptoSpec*': '',
  'CryptoSpecEncrypt < CryptoSpec': 'cryptoKeyId: CryptoKeyId',
  'CryptoSpecDecrypt < CryptoSpec': '',
  'CryptoSpecShallowRecrypt < CryptoSpec': 'newKeyId: CryptoKeyId',
  'CryptoSpecDeepRecrypt < CryptoSpec': 'newKeyId: CryptoKeyId',
  'CryptoSpecNoOp < CryptoSpec': '',
  'CryptoSpecRegister < CryptoSpecNoOp': 'cryptoKeyId: CryptoKeyId',
};
