import { randomBytes, randomUUID } from 'node:crypto';

import { KmipClient, type VCenterCredential, vcenter } from '@lib/kmip-client';
import {
  type CorrelationId,
  type InstanceId,
  newCorrelationId,
  newUniqueIdentifier,
  Secret,
  systemClock,
  toInstanceId,
} from '@lib/kernel';
import { type KeyManager } from '@lib/key-manager';
import { DeletionRights, type EngineScope, everyOperation, KmipEngine } from '@lib/kmip-engine';
import { ResultStatus, type ResponseBatchItem } from '@lib/kmip-protocol';
import { KmipListener, type PeerDescription, type TransportLimits } from '@lib/kmip-transport';
import { PostgresObjectStores, PostgresRegionDirectory, PostgresUnitOfWork } from '@lib/persistence';
import {
  issueCertificateAuthority,
  issueClientCertificate,
  type IssuedCertificate,
  issueServerCertificate,
} from '@lib/pki';
import {
  type ActionContext,
  CertificateProofService,
  ClientCertificateService,
  ClientDirectory,
  type DirectoryEntry,
  InstanceService,
  type Invalidation,
  type InvalidationBus,
  KmipCredentialService,
  KmipPasswords,
} from '@lib/tenancy';

import { AllowListJudge } from '../src/session/admission';
import { AnswerMemories } from '../src/session/answer-memories';
import { ConnectionRecords } from '../src/session/connection-records';
import { InstanceRoutes } from '../src/session/instance-route';
import { KmipSession } from '../src/session/kmip-session';
import { QuestionAudit } from '../src/session/question-audit';
import { RefusalAudit } from '../src/session/refusal-audit';

const CONTEXT: ActionContext = {
  initiator: { kind: 'system', component: 'test' },
  correlationId: newCorrelationId(),
  observer: 'test',
};
export const INSTANCE_DOMAIN = 'kmip.example.com';
const log = (): void => undefined;

/** An answer as an administrator would read it. */
export interface Answer {
  readonly id?: string;
  readonly hex?: string;
  readonly failure?: string;
}

type DataSource = ConstructorParameters<typeof PostgresRegionDirectory>[0];

/** What the harness stands on; a suite brings it from the test library. */
export interface GatewayGround {
  readonly dataSource: DataSource;
  readonly newKeyManager: () => KeyManager & { readonly rootKey: { readonly id: string } };
  readonly answerBytesPerOwner?: number;
  readonly limits?: Partial<TransportLimits>;
}

/** A gateway with real Postgres and real TLS, and key managers in memory; the tenants' side of it by its services. */
export class GatewayHarness {
  readonly alarms: string[] = [];
  readonly answers: AnswerMemories;
  readonly #keyManagers = new Map<InstanceId, ReturnType<GatewayGround['newKeyManager']>>();
  readonly #clients: KmipClient[] = [];

  private constructor(
    private readonly ground: GatewayGround,
    readonly tenants: Tenants,
    private readonly changes: Changes,
    readonly directory: ClientDirectory,
    private readonly caPem: string,
  ) {
    this.#stores = new PostgresObjectStores(ground.dataSource);
    this.answers = new AnswerMemories(ground.answerBytesPerOwner ?? 16_777_216);
  }

  readonly #stores: PostgresObjectStores;
  #listener: KmipListener | undefined;
  #questions: QuestionAudit | undefined;
  #port = 0;

