import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';

import { type CorrelationId, type InstanceId, newCorrelationId, systemClock } from '@lib/kernel';
import { type KeyManager } from '@lib/key-manager';
import { type DailyUsages } from '@lib/metering';
import { PostgresConnectionAttempts, PostgresDailyUsages, PostgresObjectStores } from '@lib/persistence';
import { type Logger } from '@lib/observability';
import { LOGGER, PROOF_POLICY, RestoreWatch, TenantKeyManagers } from '@lib/platform';
import {
  CertificateProofService,
  ClientCertificateService,
  DEFAULT_OPTIONS,
  InstanceService,
  KeyMoveService,
  type ProofPolicy,
  RootKeyBindingService,
  RootKeyHealthService,
  ROLES,
} from '@lib/tenancy';
import { type InjectionToken } from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';

import { type Authorizer } from '../src/auth/authorizer.port';
import { IamKeySet, keysFrom } from '../src/auth/iam-key-set';
import { LocalRoleMap } from '../src/auth/local-role-map';
import { TokenVerifier } from '../src/auth/token-verifier';
import { AUTHORIZER } from '../src/auth/tokens';
import { CONSOLE_FOLDER } from '../src/console/tokens';
import { RateLimiter } from '../src/http/rate-limiter';
import { ADDRESS_LIMITER, ANSWER_OBSERVER, CALL_RECORDER, CALLER_LIMITER } from '../src/http/tokens';
import { type SignedHeads } from '../src/tenant-api/audit/audit-heads.controller';
import { CallAudit } from '../src/tenant-api/audit/call-audit';
import { CertificateIssuer } from '../src/tenant-api/client-certificates/certificate-issuer';
import { type RestoreHold } from '../src/tenant-api/instances/instance-overview';
import { KmipEndpoints } from '../src/tenant-api/instances/kmip-endpoints';
import { EVENT_TIMES, type EventTimes } from '../src/tenant-api/events/event-feed';
import { RootKeyWorkbench } from '../src/tenant-api/root-key/root-key-workbench';
import { AUDIT_HEADS } from '../src/tenant-api/tokens';
import { type GuardedPostOptions } from '../src/webhooks/guarded-post';
import { WebhookDelivery } from '../src/webhooks/webhook-delivery';
import { WEBHOOK_POST } from '../src/webhooks/webhooks.module';
import { type DataSource, NO_RESTORE, tenantApiModule } from './tenant-api-module';
import { compiledApp } from './test-app';
import { PUBLIC_URL, testConfig } from './test-config';

export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
  readonly body: T & { readonly errors: { code: string }[]; readonly etag: string };
}

export interface Sending {
  /** A role, `nobody`, `foreigner`, or anything else for no token. */
  readonly as?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export const ACCOUNT = 'account-1';
export const OTHER_ACCOUNT = 'account-2';

/** What IAM says of an API key that serves. */
export const FIT_API_KEY = {
  name: 'key',
  iamId: 'iam-ServiceId-1',
  accountId: ACCOUNT,
  ofServiceId: true,
  locked: false,
  disabled: false,
} as const;

/** A workbench that finds nothing in the way of a root key or an API key. */
export const NOTHING_IN_THE_WAY: Partial<RootKeyWorkbench> = {
  check: () => Promise.resolve({ passed: true, destroyPermitted: true, checkedAt: new Date(), steps: [] }),
  describeApiKey: () => Promise.resolve(FIT_API_KEY),
};

/** Of a root key in a key-manager instance of its own. */
export const rootKeyCrn = (rootKeyId: string): string =>
  `crn:v1:bluemix:public:kms:us-south:a/1c8ae972c35e470d994b6faff9494ce1:${randomUUID()}:key:${rootKeyId}`;

/** IAM's part in a test: where its keys are, and tokens. */
export interface TestIam {
  readonly url: string;
  readonly issuer: string;
  token(wish: { readonly iamId: string; readonly accountId: string }): Promise<string>;
}

/** What a test replaces of the tenant API. */
export interface Replaced {
  readonly authorizer?: Authorizer;
  readonly issuer?: Pick<CertificateIssuer, 'sign' | 'issue'>;
  readonly proofPolicy?: ProofPolicy;
  readonly restore?: RestoreHold;
  readonly signedHeads?: SignedHeads;
  readonly webhookPost?: GuardedPostOptions;
  readonly consoleFolder?: string;
  readonly logger?: Logger;
  readonly eventTimes?: EventTimes;
}

/** The tenant API over HTTP on a database of its own; IAM, the key manager and the cloud account are given. */
export class TenantApiApp {
  readonly #tokens = new Map<string, string>();

