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
}
