import { randomUUID } from 'node:crypto';

import { type RunningService } from './running-service';

export interface ApiAnswer<T = Record<string, unknown>> {
  readonly status: number;
  readonly body: T;
  readonly etag: string | undefined;
  readonly location: string | undefined;
  readonly text: string;
}

interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
}

/** The tenant API of a running service as one of its callers uses it, about one instance. */
export class TenantApi {
  constructor(
    private readonly service: RunningService,
    private readonly token: string,
    readonly instanceId: string = service.connection.instance.id,
  ) {}

  /** @param path below the instance, such as `/keys` */
  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: object,
    { headers = {} }: CallOptions = {},
  ): Promise<ApiAnswer<T>> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const response = await fetch(`${this.service.connection.management.url}/v1/instances/${this.instanceId}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body !== undefined && { 'content-type': type }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.startsWith('application/json') === true;
    return {
      status: response.status,
      body: (json ? JSON.parse(text) : {}) as T,
      etag: response.headers.get('etag') ?? undefined,
      location: response.headers.get('location') ?? undefined,
      text,
    };
  }

  /** @throws Error unless it succeeds */
  async ok<T = Record<string, unknown>>(method: string, path: string, body?: object): Promise<T> {
    const answer = await this.call<T>(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  }

  /** Fingerprints of all client certificates of the instance, of which an inventory has to say something. */
  async clientCertificates(): Promise<readonly string[]> {
    const { client_certificates: found } = await this.ok<{
      client_certificates: readonly { readonly sha256_fingerprint: string }[];
    }>('GET', '/client_certificates?limit=100');
    return found.map(({ sha256_fingerprint: fingerprint }) => fingerprint);
  }
}

export const accountOf = ({ connection }: RunningService): string =>
  /:a\/([^:]+):/.exec(connection.instance.crn)?.[1] ?? '';

/** An instance of the demo account with nothing in it, and its manager's token. */
export async function emptyInstance(service: RunningService): Promise<TenantApi> {
  const { crn, id: demo } = service.connection.instance;
  const id = randomUUID();
  await service.admin('instance', 'create', '--crn', crn.replace(demo, id), '--name', 'empty');
  const resource = { serviceName: 'kmip-for-vmware', serviceInstance: id };
  await service.localCloud('POST', '/policies', { iamId: 'IBMid-DEMOMANAGER', roles: ['Manager'], resource });
  return new TenantApi(service, await service.token('manager'), id);
}

/** The API key of a new service ID with these roles on a key manager. */
export async function newApiKey(
  service: RunningService,
  resource: { readonly serviceName: string; readonly serviceInstance: string },
  roles: readonly string[],
  accountId = accountOf(service),
): Promise<string> {
  const { iamId } = await service.localCloud<{ iamId: string }>('POST', '/service-ids', { accountId });
  await service.localCloud('POST', '/policies', { iamId, roles, resource });
  return (await service.localCloud<{ apikey: string }>('POST', '/api-keys', { iamId })).apikey;
}
