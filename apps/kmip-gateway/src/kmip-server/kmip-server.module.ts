import { Inject, Module, type OnModuleInit } from '@nestjs/common';

import { type GatewayConfig } from '@lib/config';
import { KmipListener } from '@lib/kmip-transport';
import { type Logger, Metrics } from '@lib/observability';
import { LOGGER } from '@lib/platform';

import { ClientsModule } from '../clients/clients.module';
import { GATEWAY_CONFIG } from '../gateway-config.module';
import { GatewayMetrics } from '../gateway-metrics';
import { ConnectionRecords } from '../session/connection-records';
import { QuestionAudit } from '../session/question-audit';
import { KmipSession } from '../session/kmip-session';
import { SessionModule } from '../session/session.module';
import { transportLimits } from '../workers/shares';
import { KmipServer } from './kmip-server';
import { ServerCertificate } from './server-certificate';
import { TransportObservers } from './transport-observers';

const serverCertificate = {
  provide: ServerCertificate,
  inject: [GATEWAY_CONFIG, LOGGER, Metrics],
  useFactory: (config: GatewayConfig, logger: Logger, metrics: Metrics) => {
    const { kmipTlsFolder: folder, kmipInstanceDomain: domain } = config;
    const hostNames = [...config.kmipServerNames, ...(domain === undefined ? [] : [`*.${domain}`])];
    return new ServerCertificate({ folder, hostNames, copy: config.kmipCertificateCopy, logger, metrics });
  },
};

const kmipListener = {
  provide: KmipListener,
  inject: [GATEWAY_CONFIG, ServerCertificate, KmipSession, GatewayMetrics, ConnectionRecords, QuestionAudit],
  useFactory: async (
    config: GatewayConfig,
    certificate: ServerCertificate,
    handler: KmipSession,
    metrics: GatewayMetrics,
    records: ConnectionRecords,
    questions: QuestionAudit,
  ) =>
    new KmipListener({
      host: config.kmipHost,
      port: config.kmipPort,
      certificate: await certificate.load(),
      handler,
      observer: new TransportObservers(metrics, records, questions),
      legacyCiphers: config.kmipLegacyCiphers,
      ...(config.kmipProxyProtocolFrom === undefined ? {} : { proxyProtocolFrom: config.kmipProxyProtocolFrom }),
      limits: transportLimits(config),
    }),
};

/** The port that vCenter connects to. */
@Module({ imports: [ClientsModule, SessionModule], providers: [serverCertificate, kmipListener, KmipServer] })
export class KmipServerModule implements OnModuleInit {
  constructor(
    @Inject(KmipListener) private readonly listener: KmipListener,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    this.metrics.polledGauge('kmip_connections', 'Connections past their handshake.', () => {
      return this.listener.connectionCount;
    });
    this.metrics.polledGauge('kmip_half_open_connections', 'Connections in their handshake.', () => {
      return this.listener.halfOpenCount;
    });
    this.metrics.polledGauge('kmip_workers', 'Processes that take connections.', () => {
      return this.listener.isListening ? 1 : 0;
    });
  }
}
