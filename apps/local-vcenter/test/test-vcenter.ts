import { X509Certificate } from 'node:crypto';
import { request } from 'node:https';

import { type CryptoKeyId, type CryptoKeyResult, type KmipClusterStatus, type TaskInfo } from '@lib/vi-json';

import { createLocalVcenter, type LocalVcenter, type LocalVcenterOptions } from '../src/local-vcenter';
import { type SettingsRow } from '../src/rows';
import { type KmipServer } from './kmip-server.fixture';

export const PASSWORD = 'a password for tests';

/** Of the first one; the others of a suite need no certificates of their own. */
let settings: SettingsRow | undefined;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Parsed JSON, or the text when it is none; undefined for an empty one. */
  readonly body: unknown;
}

export interface SendOptions {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The stand-in in this process, with the calls that the suites need. */
export class TestVcenter {
  #token: string | undefined;

  private constructor(readonly vcenter: LocalVcenter) {}

  static async start(options: Partial<LocalVcenterOptions> = {}): Promise<TestVcenter> {
    const vcenter = await createLocalVcenter({ password: PASSWORD, settings, ...options });
    settings ??= vcenter.center.store.get('settings', 'settings');
    return new TestVcenter(await vcenter.start());
  }

  close(): Promise<void> {
    return this.vcenter.close();
  }

  send(method: string, path: string, { body, headers = {} }: SendOptions = {}): Promise<Answer> {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        `${this.vcenter.url}${path}`,
        {
          method,
          rejectUnauthorized: false,
          headers: { ...(text !== undefined && { 'content-type': 'application/json' }), ...headers },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', reject);
          incoming.on('end', () =>
            resolve({
              status: incoming.statusCode ?? 0,
              headers: incoming.headers,
              body: parsed(Buffer.concat(chunks).toString()),
            }),
          );
        },
      );
      outgoing.on('error', reject);
      outgoing.end(text);
    });
  }

  async admin<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.send(method, `/admin${path}`, body === undefined ? {} : { body });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  }

  /** @returns the token, which later calls send */
  async login(userName = 'administrator@vsphere.local', password = PASSWORD): Promise<string> {
    this.#token = undefined;
    const answer = await this.post('SessionManager/SessionManager/Login', { userName, password });
    if (answer.status !== 200) throw new Error(`login: ${JSON.stringify(answer.body)}`);
    this.#token = String(answer.headers['vmware-api-session-id']);
    return this.#token;
  }

  async loginWithout(...without: readonly string[]): Promise<void> {
    await this.admin('PUT', '/users/limited@vsphere.local', { password: PASSWORD, without });
    await this.login('limited@vsphere.local');
  }

  /** @param path `{MoType}/{moId}/{name}` */
  post(path: string, body?: unknown, release = '8.0.3.0'): Promise<Answer> {
    return this.send('POST', `/sdk/vim25/${release}/${path}`, { body, headers: this.#headers() });
  }

  get(path: string, release = '8.0.3.0'): Promise<Answer> {
    return this.send('GET', `/sdk/vim25/${release}/${path}`, { headers: this.#headers() });
  }

  /** A method of CryptoManagerKmip. */
  crypto(method: string, body?: unknown): Promise<Answer> {
    return this.post(`CryptoManagerKmip/CryptoManager/${method}`, body);
  }

  /** Like `post`, for calls that must work. */
  async call<T>(path: string, body?: unknown): Promise<T> {
    const answer = await this.post(path, body);
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  }

  async advance(seconds: number): Promise<void> {
    await this.admin('POST', '/clock', { advanceSeconds: seconds });
  }

  /** The end of a task, whichever it is. */
  async ended(task: unknown): Promise<TaskInfo> {
    const { value } = task as { value: string };
    for (;;) {
      const info = (await this.get(`Task/${value}/info`)).body as TaskInfo;
      if (info.state === 'success' || info.state === 'error') return info;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Everything an administrator does until a provider is Connected. */
  async connect(id: string, ...servers: readonly KmipServer[]): Promise<void> {
    const cluster = { id };
    for (const [index, server] of servers.entries()) {
      await this.call('CryptoManagerKmip/CryptoManager/RegisterKmipServer', {
        server: { clusterId: cluster, info: serverInfo(server, `${id}-${index + 1}`) },
      });
      await this.call('CryptoManagerKmip/CryptoManager/UploadKmipServerCert', {
        cluster,
        certificate: server.certificatePem,
      });
    }
    const certificate = await this.call<string>('CryptoManagerKmip/CryptoManager/GenerateSelfSignedClientCert', {
      cluster,
    });
    for (const server of servers) server.allow(new X509Certificate(certificate).fingerprint256);
    await this.call('CryptoManagerKmip/CryptoManager/UpdateSelfSignedClientCert', { cluster, certificate });
  }

  async status(id: string): Promise<KmipClusterStatus> {
    const clusters = [{ clusterId: { id }, useAsDefault: false }];
    const task = await this.call('CryptoManagerKmip/CryptoManager/RetrieveKmipServersStatus_Task', { clusters });
    const { result } = await this.ended(task);
    const [status] = (result as { _value: KmipClusterStatus[] })._value;
    if (status === undefined) throw new Error(`no status of ${id}`);
    return status;
  }

  async generateKey(id: string): Promise<CryptoKeyId> {
    const result = await this.call<CryptoKeyResult>('CryptoManagerKmip/CryptoManager/GenerateKey', {
      keyProvider: { id },
    });
    if (!result.success) throw new Error(result.reason);
    return result.keyId;
  }

  #headers(): Readonly<Record<string, string>> {
    return this.#token === undefined ? {} : { 'vmware-api-session-id': this.#token };
  }
}

export const serverInfo = ({ port }: KmipServer, name: string) => ({ name, address: '127.0.0.1', port });

function parsed(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
