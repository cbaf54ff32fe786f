import {
  type CryptoKeyId,
  type KmipClusterInfo,
  type KmipServerInfo,
  reference,
  type ViRequest,
  type ViResponse,
  ViSession,
  type ViTransport,
} from '@lib/vi-json';

import { sha256Of } from '../certificates';

type Body = Record<string, never> & {
  server: { clusterId: { id: string }; info: KmipServerInfo };
  clusterId?: { id: string };
  cluster: { id: string };
  keyProvider: { id: string };
  serverName: string;
  certificate: string;
  keyIds: CryptoKeyId[];
  privId: string[];
  spec?: { attributes: { key: string; value: string }[] };
};

/** A method and what a 200 holds; nothing for a 204. */
type Methods = Readonly<Record<string, (body: Body) => unknown>>;

interface FakeProvider {
  servers: KmipServerInfo[];
  trusted: Set<string>;
  client: string;
  pending: string;
  managementType?: KmipClusterInfo['managementType'];
  defaultKeyType?: string;
}

/**
 * The key providers of a vCenter in memory, for what the steps do with them. How a whole vCenter behaves is the stand-in's
 * (apps/local-vcenter); here each call can be made to fail.
 */
export class FakeVCenter implements ViTransport {
  readonly providers = new Map<string, FakeProvider>();
  readonly keys: CryptoKeyId[] = [];
  readonly calls: string[] = [];
  lacking: readonly string[] = [];
  default: string | undefined;
  /** A server turns green by the second look, as a real one may. */
  #looks = 0;
  /** Method to fault: refused before anything is done. */
  readonly refused = new Map<string, object>();
  /** What a server presents, by address and port; one that is not here cannot be reached. */
  readonly presented = new Map<string, string>();
  /** Before and after each request is carried out; throws to cut it. */
  cut: () => void = () => undefined;

  constructor(
    private readonly pems: { readonly selfSigned: () => string; readonly signingRequest: string },
    private readonly trustsClient: (pem: string) => boolean,
    private readonly makeKey: (attributes: Readonly<Record<string, string>>) => string,
  ) {}

  async session(): Promise<ViSession> {
    return await ViSession.open({ transport: this, credentials: { userName: 'administrator', password: 'x' } });
  }

  /** What a test compares before and after. */
  snapshot(): unknown {
    const providers = Array.from(this.providers, ([id, { servers, client }]) => ({ id, servers, client }));
    return structuredClone({ providers, default: this.default });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  exchange(request: ViRequest): Promise<ViResponse> {
    const name = request.path.split('/').at(-1) ?? '';
    this.calls.push(name);
    this.cut();
    const fault = this.refused.get(name);
    if (fault !== undefined) return Promise.resolve(answer(500, fault));
    const result = this.#perform(name, JSON.parse(request.body ?? '{}') as Body, request.path);
    this.cut();
    return Promise.resolve(result === undefined ? { status: 204, headers: {}, body: '' } : result);
  }

  #perform(name: string, body: Body, path: string): ViResponse | undefined {
    if (name.startsWith('system?')) return answer(200, { api_release: '9.0.0.0' });
    if (name === 'content') return answer(200, CONTENT);
    if (name === 'Login') return answer(200, { key: 'k', userName: 'VSPHERE.LOCAL\\Administrator' }, 'token');
    if (name === 'HasPrivilegeOnEntities') {
      const privAvailability = body.privId.map((privId) => ({ privId, isGranted: !this.lacking.includes(privId) }));
      return answer(200, [{ entity: CONTENT.rootFolder, privAvailability }]);
    }
    const method = { ...this.#servers, ...this.#certificates, ...this.#keys }[name];
    if (method === undefined) throw new Error(`the fake vCenter has no ${path}`);
    const result = method(body);
    return result === undefined ? undefined : answer(200, result);
  }

  readonly #servers: Methods = {
    ListKmipServers: () => this.#list(),
    RegisterKmipServer: ({ server: { clusterId, info } }) => {
      const empty: FakeProvider = { servers: [], trusted: new Set(), client: '', pending: '' };
      const provider = this.providers.get(clusterId.id) ?? empty;
      if (provider.servers.some(({ name }) => name === info.name)) throw new Error(`${info.name} is there already`);
      provider.servers.push(info);
      this.providers.set(clusterId.id, provider);
    },
    UpdateKmipServer: ({ server: { clusterId, info } }) => {
      const { servers } = this.#provider(clusterId.id);
      const index = servers.findIndex(({ name }) => name === info.name);
      servers[index] = withoutEmpty({ ...servers[index], ...info });
    },
    RemoveKmipServer: ({ clusterId, serverName }) => {
      const provider = this.#provider(clusterId?.id ?? '');
      provider.servers = provider.servers.filter(({ name }) => name !== serverName);
    },
    UnregisterKmsCluster: ({ clusterId }) => void this.providers.delete(clusterId?.id ?? ''),
    MarkDefault: ({ clusterId }) => void (this.default = clusterId?.id),
    SetDefaultKmsCluster: ({ clusterId }) => void (this.default = clusterId?.id),
    GetDefaultKmsCluster: () => (this.default === undefined ? null : { id: this.default }),
  };

