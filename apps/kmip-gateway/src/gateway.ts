import { randomBytes, randomUUID } from 'node:crypto';

import { type GatewayConfig } from '@lib/config';
import { type CertificateFingerprint, newCorrelationId, newUniqueIdentifier } from '@lib/kernel';
import { KeyManagerRegistry } from '@lib/key-protect';
import { type EngineScope, KmipEngine } from '@lib/kmip-engine';
import { KmipListener, type ListenerCertificate, type PeerDescription } from '@lib/kmip-transport';
import { type HealthServer, type Logger, type Metrics } from '@lib/observability';
import { PostgresActivationLog, PostgresConnectionAttempts } from '@lib/persistence';
import {
  describeRestore,
  endpointGuard,
  endpointTemplates,
  readProofPolicy,
  type Region,
  TenantKeyManagers,
} from '@lib/platform';
import { ActivationReporter, ClientDirectory, type DirectoryEntry, type ProofPolicy } from '@lib/tenancy';

import { GatewayMetrics } from './gateway-metrics';
import { Housekeeping } from './reconcile/housekeeping';
import { ServerCertificate } from './server-certificate';
import { Admission } from './session/admission';
import { AnswerMemories } from './session/answer-memories';
import { ConnectionRecords } from './session/connection-records';
import { InstanceRoutes } from './session/instance-route';
import { KmipSession } from './session/kmip-session';
import { RefusalAudit } from './session/refusal-audit';
import { TransportObservers } from './transport-observers';

export interface GatewayParts {
  readonly config: GatewayConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: HealthServer;
  readonly region: Region;
}

/** One KMIP endpoint: listener, sessions, engine and its share of the region's housekeeping. */
export class Gateway {
  readonly #activation: ActivationReporter;
  readonly #directory: ClientDirectory;
  readonly #keyManagers: TenantKeyManagers;
  readonly #engine: KmipEngine;
  readonly #housekeeping: Housekeeping;
  readonly #records: ConnectionRecords;
  readonly #refusals: RefusalAudit;
  readonly #routes: InstanceRoutes;
  readonly #session: KmipSession;
  readonly #observer: GatewayMetrics;
  readonly #certificate: ServerCertificate;
  readonly #stopping = new AbortController();
  #listener: KmipListener | undefined;
  #policy: ProofPolicy = {};

