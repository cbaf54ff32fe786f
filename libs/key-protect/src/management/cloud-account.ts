import IamIdentityV1 from '@ibm-cloud/platform-services/iam-identity/v1';
import ResourceControllerV2 from '@ibm-cloud/platform-services/resource-controller/v2';
import { type Secret } from '@lib/kernel';
import { KeyManagerError } from '@lib/key-manager';
import { BearerTokenAuthenticator } from 'ibm-cloud-sdk-core';
import { z } from 'zod';

import { hpcs, keyProtect } from '../drivers';
import { iamTokenRequest, type TokenRequest } from '../iam/request-token';

/** What IAM knows of an API key. */
export interface ApiKeyRecord {
  readonly name: string;
  readonly iamId: string;
  readonly accountId: string;
  /** False for a person's key, which dies with the person's access. */
  readonly ofServiceId: boolean;
  readonly locked: boolean;
  readonly disabled: boolean;
  readonly expiresAt?: Date;
}

/** A Key Protect or HPCS instance as the resource controller shows it. */
export interface KeyManagerInstance {
  readonly guid: string;
  readonly crn: string;
  readonly name: string;
  readonly kind: (typeof DRIVERS)[number]['kind'];
  readonly region: string;
  readonly state: string;
  /** To be checked before use, like everything that comes from outside. */
  readonly endpoints: { readonly public?: string; readonly private?: string };
}

export interface CloudAccountOptions {
  /** Base addresses, from configuration. */
  readonly iamUrl: string;
  readonly resourceControllerUrl: string;
  readonly timeoutMs?: number;
  readonly requestToken?: TokenRequest;
}

const TIMEOUT_MS = 5_000;
const PAGE_SIZE = 100;
const MAXIMUM_PAGES = 20;
const SERVICE_ID = 'iam-ServiceId-';
const DRIVERS = [keyProtect, hpcs] as const;

const apiKeyAnswer = z.object({
  name: z.string().default(''),
  iam_id: z.string(),
  account_id: z.string(),
  locked: z.boolean().default(false),
  disabled: z.boolean().default(false),
  expires_at: z.string().optional(),
});

const endpointText = z.string().optional().catch(undefined);
const instanceAnswer = z.object({
  guid: z.string(),
  crn: z.string(),
  name: z.string().default(''),
  state: z.string().default(''),
  extensions: z
    .object({ endpoints: z.object({ public: endpointText, private: endpointText }).optional() })
    .optional()
    .catch(undefined),
});

const instancePage = z.object({ resources: z.array(instanceAnswer).default([]), next_url: z.string().nullish() });
const sdkError = z.object({ status: z.number().optional(), statusText: z.string().optional() });

/** What one API key shows of its account. For setting up a binding, never on the path of a key. */
export class CloudAccount {
  private constructor(
    private readonly apiKey: Secret,
    private readonly identity: IamIdentityV1,
    private readonly resources: ResourceControllerV2,
  ) {}

  /** Signs in with the key, which stays the caller's to wipe. @throws KeyManagerError */
  static async open(options: CloudAccountOptions, apiKey: Secret): Promise<CloudAccount> {
    const { iamUrl, resourceControllerUrl, timeoutMs = TIMEOUT_MS } = options;
    const requestToken = options.requestToken ?? iamTokenRequest(iamUrl);
    const { accessToken } = await requestToken(apiKey, AbortSignal.timeout(timeoutMs));
    const authenticator = new BearerTokenAuthenticator({ bearerToken: accessToken });
    // A redirect would carry the token elsewhere; the SDK's own retries stay off.
    const common = { authenticator, timeout: timeoutMs, maxRedirects: 0, proxy: false as const };
    return new CloudAccount(
      apiKey,
      new IamIdentityV1({ ...common, serviceUrl: iamUrl }),
      new ResourceControllerV2({ ...common, serviceUrl: resourceControllerUrl }),
    );
  }

