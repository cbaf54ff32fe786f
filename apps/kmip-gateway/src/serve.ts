import 'reflect-metadata';

import { type GatewayConfig } from '@lib/config';
import { FAREWELL_MS, type Logger, reportToParent, stopOnSignal } from '@lib/observability';
import { quietly } from '@lib/platform';
import { NestFactory } from '@nestjs/core';
import { type AsyncMicroserviceOptions } from '@nestjs/microservices';

import { GatewayModule } from './gateway.module';
import { KmipServer } from './kmip-server/kmip-server';
import { type WorkerLink } from './workers/worker-link';

/** @param link of a worker; without it this process is the whole endpoint */
export async function serve(config: GatewayConfig, logger: Logger, link: WorkerLink | undefined): Promise<void> {
  // While there is nothing to reload yet, and where nothing is to be replaced: without a listener they would end the process.
  for (const signal of ['SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => undefined);
  const { healthHost: host, healthPort: port } = config;
  const transport: AsyncMicroserviceOptions = {
    inject: [KmipServer],
    useFactory: (strategy: KmipServer) => ({ strategy }),
  };
  const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(
    GatewayModule.forRoot(config, logger, link === undefined ? { host, port } : link.answer.bind(link)),
    quietly(transport),
  );
  await app.listen();
  const server = app.get(KmipServer);
  logger.info({ host: config.kmipHost, port: server.port }, 'KMIP endpoint is listening');
  process.on('SIGHUP', () => void server.reloadCertificate());
  link?.outlivesPrimary();
  stopOnSignal(
    async () => {
      logger.info('stopping');
      link?.leaves();
      await app.close();
      await link?.lastWords();
    },
    (error) => logger.error({ err: error }, 'stopping failed'),
    config.drainTimeoutMs + FAREWELL_MS,
  );
  reportToParent({ kind: 'ready' });
}
