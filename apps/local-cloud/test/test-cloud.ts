import { createLocalCloud, type LocalCloud, type LocalCloudOptions } from '../src/local-cloud';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON, or the text when it is none. */
  readonly body: unknown;
}

export interface Tenant {
  readonly account: { readonly id: string };
  readonly instance: {
    readonly id: string;
    readonly crn: string;
    readonly endpoints: { public: string; private: string };
  };
  readonly rootKey: { readonly id: string; readonly crn: string };
  readonly serviceId: { readonly iamId: string };
  readonly apiKey: { readonly id: string; readonly apikey: string };
  readonly iamUrl: string;
  readonly resourceControllerUrl: string;
}

export interface CallOptions {
  readonly token?: string;
  readonly instance?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly private?: boolean;
}

/** The local cloud in this process, with the calls that the suites need. */
export class TestCloud {
  private constructor(readonly cloud: LocalCloud) {}

  static async start(options: LocalCloudOptions = {}): Promise<TestCloud> {
    return new TestCloud(await (await createLocalCloud(options)).start());
  }

  close(): Promise<void> {
    return this.cloud.close();
  }

  async admin(method: string, path: string, body?: object): Promise<Answer> {
    return send(`${this.cloud.adminUrl}${path}`, method, body);
  }

  /** Like `admin`, for calls that must work. */
  async setUp<T = unknown>(method: string, path: string, body?: object): Promise<T> {
    const answer = await this.admin(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  }

  seed(body: object = {}): Promise<Tenant> {
    return this.setUp<Tenant>('POST', '/seed', body);
  }

  async advance(seconds: number): Promise<void> {
    await this.setUp('POST', '/clock', { advanceSeconds: seconds });
  }

  async tokenOf(iamId: string): Promise<string> {
    return (await this.setUp<{ access_token: string }>('POST', '/tokens', { iamId })).access_token;
  }

  /** A new user who holds these roles on the tenant's instance, narrowed by `resource`. */
  async userWith(tenant: Tenant, roles: readonly string[], resource: object = {}): Promise<string> {
    const user = await this.setUp<{ iamId: string }>('POST', '/users', { accountId: tenant.account.id });
    if (roles.length > 0) {
      const scope = { serviceInstance: tenant.instance.id, ...resource };
      await this.setUp('POST', '/policies', { iamId: user.iamId, roles, resource: scope });
    }
    return this.tokenOf(user.iamId);
  }
}

/** The keys API of one tenant, as one caller. */
export class KmsClient {
  constructor(
    readonly tenant: Tenant,
    readonly token: string,
  ) {}

  call(method: string, path: string, body?: object | string, options: CallOptions = {}): Promise<Answer> {
    const { endpoints, id } = this.tenant.instance;
    const instance = options.instance === undefined ? id : options.instance;
    return send(`${options.private ? endpoints.private : endpoints.public}/api/v2${path}`, method, body, {
      authorization: `Bearer ${options.token ?? this.token}`,
      ...(instance !== null && { 'bluemix-instance': instance }),
      ...options.headers,
    });
  }

  async create(resource: object, headers: Readonly<Record<string, string>> = {}): Promise<string> {
    const answer = await this.call('POST', '/keys', envelope(resource), { headers });
    if (answer.status !== 201) throw new Error(`create: ${answer.status} ${JSON.stringify(answer.body)}`);
    return firstResource(answer)['id'] as string;
  }
}

export const envelope = (...resources: object[]): object => ({
  metadata: { collectionType: 'application/vnd.ibm.kms.key+json', collectionTotal: resources.length },
  resources,
});

export const resourcesOf = (answer: Answer): Record<string, unknown>[] =>
  (answer.body as { resources?: Record<string, unknown>[] }).resources ?? [];

export const firstResource = (answer: Answer): Record<string, unknown> => resourcesOf(answer)[0] ?? {};

/** Reason code of an error of the keys API; undefined when it has none. */
export function reasonOf(answer: Answer): string | undefined {
  const reasons = firstResource(answer)['reasons'] as { code: string }[] | undefined;
  return reasons?.[0]?.code;
}

export async function send(
  url: string,
  method: string,
  body?: object | string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