  static async start(ground: GatewayGround): Promise<GatewayHarness> {
    const { dataSource } = ground;
    const regions = new PostgresRegionDirectory(dataSource);
    const changes = new Changes(dataSource);
    const directory = new ClientDirectory({ source: regions, bus: changes, clock: systemClock, log });
    const tenants = new Tenants(new PostgresUnitOfWork(dataSource), regions);
    const ca = await issueCertificateAuthority({ commonName: 'server CA', validDays: 2 });
    const harness = new GatewayHarness(ground, tenants, changes, directory, ca.certificatePem);
    const names = {
      commonName: 'localhost',
      dnsNames: [`*.${INSTANCE_DOMAIN}`],
      ipAddresses: ['127.0.0.1'],
      validDays: 1,
    };
    await directory.start();
    await harness.#listen(await issueServerCertificate(ca, names), regions);
    return harness;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) await client.close();
    await this.#listener?.close({ graceMs: 0 });
    await this.#questions?.stop();
    await this.directory.stop();
  }

  /** A client with this certificate; `tls` and `serverName` as its administrator set them. */
  async connect(
    { certificatePem, privateKeyPem }: IssuedCertificate,
    options: { readonly version?: 'TLSv1.2' | 'TLSv1.3'; readonly serverName?: string } = {},
  ): Promise<KmipClient> {
    const { version, serverName } = options;
    const client = await KmipClient.connect({
      host: '127.0.0.1',
      port: this.#port,
      serverTrust: { caPem: this.caPem },
      clientCertificatePem: certificatePem,
      clientKeyPem: privateKeyPem,
      ...(version === undefined ? {} : { tls: { minVersion: version, maxVersion: version } }),
      ...(serverName === undefined ? {} : { serverName }),
    });
    this.#clients.push(client);
    return client;
  }

  async create(client: KmipClient, credential?: VCenterCredential): Promise<Answer> {
    return answerOf((await client.send(vcenter.createKey(credential))).batchItems[0]);
  }

  async fetch(client: KmipClient, id: string, credential?: VCenterCredential): Promise<Answer> {
    return answerOf((await client.send(vcenter.getKey(id, credential))).batchItems[0]);
  }

  /** The gateway has taken in what changed. */
  async settled(): Promise<void> {
    await this.changes.poll();
    await this.directory.refresh();
  }

  async #listen(certificate: IssuedCertificate, regions: PostgresRegionDirectory): Promise<void> {
    const operations = everyOperation();
    const engine = new KmipEngine(
      {
        clock: systemClock,
        newUniqueIdentifier,
        newCorrelationId,
        randomBytes,
        logger: { warn: log, error: log },
        metrics: { observeOperation: log },
        deletionRights: new DeletionRights(),
      },
      operations,
    );
    const records = new ConnectionRecords({
      reports: { report: () => Promise.resolve() },
      endpointName: 'kmip-1',
      clock: systemClock,
      log,
    });
    const audit = new RefusalAudit({
      sink: this.#stores.auditSink,
      clock: systemClock,
      endpointName: 'kmip-1',
      unrecorded: log,
    });
    const handler = new KmipSession({
      admission: new AllowListJudge(this.directory, systemClock),
      engine,
      operations,
      scopes: {
        withKeyManager: (entry, peer) => this.#scope(entry, peer),
        bare: (entry, peer) => this.#bareScope(entry, peer),
      },
      routes: new InstanceRoutes({
        directory: this.directory,
        regions,
        passwords: this.tenants.passwords,
        proofs: this.tenants.proofs,
        policy: {},
        records,
        audit,
        clock: systemClock,
        config: { kmipEndpointName: 'kmip-1', kmipInstanceDomain: INSTANCE_DOMAIN },
        logger: { error: (_fields, message) => this.alarms.push(message) },
      }),
      observer: { refused: log, scopeFailed: log },
      records,
      audit,
      questions: this.#openQuestions(),
      answers: this.answers,
    });
    const { limits = {} } = this.ground;
    this.#listener = new KmipListener({ host: '127.0.0.1', port: 0, certificate, handler, limits });
    ({ port: this.#port } = await this.#listener.listen());
    this.directory.onRemoved(({ fingerprint }) => {
      this.#listener?.closeWhere((peer) => peer.fingerprint === fingerprint);
    });
  }

  #openQuestions(): QuestionAudit {
    return (this.#questions = new QuestionAudit({ sink: this.#stores.auditSink, clock: systemClock, unrecorded: log }));
  }

  /** Of a tenant whose key manager cannot be used at all. */
  readonly broken = new Set<InstanceId>();

  #scope(entry: DirectoryEntry, peer: PeerDescription): Promise<EngineScope> {
    const { instanceId } = entry;
    if (this.broken.has(instanceId)) return Promise.reject(new Error('the scope cannot be made'));
    const keyManager = this.#keyManagers.get(instanceId) ?? this.ground.newKeyManager();
    this.#keyManagers.set(instanceId, keyManager);
    return Promise.resolve({ ...this.#bareScope(entry, peer), keyManager, rootKeyId: keyManager.rootKey.id });
  }

  #bareScope(
    { instanceId, certificateId, accountId, fingerprint, certificateName, maximumKeys }: DirectoryEntry,
    peer: PeerDescription,
  ): EngineScope {
    return {
      instanceId,
      certificateFingerprint: fingerprint,
      certificateName,
      remoteAddress: peer.remoteAddress,
      endpointName: 'kmip-1',
      store: this.#stores.forClient({ instanceId, certificateId, accountId }),
      limits: { maximumLiveKeys: maximumKeys },
    };
  }
}