  private constructor(
    private readonly app: NestFastifyApplication,
    /** What was answered with fixed text: empty unless there is a bug. */
    readonly failures: unknown[],
  ) {}

  static async start(
    dataSource: DataSource,
    iam: TestIam,
    keyManager: KeyManager,
    workbench: Partial<RootKeyWorkbench>,
    { restore, ...replaced }: Replaced = {},
    settings: Readonly<Record<string, string>> = {},
  ): Promise<TenantApiApp> {
    const failures: unknown[] = [];
    const replacements = [
      ...(await givenBy(iam, failures)),
      ...behindIt(dataSource, keyManager, workbench),
      ...Object.entries({ ...replaced, ...(restore && { restore: { ...NO_RESTORE, ...restore } }) }).map(
        ([name, value]) => [REPLACED[name as keyof Replaced], value] as const,
      ),
    ];
    const builder = tenantApiModule(dataSource, testConfig(settings));
    for (const [token, value] of replacements) builder.overrideProvider(token).useValue(value);
    const app = await compiledApp(builder);
    const api = new TenantApiApp(app, failures);
    await app.listen(0, '127.0.0.1');
    for (const role of [...ROLES, 'nobody']) {
      api.#tokens.set(role, await iam.token({ iamId: `IBMid-${role}`, accountId: ACCOUNT }));
    }
    api.#tokens.set('foreigner', await iam.token({ iamId: 'IBMid-manager', accountId: OTHER_ACCOUNT }));
    return api;
  }

  get stores(): PostgresObjectStores {
    return this.app.get(PostgresObjectStores);
  }

  get attempts(): PostgresConnectionAttempts {
    return this.app.get(PostgresConnectionAttempts);
  }

  get usages(): DailyUsages {
    return this.app.get(PostgresDailyUsages, { strict: false });
  }

  get instances(): InstanceService {
    return this.app.get(InstanceService);
  }

  /** What works behind it, for what no caller of the API can do. */
  get services(): { readonly certificates: ClientCertificateService; readonly proofs: CertificateProofService } {
    return { certificates: this.app.get(ClientCertificateService), proofs: this.app.get(CertificateProofService) };
  }

  get moves(): KeyMoveService {
    return this.app.get(KeyMoveService);
  }

  get health(): RootKeyHealthService {
    return this.app.get(RootKeyHealthService);
  }

  get bindings(): RootKeyBindingService {
    return this.app.get(RootKeyBindingService);
  }

  get deliveries(): WebhookDelivery {
    return this.app.get(WebhookDelivery, { strict: false });
  }

  get port(): number {
    return (this.app.getHttpServer().address() as { readonly port: number }).port;
  }

  close(): Promise<void> {
    return this.app.close();
  }

  async newInstance(accountId = ACCOUNT): Promise<InstanceId> {
    const id = randomUUID();
    const crn = `crn:v1:bluemix:public:kmip-for-vmware:eu-de:a/${accountId}:${id}::`;
    const correlationId: CorrelationId = newCorrelationId();
    const initiator = { kind: 'system', component: 'test' } as const;
    await this.instances.create({ crn, name: 'kmip-01' }, { initiator, observer: 'test', correlationId });
    return id as InstanceId;
  }