  constructor(private readonly parts: GatewayParts) {
    const { config, logger, metrics, region } = parts;
    const log = (message: string, error?: unknown): void => logger.warn({ err: error }, message);
    this.#observer = new GatewayMetrics(metrics, logger, region.clock);
    this.#activation = new ActivationReporter({
      log: new PostgresActivationLog(region.dataSource),
      process: { id: randomUUID(), endpoint: config.kmipEndpointName },
      warn: log,
    });
    const { bus, clock, directory: source } = region;
    this.#directory = new ClientDirectory({ source, bus, clock, log, reporter: this.#activation });
    const registry = new KeyManagerRegistry({
      iamUrl: config.iamUrl,
      endpoints: endpointGuard(endpointTemplates(config)),
      observer: { tried: (_instanceId, event) => this.#observer.keyManagerTried(event) },
    });
    this.#keyManagers = new TenantKeyManagers(region.rootKeys, registry, region.bus);
    this.#engine = new KmipEngine({
      clock: region.clock,
      newUniqueIdentifier,
      newCorrelationId,
      randomBytes,
      logger,
      metrics: this.#observer,
    });
    this.#records = new ConnectionRecords({
      reports: new PostgresConnectionAttempts(region.dataSource),
      endpointName: config.kmipEndpointName,
      clock: region.clock,
      log,
    });
    this.#refusals = new RefusalAudit({
      sink: region.objectStores.auditSink,
      clock: region.clock,
      endpointName: config.kmipEndpointName,
      unrecorded: (error) => this.#observer.refusalUnrecorded(error),
    });
    this.#routes = this.#createRoutes();
    this.#session = new KmipSession({
      admission: new Admission(this.#directory, region.clock, () => this.#policy),
      engine: this.#engine,
      scopeFor: (client, peer) => this.#scope(client, peer),
      bareScopeFor: (client, peer) => this.#bareScope(client, peer),
      routes: this.#routes,
      observer: this.#observer,
      records: this.#records,
      audit: this.#refusals,
      answers: new AnswerMemories(config.kmipMaximumAnswerBytesPerInstance),
    });
    const [keyManagers, observer] = [this.#keyManagers, this.#observer];
    this.#housekeeping = new Housekeeping({ config, logger, region, keyManagers, observer });
    const { kmipTlsFolder: folder, kmipInstanceDomain: domain } = config;
    const hostNames = [...config.kmipServerNames, ...(domain === undefined ? [] : [`*.${domain}`])];
    this.#certificate = new ServerCertificate({ folder, hostNames, copy: config.kmipCertificateCopy, logger, metrics });
    this.#describeState(metrics);
  }

  /** @throws TransportError when the port is taken, PkiError when the certificate folder is damaged */
  async start(): Promise<{ readonly port: number }> {
    const { health, region } = this.parts;
    const certificate = await this.#certificate.load();
    this.#keyManagers.start();
    this.#policy = await readProofPolicy(this.parts.config, region.directory);
    await this.#directory.start();
    health.addCheck({ name: 'database', check: () => region.checkDatabase() });
    health.addCheck({ name: 'allow-list', check: () => this.#checkDirectory() });
    const listener = this.#createListener(certificate);
    this.#listener = listener;
    this.#directory.onRemoved(({ fingerprint }) => this.#cut(fingerprint));
    const bound = await listener.listen();
    this.#housekeeping.start();
    return bound;
  }

  /** Presents the certificate that now lies in the folder to new connections; open ones go on. Never rejects. */
  async reloadCertificate(): Promise<void> {
    if (this.#listener !== undefined) await this.#certificate.reload(this.#listener);
  }

  /** Answers what is under way, says goodbye to idle clients, lets background work end. */
  async stop(): Promise<void> {
    this.parts.health.drain();
    await this.#listener?.close({ graceMs: this.parts.config.drainTimeoutMs });
    this.#stopping.abort();
    await this.#housekeeping.stop();
    await this.#engine.drain();
    await this.#routes.settled();
    await this.#refusals.settled();
    await this.#records.stop();
    await this.#directory.stop();
    await this.#activation.stop();
    await this.#keyManagers.stop();
  }

  #describeState(metrics: Metrics): void {
    describeRestore(metrics, this.parts.region.restore);
    metrics.polledGauge(
      'kmip_notes_unwritten',
      'Revocations and suspensions that no key manager remembers yet.',
      () => {
        return this.#housekeeping.unwrittenNotes;
      },
    );
    metrics.polledGauge('kmip_connections', 'Connections past their handshake.', () => {
      return this.#listener?.connectionCount ?? 0;
    });
    metrics.polledGauge('kmip_half_open_connections', 'Connections in their handshake.', () => {
      return this.#listener?.halfOpenCount ?? 0;
    });
    metrics.polledGauge('kmip_allow_list_certificates', 'Client certificates allowed in the region.', () => {
      return this.#directory.size;
    });
    metrics.polledGauge('kmip_connection_reports_dropped', 'Connections left out of the diagnosis of tenants.', () => {
      return this.#records.dropped;
    });
    metrics.polledGauge('kmip_allow_list_age_seconds', 'Time since the allow-list was last read as a whole.', () => {
      return this.#directory.ageMs() / 1_000;
    });
  }

  #createRoutes(): InstanceRoutes {
    const { config, logger, region } = this.parts;
    const { kmipInstanceDomain: instanceDomain, kmipEndpointName: endpointName } = config;
    return new InstanceRoutes({
      directory: this.#directory,
      holders: (fingerprint, uniqueIdentifier) => region.directory.holders(fingerprint, uniqueIdentifier),
      passwords: region.kmipPasswords,
      proofs: region.proofs,
      policy: () => this.#policy,
      records: this.#records,
      audit: this.#refusals,
      clock: region.clock,
      endpointName,
      ...(instanceDomain === undefined ? {} : { instanceDomain: instanceDomain.toLowerCase() }),
      alarm: (message, fields) => logger.error(fields, message),
    });
  }

  #createListener(certificate: ListenerCertificate): KmipListener {
    const { config } = this.parts;
    return new KmipListener({
      host: config.kmipHost,
      port: config.kmipPort,
      certificate,
      handler: this.#session,
      observer: new TransportObservers(this.#observer, this.#records),
      legacyCiphers: config.kmipLegacyCiphers,
      ...(config.kmipProxyProtocolFrom === undefined ? {} : { proxyProtocolFrom: config.kmipProxyProtocolFrom }),
      limits: {
        handshakeTimeoutMs: config.kmipHandshakeTimeoutMs,
        messageTimeoutMs: config.kmipMessageTimeoutMs,
        writeTimeoutMs: config.kmipMessageTimeoutMs,
        idleTimeoutMs: config.kmipIdleTimeoutMs,
        maximumMessageBytes: config.kmipMaximumMessageBytes,
        maximumConnections: config.kmipMaximumConnections,
        maximumHalfOpen: config.kmipMaximumHalfOpen,
        maximumHalfOpenPerAddress: config.kmipMaximumHalfOpenPerAddress,
        maximumConnectionsPerCertificate: config.kmipMaximumConnectionsPerCertificate,
        maximumConnectionsPerOwner: config.kmipMaximumConnectionsPerInstance,
        maximumConnectionsPerAccount: config.kmipMaximumConnectionsPerAccount,
        maximumHandshakes: config.kmipMaximumHandshakes,
      },
    });
  }

  async #scope(client: DirectoryEntry, peer: PeerDescription): Promise<EngineScope> {
    return { ...this.#bareScope(client, peer), ...(await this.#keyManagers.for(client.instanceId)) };
  }

  #bareScope(client: DirectoryEntry, peer: PeerDescription): EngineScope {
    const { instanceId, fingerprint, certificateName } = client;
    return {
      instanceId,
      certificateFingerprint: fingerprint,
      certificateName,
      remoteAddress: peer.remoteAddress,
      endpointName: this.parts.config.kmipEndpointName,
      destructionsWait: this.parts.region.restore.destructionsWait(instanceId),
      store: this.parts.region.objectStores.forClient(client),
      limits: { maximumLiveKeys: client.maximumKeys, maximumAnswerBytes: this.parts.config.kmipMaximumAnswerBytes },
      signal: this.#stopping.signal,
    };
  }

  #cut(fingerprint: CertificateFingerprint): void {
    this.#listener?.closeWhere((peer) => peer.fingerprint === fingerprint);
  }

  #checkDirectory(): Promise<void> {
    return this.#directory.stale ? Promise.reject(new AllowListOutdated()) : Promise.resolve();
  }
}

class AllowListOutdated extends Error {
  readonly code = 'allow_list_outdated';
}
