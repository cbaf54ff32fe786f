import '@lib/hardening';
import 'reflect-metadata';

import { gatewayConfig, type GatewayConfig, parseConfig, readEnvironment } from '@lib/config';
import { DomainError } from '@lib/kernel';
import {
  createLogger,
  HealthServer,
  type Logger,
  Metrics,
  reportToParent,
  stopOnSignal,
  stopOnUnknownError,
} from '@lib/observability';
import { openRegion } from '@lib/platform';
import { NestFactory } from '@nestjs/core';
import { NestApplicationContextOptions } from '@nestjs/common/interfaces/nest-application-context-options.interface';

import { Gateway } from './gateway';
import { GatewayModule } from './gateway.module';

/** Nest's own lines say nothing an operator needs; faults reach `main`. */
const quiet = Object.assign(new NestApplicationContextOptions(), { logger: false as const, abortOnError: false });

async function start(config: GatewayConfig, logger: Logger): Promise<void> {
  // While there is nothing to reload yet: without a listener the signal would end the process.
  process.on('SIGHUP', () => undefined);
  const metrics = new Metrics({ processMetrics: true, labels: { endpoint: config.kmipEndpointName } });
  const health = new HealthServer({ host: config.healthHost, port: config.healthPort, metrics });
  const { port: healthPort } = await health.listen();
  const region = await openRegion(
    config,
    { applicationName: config.kmipEndpointName, role: 'gateway' },
    logger,
    health,
  );
  const root = GatewayModule.with({ config, logger, metrics, health, region });
  const app = await NestFactory.createApplicationContext(root, quiet);
  const gateway = app.get(Gateway);
  const { port } = await gateway.start();
  logger.info({ host: config.kmipHost, port, healthPort }, 'KMIP endpoint is listening');
  process.on('SIGHUP', () => void gateway.reloadCertificate());
  stopOnSignal(
    async () => {
      logger.info('stopping');
      await gateway.stop();
      await app.close();
      await region.close();
      await health.close();
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