  readonly #certificates: Methods = {
    RetrieveKmipServerCert: ({ server, keyProvider }) => {
      const { address, port } = server as unknown as KmipServerInfo;
      const certificate = this.presented.get(`${address}:${port}`) ?? '';
      const trusted = this.providers.get(keyProvider.id)?.trusted;
      return { certificate, clientTrustServer: trusted?.has(certificate) === true };
    },
    UploadKmipServerCert: ({ cluster, certificate }) => void this.#provider(cluster.id).trusted.add(certificate),
    RetrieveClientCert: ({ cluster }) => this.#provider(cluster.id).client,
    RetrieveSelfSignedClientCert: ({ cluster }) => this.#provider(cluster.id).pending,
    GenerateSelfSignedClientCert: ({ cluster }) => (this.#provider(cluster.id).pending = this.pems.selfSigned()),
    GenerateClientCsr: () => this.pems.signingRequest,
    UpdateSelfSignedClientCert: (body) => this.#present(body),
    UpdateKmsSignedCsrClientCert: (body) => this.#present(body),
    UploadClientCert: (body) => this.#present(body),
  };

  #present({ cluster, certificate }: Body): void {
    this.#provider(cluster.id).client = certificate;
  }

  readonly #keys: Methods = {
    RetrieveKmipServersStatus_Task: () => reference('Task', 'task-1'),
    RetrievePropertiesEx: () => ({ objects: [{ obj: reference('Task', 'task-1'), propSet: [this.#statusTask()] }] }),
    GenerateKey: ({ keyProvider, spec }) => {
      const attributes = Object.fromEntries((spec?.attributes ?? []).map(({ key, value }) => [key, value]));
      const keyId = { keyId: this.makeKey(attributes), providerId: keyProvider };
      this.keys.push(keyId);
      return { keyId, success: true };
    },
    QueryCryptoKeyStatus: ({ keyIds }) => keyIds.map((keyId) => ({ keyId, keyAvailable: true })),
    RemoveKey: () => void this.keys.pop(),
  };

  #statusTask(): unknown {
    const result = Array.from(this.providers, ([id, provider]) => ({
      clusterId: { id },
      servers: provider.servers.map(({ name, address, port }) => {
        const shown = this.presented.get(`${address}:${port}`);
        const clientTrustServer = shown !== undefined && provider.trusted.has(shown);
        const serverTrustClient = provider.client !== '' && this.trustsClient(sha256Of(provider.client));
        const green = clientTrustServer && serverTrustClient && ++this.#looks > 2;
        return {
          name,
          status: green ? 'green' : 'red',
          connectionStatus: green ? 'Connected' : 'Not connected',
          clientTrustServer,
          serverTrustClient,
        };
      }),
    }));
    const val = { task: reference('Task', 'task-1'), descriptionId: 'status', state: 'success', result };
    return { name: 'info', val };
  }

  #list(): readonly KmipClusterInfo[] {
    return Array.from(this.providers, ([id, { servers, managementType = 'vCenter', defaultKeyType }]) => ({
      clusterId: { id },
      servers,
      managementType,
      useAsDefault: this.default === id,
      ...(defaultKeyType === undefined ? {} : { defaultKeyType }),
    }));
  }

  #provider(id: string): FakeProvider {
    const found = this.providers.get(id);
    if (found === undefined) throw new Error(`the fake vCenter has no provider ${id}`);
    return found;
  }
}

const CONTENT = {
  rootFolder: reference('Folder', 'group-d1'),
  propertyCollector: reference('PropertyCollector', 'propertyCollector'),
  sessionManager: reference('SessionManager', 'SessionManager'),
  authorizationManager: reference('AuthorizationManager', 'AuthorizationManager'),
  cryptoManager: reference('CryptoManagerKmip', 'CryptoManager'),
  about: { apiType: 'VirtualCenter', fullName: 'VMware vCenter Server 8.0.3', version: '8.0.3', build: '24322831' },
};

function answer(status: number, value: unknown, token?: string): ViResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'vmware-api-session-id': token },
    body: JSON.stringify(value ?? null),
  };
}

function withoutEmpty(server: KmipServerInfo): KmipServerInfo {
  const entries = Object.entries(server).filter(([, value]) => value !== '');
  return Object.fromEntries(entries) as unknown as KmipServerInfo;
}
