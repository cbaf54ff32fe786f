import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';

import { CertificateClaimService } from '@lib/diagnosis';
import { type CorrelationId, type InstanceId, isUuid, newCorrelationId, Secret, systemClock } from '@lib/kernel';
import { type KeyManager } from '@lib/key-manager';
import { Custodian, KeyAdministration } from '@lib/kmip-engine';
import { type DailyUsages } from '@lib/metering';
import {
  PostgresActivationLog,
  PostgresAuditHeads,
  PostgresAuditTrail,
  PostgresCatalogUnitOfWork,
  PostgresConnectionAttempts,
  PostgresDailyUsages,
  PostgresKeyCatalog,
  PostgresObjectStores,
  PostgresRegionDirectory,
  PostgresUnitOfWork,
} from '@lib/persistence';
import { KEY_MANAGER_DRIVERS } from '@lib/platform';
import { RootKeyProposals } from '@lib/service-instances';
import {
  CertificateProofService,
  ClientCertificateService,
  CredentialSealer,
  DEFAULT_OPTIONS,
  EndpointPolicy,
  InstanceService,
  KmipCredentialService,
  KmipPasswords,
  ROLES,
  RootKeyBindingService,
} from '@lib/tenancy';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { IamKeySet, keysFrom } from '../src/auth/iam-key-set';
import { LocalRoleMap } from '../src/auth/local-role-map';
import { TokenVerifier } from '../src/auth/token-verifier';
import { type InstanceDirectory } from '../src/http/admission';
import { RateLimiter } from '../src/http/rate-limiter';
import { CallAudit } from '../src/tenant-api/audit/call-audit';
import { EndpointActivation } from '../src/tenant-api/client-certificates/endpoint-activation';
import { GatewaySightings } from '../src/tenant-api/client-certificates/gateway-sightings';
import { PkiCertificateIssuer } from '../src/tenant-api/client-certificates/pki-certificate-issuer';
import { RegionKeyAccess } from '../src/tenant-api/keys/region-key-access';
import { type RootKeyWorkbench } from '../src/tenant-api/root-key/root-key-workbench';
import { TenantApiModule, type TenantApiParts } from '../src/tenant-api/tenant-api.module';
import { testApp } from './test-app';

/** TypeORM stays behind libs/persistence. */
type DataSource = ConstructorParameters<typeof PostgresUnitOfWork>[0];

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

export const PUBLIC_URL = 'https://kmip.example.com';
export const ACCOUNT = 'account-1';
export const OTHER_ACCOUNT = 'account-2';

/** IAM's part in a test: where its keys are, and tokens. */
export interface TestIam {
  readonly url: string;
  readonly issuer: string;
  token(wish: { readonly iamId: string; readonly accountId: string }): Promise<string>;
}

/** The tenant API over HTTP on a database of its own; IAM, the key manager and the cloud account are given. */
export class TenantApiApp {
  readonly #tokens = new Map<string, string>();

  private constructor(
    private readonly app: NestFastifyApplication,
    /** What was answered with fixed text: empty unless there is a bug. */
    readonly failures: unknown[],
    readonly stores: PostgresObjectStores,
    readonly attempts: PostgresConnectionAttempts,
    /** What works behind it, for what no caller of the API can do. */
    readonly services: TenantApiParts,
  ) {}

  static async start(
    dataSource: DataSource,
    iam: TestIam,
    keyManager: KeyManager,
    workbench: Partial<RootKeyWorkbench>,
    other: Partial<TenantApiParts> = {},
  ): Promise<TenantApiApp> {
    const issuer = await PkiCertificateIssuer.open('clients', systemClock);
    const parts = { ...partsOf(dataSource, keyManager, workbench, issuer), ...other };
    const failures: unknown[] = [];
    const { clock } = parts;
    const stores = new PostgresObjectStores(dataSource);
    const plenty = new RateLimiter({ perSecond: 1e6, burst: 1e6 }, clock);
    const tenantApi = TenantApiModule.with(parts, {
      verifier: new TokenVerifier(new IamKeySet(keysFrom(iam.url), clock), iam.issuer, clock),
      recorder: new CallAudit(stores.auditSink, clock),
      addressLimiter: plenty,
      callerLimiter: plenty,
      observer: { answered: () => undefined, failed: (error) => failures.push(error) },
      explorer: true,
    });
    const app = await testApp([tenantApi]);
    const attempts = new PostgresConnectionAttempts(dataSource);
    const api = new TenantApiApp(app, failures, stores, attempts, parts);
    await app.listen(0, '127.0.0.1');
    for (const role of [...ROLES, 'nobody']) {
      api.#tokens.set(role, await iam.token({ iamId: `IBMid-${role}`, accountId: ACCOUNT }));
    }
    api.#tokens.set('foreigner', await iam.token({ iamId: 'IBMid-manager', accountId: OTHER_ACCOUNT }));
    return api;
  }

