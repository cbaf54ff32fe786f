import type {
  CertificateInfo,
  CertSignRequest,
  CryptoKeyId,
  CryptoKeyResult,
  CryptoKeyStatus,
  KeyProviderId,
  KmipClusterInfo,
  KmipClusterStatus,
  KmipServerInfo,
  ServerCertInfo,
} from '../types/crypto';
import type { MethodOf, ParametersOf, ResultOf } from '../types/methods';
import type { Pem } from '../types/values';
import { checked, CLUSTER_STATUSES } from './shapes';
import { taskResult } from './tasks';
import { readFault, ViFault } from './vi-fault';
import type { ViSession } from './vi-session';

export function providerId(id: string): KeyProviderId {
  return { _typeName: 'KeyProviderId', id };
}

export function cryptoKeyId(keyId: string, provider: string): CryptoKeyId {
  return { _typeName: 'CryptoKeyId', keyId, providerId: providerId(provider) };
}

export interface NewKmipServer {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly userName?: string;
  readonly password?: string;
}

/** The CryptoManagerKmip of one vCenter: key providers, their servers, certificates and keys. */
export class KeyProviders {
  constructor(private readonly session: ViSession) {}

  /** All of them, without a limit: 0 would be none. */
  async list(): Promise<readonly KmipClusterInfo[]> {
    return (await this.#call('ListKmipServers', {})) ?? [];
  }

  async find(provider: string): Promise<KmipClusterInfo | undefined> {
    return (await this.list()).find(({ clusterId }) => clusterId.id === provider);
  }

  /** The first server of a provider makes the provider. */
  async registerServer(provider: string, server: NewKmipServer): Promise<void> {
    await this.#call('RegisterKmipServer', { server: serverSpec(provider, server) });
  }

  /** Members that are left out keep their value; "" deletes a text. */
  async updateServer(provider: string, server: NewKmipServer): Promise<void> {
    await this.#call('UpdateKmipServer', { server: serverSpec(provider, server) });
  }

  async removeServer(provider: string, serverName: string): Promise<void> {
    await this.#call('RemoveKmipServer', { clusterId: providerId(provider), serverName });
  }

  async unregister(provider: string): Promise<void> {
    await this.#call('UnregisterKmsCluster', { clusterId: providerId(provider) });
  }

  /** System wide: takes the mark from whichever provider has it. */
  async makeDefault(provider: string): Promise<void> {
    await this.#call('MarkDefault', { clusterId: providerId(provider) });
  }

  async defaultProvider(): Promise<string | undefined> {
    return (await this.#call('GetDefaultKmsCluster', {}))?.id;
  }

  /** Sets the default back, or to none. */
  async setDefault(provider: string | undefined): Promise<void> {
    await this.#call('SetDefaultKmsCluster', provider === undefined ? {} : { clusterId: providerId(provider) });
  }

  /** vCenter opens TLS to the server itself. @returns undefined where it cannot reach it */
  async serverCertificate(provider: string, server: KmipServerInfo): Promise<ServerCertInfo | undefined> {
    const found = await this.#call('RetrieveKmipServerCert', { keyProvider: providerId(provider), server });
    return found.certificate === '' ? undefined : found;
  }

  async trustServerCertificate(provider: string, certificate: Pem): Promise<void> {
    await this.#call('UploadKmipServerCert', { cluster: providerId(provider), certificate });
  }

  /** The certificate that vCenter presents now; undefined where it has none. */
  async clientCertificate(provider: string): Promise<Pem | undefined> {
    return shown(await this.#call('RetrieveClientCert', { cluster: providerId(provider) }));
  }

  async newSelfSigned(provider: string, request?: CertSignRequest): Promise<Pem> {
    return await this.#call('GenerateSelfSignedClientCert', withRequest(provider, request));
  }

  async pendingSelfSigned(provider: string): Promise<Pem | undefined> {
    return shown(await this.#call('RetrieveSelfSignedClientCert', { cluster: providerId(provider) }));
  }

  async useSelfSigned(provider: string, certificate: Pem): Promise<void> {
    await this.#call('UpdateSelfSignedClientCert', { cluster: providerId(provider), certificate });
  }

  async newSigningRequest(provider: string, request?: CertSignRequest): Promise<Pem> {
    return await this.#call('GenerateClientCsr', withRequest(provider, request));
  }

  async useSigned(provider: string, certificate: Pem): Promise<void> {
    await this.#call('UpdateKmsSignedCsrClientCert', { cluster: providerId(provider), certificate });
  }

  async usePair(provider: string, certificate: Pem, privateKey: Pem): Promise<void> {
    await this.#call('UploadClientCert', { cluster: providerId(provider), certificate, privateKey });
  }

  /** How each server of a provider stands now: vCenter connects to each. */
  async status(info: KmipClusterInfo, signal?: AbortSignal): Promise<KmipClusterStatus | undefined> {
    const asked: KmipClusterInfo = {
      _typeName: 'KmipClusterInfo',
      clusterId: info.clusterId,
      useAsDefault: info.useAsDefault,
      ...(info.servers === undefined ? {} : { servers: info.servers }),
    };
    const task = await this.#call('RetrieveKmipServersStatus_Task', { clusters: [asked] });
    const result = await taskResult(this.session, task, signal === undefined ? {} : { signal });
    const call = 'CryptoManagerKmip.RetrieveKmipServersStatus_Task';
    const found = checked(result ?? [], CLUSTER_STATUSES, call) as readonly KmipClusterStatus[];
    return found.find(({ clusterId }) => clusterId.id === info.clusterId.id);
  }

  /** Makes a key at the key server. Attributes show who asked for it (8.0.1 and later). @throws ViFault */
  async generateKey(provider: string, attributes: Readonly<Record<string, string>> = {}): Promise<CryptoKeyId> {
    const pairs = Object.entries(attributes).map(([key, value]) => ({ _typeName: 'KeyValue' as const, key, value }));
    const result = await this.#call('GenerateKey', {
      keyProvider: providerId(provider),
      ...(pairs.length === 0 ? {} : { spec: { _typeName: 'CryptoManagerKmipCustomAttributeSpec', attributes: pairs } }),
    });
    return keyOf(result);
  }

  async keyStatus(keys: readonly CryptoKeyId[], bits: number): Promise<readonly CryptoKeyStatus[]> {
    if (keys.length === 0) return [];
    return (await this.#call('QueryCryptoKeyStatus', { keyIds: keys, checkKeyBitMap: bits })) ?? [];
  }

  async listKeys(): Promise<readonly CryptoKeyId[]> {
    return (await this.#call('ListKeys', {})) ?? [];
  }

  /** vCenter forgets the key, which a VM or host that uses it refuses; the key server keeps it. */
  async forgetKey(key: CryptoKeyId): Promise<void> {
    await this.#call('RemoveKey', { key, force: false });
  }

  async #call<Name extends MethodOf<'CryptoManagerKmip'>>(
    name: Name,
    parameters: ParametersOf<'CryptoManagerKmip', Name>,
  ): Promise<ResultOf<'CryptoManagerKmip', Name>> {
    const { cryptoManager } = this.session.content;
    if (cryptoManager === undefined) throw new Error('vCenter has no CryptoManager');
    return await this.session.call<'CryptoManagerKmip', Name>(cryptoManager, 'CryptoManagerKmip', name, parameters);
  }
}

/** "" where there is none, or nothing at all. */
const shown = (pem: Pem | null): Pem | undefined => (pem === null || pem === '' ? undefined : pem);

function withRequest(provider: string, request: CertSignRequest | undefined) {
  const cluster = { cluster: providerId(provider) };
  return request === undefined
    ? cluster
    : { ...cluster, request: { ...request, _typeName: 'CryptoManagerKmipCertSignRequest' as const } };
}

function serverSpec(provider: string, { password, ...info }: NewKmipServer) {
  return {
    _typeName: 'KmipServerSpec' as const,
    clusterId: providerId(provider),
    info: { _typeName: 'KmipServerInfo' as const, ...info },
    ...(password === undefined ? {} : { password }),
  };
}

/** A 200 may be a failure, and then says so in its members. */
function keyOf(result: CryptoKeyResult): CryptoKeyId {
  if (result.success) return result.keyId;
  const call = 'CryptoManagerKmip.GenerateKey';
  const faultstring = result.reason ?? '';
  const read = readFault(result.fault, call)?.fault;
  throw new ViFault({ ...read, _typeName: read?._typeName ?? 'MethodFault', faultstring }, call);
}

/** Days until the end of a certificate, negative once it has passed; never from `secondsBeforeExpire`, an int32. */
export function daysLeft(info: CertificateInfo, now: Date): number {
  return Math.floor((Date.parse(info.notAfter) - now.getTime()) / 86_400_000);
}
