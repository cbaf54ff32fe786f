import '@lib/hardening';
import 'reflect-metadata';

import { gatewayConfig, type GatewayConfig, parseConfig, readEnvironment } from '@lib/config';
import { DomainError } from '@lib/kernel';
import { createLogger, type Logger, reportToParent, stopOnSignal, stopOnUnknownError } from '@lib/observability';
import { quietly } from '@lib/platform';
import { NestFactory } from '@nestjs/core';
import { type AsyncMicroserviceOptions } from '@nestjs/microservices';

import { GatewayModule } from './gateway.module';
import { KmipServer } from './kmip-server/kmip-server';

async function start(config: GatewayConfig, logger: Logger): Promise<void> {
  // While there is nothing to reload yet: without a listener the signal would end the process.
  process.on('SIGHUP', () => undefined);
  const transport: AsyncMicroserviceOptions = {
    inject: [KmipServer],
    useFactory: (strategy: KmipServer) => ({ strategy }),
  };
  const app = await NestFactory.createMicroservice<AsyncMicroserviceOptions>(
    GatewayModule.forRoot(config, logger),
    quietly(transport),
  );
  await app.listen();
  const server = app.get(KmipServer);
  logger.info({ host: config.kmipHost, port: server.port }, 'KMIP endpoint is listening');
  process.on('SIGHUP', () => void server.reloadCertificate());
  stopOnSignal(
    async () => {
      logger.info('stopping');
      await app.close();
    },
    (error) => logger.error({ err: error }, 'stopping failed'),
  );
  reportToParent({ kind: 'ready' });
}

async function main(): Promise<void> {
  const config = parseConfig(gatewayConfig, readEnvironment());
  const logger = createLogger({ level: config.logLevel, name: config.kmipEndpointName });
  stopOnUnknownError((error) => logger.fatal({ err: error }, 'unexpected error; stopping'));
  await start(config, logger);
}

main().catch((error: unknown) => {
  // Our own errors are written for the operator; anything else may quote what must not be printed.
  const message = error instanceof DomainError ? error.message : `the gateway cannot start: ${String(error)}`;
  process.stderr.write(`${message}\n`);
  reportToParent({ kind: 'failed', message });
  process.exit(1);
});