  get usages(): DailyUsages {
    return this.services.usages;
  }

  get instances(): InstanceService {
    return this.services.instances;
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

function partsOf(
  dataSource: DataSource,
  keyManager: KeyManager,
  workbench: Partial<RootKeyWorkbench>,
  issuer: PkiCertificateIssuer,
): TenantApiParts {
  const clock = systemClock;
  const unitOfWork = new PostgresUnitOfWork(dataSource);
  const stores = new PostgresObjectStores(dataSource);
  const attempts = new PostgresConnectionAttempts(dataSource);
  const registrants = new PostgresRegionDirectory(dataSource);
  const instances = new InstanceService(unitOfWork, registrants, clock);
  const keyring = { newest: 1, keys: new Map([[1, Secret.of(Buffer.alloc(32, 1))]]) };
  return {
    clock,
    publicUrl: PUBLIC_URL,
    authorizer: new LocalRoleMap(ROLES.map((role) => ({ iamId: `IBMid-${role}`, accountId: ACCOUNT, roles: [role] }))),
    instances,
    certificates: new ClientCertificateService(unitOfWork, clock, { newId: randomUUID, directory: registrants }),
    claims: new CertificateClaimService(unitOfWork, clock, randomUUID),
    proofs: new CertificateProofService(unitOfWork, clock, { newId: randomUUID, directory: registrants }),
    proofPolicy: {},
    registrants,
    kmipCredentials: new KmipCredentialService(unitOfWork, new KmipPasswords(keyring), clock, randomUUID),
    directory: directoryOf(instances),
    rootKeys: new RootKeyBindingService(
      unitOfWork,
      new CredentialSealer(keyring),
      new EndpointPolicy(KEY_MANAGER_DRIVERS),
      clock,
      randomUUID,
    ),
    proposals: new RootKeyProposals(new PostgresCatalogUnitOfWork(dataSource)),
    // A test names what it uses of it.
    workbench: workbench as RootKeyWorkbench,
    administration: new KeyAdministration(new Custodian({ warn: () => undefined, error: () => undefined }), clock),
    keys: new RegionKeyAccess({
      objectStores: stores,
      keyCatalogs: new PostgresKeyCatalog(dataSource),
      keyManagers: {
        for: () =>
          Promise.resolve({ ...DEFAULT_OPTIONS, keyManager, rootKeyId: 'root-1', keyManagerOf: () => undefined }),
      },
    }),
    trail: new PostgresAuditTrail(dataSource),
    // A test that signs names its own.
    signedHeads: {
      signer: { sign: () => Promise.resolve({ state: 'unsigned' }) },
      heads: new PostgresAuditHeads(dataSource),
      keys: () => Promise.resolve([]),
    },
    usages: new PostgresDailyUsages(dataSource),
    attempts,
    sightings: new GatewaySightings(attempts),
    issuer,
    activation: new EndpointActivation({
      log: new PostgresActivationLog(dataSource),
      monotonicMs: () => clock.monotonicMs(),
    }),
    endpoints: { current: () => Promise.resolve([{ name: 'kmip-1', host: 'kmip.example.com', port: 5696 }]) },
  };
}

function directoryOf(instances: InstanceService): InstanceDirectory {
  return {
    find: async (id) => {
      const found = isUuid(id) ? await instances.get(id as InstanceId).catch(() => undefined) : undefined;
      return (
        found && {
          instanceId: found.id,
          accountId: found.accountId,
          crn: found.crn,
          writable: found.enabled && found.state !== 'removing',
        }
      );
    },
  };
}
