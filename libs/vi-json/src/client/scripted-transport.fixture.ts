import type { ServiceContent } from '../types/service';
import { reference } from '../types/values';
import type { ViRequest, ViResponse, ViTransport } from './transport';

export const CONTENT: ServiceContent = {
  rootFolder: reference('Folder', 'group-d1'),
  propertyCollector: reference('PropertyCollector', 'propertyCollector'),
  viewManager: reference('ViewManager', 'ViewManager'),
  sessionManager: reference('SessionManager', 'SessionManager'),
  cryptoManager: reference('CryptoManagerKmip', 'CryptoManager'),
  about: {
    name: 'VMware vCenter Server',
    fullName: 'VMware vCenter Server 8.0.3 build-24322831',
    vendor: 'VMware, Inc.',
    version: '8.0.3',
    build: '24322831',
    osType: 'linux-x64',
    productLineId: 'vpx',
    apiType: 'VirtualCenter',
    apiVersion: '8.0.3.0',
  },
};

export function json(status: number, value: unknown, headers: Record<string, string> = {}): ViResponse {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(value) };
}

export const EMPTY: ViResponse = { status: 204, headers: {}, body: '' };

/** A vCenter of answers: each by the end of its path, functions asked with the request. What has none is a 404. */
export class ScriptedTransport implements ViTransport {
  readonly requests: ViRequest[] = [];
  closed = false;

  constructor(private readonly answers: Record<string, ViResponse | ((request: ViRequest) => ViResponse)>) {}

  /** One to which a session can be opened; `answers` come first. */
  static ready(answers: Record<string, ViResponse | ((request: ViRequest) => ViResponse)>): ScriptedTransport {
    let logins = 0;
    const usual = {
      'system?action=hello': json(200, { api_release: '8.0.3.0' }),
      '/ServiceInstance/content': json(200, CONTENT),
      '/Login': () => json(200, { key: 'session-key' }, { 'vmware-api-session-id': `token-${++logins}` }),
      '/Logout': EMPTY,
    };
    return new ScriptedTransport({
      ...answers,
      ...Object.fromEntries(Object.entries(usual).filter(([end]) => !(end in answers))),
    });
  }

  exchange(request: ViRequest): Promise<ViResponse> {
    this.requests.push(request);
    const found = Object.entries(this.answers).find(([end]) => request.path.endsWith(end))?.[1];
    const answer = typeof found === 'function' ? found(request) : found;
    return Promise.resolve(answer ?? { status: 404, headers: {}, body: '' });
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  /** Ends of the paths that were asked for, in order. */
  get calls(): readonly string[] {
    return this.requests.map(({ path }) => path.split('/').at(-1) ?? '');
  }
}