  /** @throws KeyManagerError */
  async describeApiKey(): Promise<ApiKeyRecord> {
    const answer = await ask('IAM', () => this.identity.getApiKeysDetails({ iamApiKey: this.apiKey.exposeText() }));
    const record = read('IAM', apiKeyAnswer, answer);
    return {
      name: record.name,
      iamId: record.iam_id,
      accountId: record.account_id,
      ofServiceId: record.iam_id.startsWith(SERVICE_ID),
      locked: record.locked,
      disabled: record.disabled,
      ...(record.expires_at === undefined ? {} : { expiresAt: new Date(record.expires_at) }),
    };
  }

  /** Instances that the key may see, which takes a platform role such as Viewer. @throws KeyManagerError */
  async listKeyManagers(): Promise<readonly KeyManagerInstance[]> {
    const found: KeyManagerInstance[] = [];
    let start: string | undefined;
    for (let page = 0; page < MAXIMUM_PAGES; page += 1) {
      const from = start === undefined ? {} : { start };
      const answer = await ask('the resource controller', () =>
        this.resources.listResourceInstances({ limit: PAGE_SIZE, type: 'service_instance', ...from }),
      );
      const { resources, next_url: next } = read('the resource controller', instancePage, answer);
      found.push(...resources.flatMap(toKeyManager));
      start = startOf(next);
      if (start === undefined) break;
    }
    return found;
  }

  /** @returns undefined when the key may not see it, or it is no key manager */
  async findKeyManager(guid: string): Promise<KeyManagerInstance | undefined> {
    try {
      const answer = await ask('the resource controller', () => this.resources.getResourceInstance({ id: guid }));
      return toKeyManager(read('the resource controller', instanceAnswer, answer))[0];
    } catch (error) {
      // 410 is told of an instance that was removed.
      const gone = error instanceof KeyManagerError && [404, 410].includes(error.details.httpStatus ?? 0);
      if (gone) return undefined;
      throw error;
    }
  }
}

function toKeyManager({ guid, crn, name, state, extensions }: z.infer<typeof instanceAnswer>): KeyManagerInstance[] {
  const { public: open, private: inner } = extensions?.endpoints ?? {};
  const endpoints = {
    ...(open === undefined ? {} : { public: open }),
    ...(inner === undefined ? {} : { private: inner }),
  };
  return DRIVERS.flatMap(({ kind, locate }) => {
    const region = locate(crn)?.region;
    return region === undefined ? [] : [{ guid, crn, name, kind, region, state, endpoints }];
  });
}

/** The token of the next page; the rest of the address is ignored, so that no answer can lead us elsewhere. */
function startOf(nextUrl: string | null | undefined): string | undefined {
  if (nextUrl === null || nextUrl === undefined) return undefined;
  const query = nextUrl.slice(nextUrl.indexOf('?') + 1);
  return new URLSearchParams(query).get('start') ?? undefined;
}

async function ask(whom: string, call: () => Promise<{ readonly result: unknown }>): Promise<unknown> {
  try {
    return (await call()).result;
  } catch (error) {
    // The SDK's error carries the request and its headers: only the status goes on.
    throw platformFault(whom, sdkError.safeParse(error).data ?? {});
  }
}

function platformFault(whom: string, { status, statusText }: z.infer<typeof sdkError>): KeyManagerError {
  const details = { certainlyNotDone: true, ...(status === undefined ? {} : { httpStatus: status }) };
  if (status === 401 || status === 403) {
    return new KeyManagerError('permission_denied', `${whom} does not let this API key look`, details);
  }
  if (status === 429) return new KeyManagerError('rate_limited', `${whom} asks to be called less often`, details);
  if (status !== undefined && status < 500) {
    return new KeyManagerError('refused', `${whom} refuses the request (HTTP ${status})`, details);
  }
  if (statusText === 'ECONNABORTED' || statusText === 'ETIMEDOUT') {
    return new KeyManagerError('timeout', `${whom} did not answer in time`, details);
  }
  return new KeyManagerError('unavailable', `${whom} cannot be reached or is not working`, details);
}

function read<T>(whom: string, schema: z.ZodType<T>, answer: unknown): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new KeyManagerError('unavailable', `${whom} answered in a form it does not document`, {
    certainlyNotDone: true,
  });
}