  /** Gives an instance an API key and binds it to each of these root keys in turn: all but the last are former ones. */
  async bindRootKeys(instanceId: InstanceId, rootKeyIds: readonly string[]): Promise<void> {
    const base = `/v1/instances/${instanceId}`;
    await this.#succeed('PUT', `${base}/credential`, { body: { api_key: 'a'.repeat(44) } });
    for (const id of rootKeyIds) {
      const current = await this.send('GET', `${base}/root_key`);
      const headers = current.status === 200 ? { 'if-match': `"${current.body.etag}"` } : {};
      await this.#succeed('PUT', `${base}/root_key`, { body: { crn: rootKeyCrn(id) }, headers });
    }
  }

  async #succeed(method: string, path: string, sending: Sending): Promise<void> {
    const { status, text } = await this.send(method, path, sending);
    if (status >= 300) throw new Error(`${method} ${path} was answered ${status}: ${text}`);
  }

  send<T = Record<string, unknown>>(
    method: string,
    path: string,
    { as = 'manager', body, headers = {} }: Sending = {},
  ): Promise<Answer<T>> {
    const payload = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const token = this.#tokens.get(as);
    return new Promise((resolve, reject) => {
      const sent = httpRequest(
        {
          host: '127.0.0.1',
          port: this.port,
          method,
          path: path.replace(PUBLIC_URL, ''),
          headers: {
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
            ...(payload !== undefined && {
              'content-type': type,
              'content-length': String(Buffer.byteLength(payload)),
            }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            const json = /json;/.test(String(response.headers['content-type']));
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              body: (json ? JSON.parse(text) : {}) as Answer<T>['body'],
            });
          });
        },
      );
      sent.on('error', reject);
      sent.end(payload);
    });
  }
}

type Replacement = readonly [token: InjectionToken, value: unknown];

const REPLACED: Readonly<Record<keyof Replaced, InjectionToken>> = {
  authorizer: AUTHORIZER,
  issuer: CertificateIssuer,
  proofPolicy: PROOF_POLICY,
  restore: RestoreWatch,
  signedHeads: AUDIT_HEADS,
  webhookPost: WEBHOOK_POST,
  consoleFolder: CONSOLE_FOLDER,
  logger: LOGGER,
  eventTimes: EVENT_TIMES,
};

async function givenBy(iam: TestIam, failures: unknown[]): Promise<readonly Replacement[]> {
  const plenty = new RateLimiter({ perSecond: 1e6, burst: 1e6 }, systemClock);
  return [
    [TokenVerifier, new TokenVerifier(new IamKeySet(keysFrom(iam.url), systemClock), iam.issuer, systemClock)],
    [
      AUTHORIZER,
      new LocalRoleMap(ROLES.map((role) => ({ iamId: `IBMid-${role}`, accountId: ACCOUNT, roles: [role] }))),
    ],
    [CertificateIssuer, await CertificateIssuer.open('clients', systemClock)],
    [ADDRESS_LIMITER, plenty],
    [CALLER_LIMITER, plenty],
    [ANSWER_OBSERVER, { answered: () => undefined, failed: (error: unknown) => failures.push(error) }],
  ];
}

function behindIt(
  dataSource: DataSource,
  keyManager: KeyManager,
  workbench: Partial<RootKeyWorkbench>,
): readonly Replacement[] {
  const bound = { ...DEFAULT_OPTIONS, keyManager, rootKeyId: 'root-1', keyManagerOf: () => undefined };
  const rest = { start: () => undefined, stop: () => Promise.resolve() };
  return [
    [TenantKeyManagers, { ...rest, for: () => Promise.resolve(bound) }],
    // A test names what it uses of it.
    [RootKeyWorkbench, workbench],
    // Each read is recorded, so that a test sees it.
    [CALL_RECORDER, new CallAudit(new PostgresObjectStores(dataSource).auditSink, systemClock)],
    [KmipEndpoints, { current: () => Promise.resolve([{ name: 'kmip-1', host: 'kmip.example.com', port: 5696 }]) }],
  ];
}