/** Hears of changes as the real bus does, by the versions in the database, but only when it is told to look. */
class Changes implements InvalidationBus {
  readonly #listeners: ((invalidation: Invalidation) => void)[] = [];
  #since = '0';

  constructor(private readonly dataSource: DataSource) {}

  subscribe(listener: (invalidation: Invalidation) => void): () => void {
    this.#listeners.push(listener);
    return log;
  }

  async poll(): Promise<void> {
    const sql = 'SELECT instance_id, next_since FROM directory_changes($1)';
    const rows: { instance_id: string | null; next_since: string }[] = await this.dataSource.query(sql, [this.#since]);
    this.#since = rows[0]?.next_since ?? this.#since;
    for (const { instance_id: id } of rows) {
      if (id === null) continue;
      for (const listener of this.#listeners) listener({ kind: 'instance', instanceId: toInstanceId(id) });
    }
  }
}

/** What tenants and the operator do, by the services that API, broker and command line use. */
export class Tenants {
  readonly passwords = new KmipPasswords({ newest: 1, keys: new Map([[1, Secret.of(randomBytes(32))]]) });
  readonly instances: InstanceService;
  readonly certificates: ClientCertificateService;
  readonly proofs: CertificateProofService;
  readonly credentials: KmipCredentialService;

  constructor(
    readonly unitOfWork: PostgresUnitOfWork,
    regions: PostgresRegionDirectory,
  ) {
    const options = { newId: randomUUID, directory: regions };
    this.instances = new InstanceService(unitOfWork, regions, systemClock);
    this.certificates = new ClientCertificateService(unitOfWork, systemClock, options);
    this.proofs = new CertificateProofService(unitOfWork, systemClock, options);
    this.credentials = new KmipCredentialService(unitOfWork, this.passwords, systemClock, randomUUID);
  }

  async add(accountId: string = randomUUID()): Promise<InstanceId> {
    const crn = `crn:v1:bluemix:public:kmip-for-vmware:us-south:a/${accountId}:${randomUUID()}::`;
    return (await this.instances.create({ crn, name: 'tenant' }, this.context)).id;
  }

  /** By its public certificate. @returns the registration's id */
  async register(
    instanceId: InstanceId,
    { certificatePem: pem }: IssuedCertificate,
    origin: 'presented' | 'issued' | 'operator' = 'presented',
  ): Promise<string> {
    const name = `vc ${randomUUID()}`;
    return (await this.certificates.add(instanceId, { name, pem, origin }, this.context)).id;
  }

  async issuePassword(instanceId: InstanceId): Promise<VCenterCredential & { readonly id: string }> {
    const { id, userName: username, password } = await this.credentials.issue(instanceId, this.context);
    return { id, username, password };
  }

  get context(): ActionContext {
    return { ...CONTEXT, correlationId: newCorrelationId() satisfies CorrelationId };
  }
}

export const newVCenter = (name = 'vcenter'): Promise<IssuedCertificate> =>
  issueClientCertificate('self-signed', { commonName: name, validDays: 30, keyKind: 'ec-p256' });

function answerOf(item: ResponseBatchItem | undefined): Answer {
  if (item === undefined) throw new Error('the answer has no item');
  if (item.resultStatus !== ResultStatus.Success) {
    const failure = /\[(\w+)\]/.exec(item.resultMessage ?? '')?.[1] ?? item.resultMessage ?? '';
    return { failure };
  }
  if (item.response?.name === 'Create') return { id: item.response.payload.uniqueIdentifier };
  return { hex: keyIn(item) };
}

function keyIn({ response }: ResponseBatchItem): string {
  const material = response?.name === 'Get' ? response.payload.symmetricKey?.keyMaterial : undefined;
  if (!(material instanceof Secret)) throw new Error('neither a Create nor a Get');
  return material.expose().toString('hex');
}
