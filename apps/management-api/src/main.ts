import '@lib/hardening';
import 'reflect-metadata';

import { managementApiConfig, type ManagementApiConfig, parseConfig, readEnvironment } from '@lib/config';
import { DomainError } from '@lib/kernel';
import {
  createLogger,
  FAREWELL_MS,
  type Logger,
  reportToParent,
  stopOnSignal,
  stopOnUnknownError,
} from '@lib/observability';
import { quietly } from '@lib/platform';
import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';

import { serverOptions } from './http/server-limits';
import { SpaceAdapter } from './http/space-adapter';
import { ManagementModule } from './management.module';

async function start(config: ManagementApiConfig, logger: Logger): Promise<void> {
  const app = await NestFactory.create<NestFastifyApplication>(
    ManagementModule.forRoot(config, logger),
    new SpaceAdapter(serverOptions(config)),
    quietly({ bodyParser: false }),
  );
  const { managementHost: host, managementPort: port } = config;
  await app.listen({ host, port });
  logger.info({ host, port }, 'management API is listening');
  stopOnSignal(
    async () => {
      logger.info('stopping');
      await app.close();
    },
    (error) => logger.error({ err: error }, 'stopping failed'),
    config.drainTimeoutMs + FAREWELL_MS,
  );
  reportToParent({ kind: 'ready' });
}

async function main(): Promise<void> {
  const config = parseConfig(managementApiConfig, readEnvironment());
  const logger = createLogger({ level: config.logLevel, name: 'management-api' });
  stopOnUnknownError((error) => logger.fatal({ err: error }, 'unexpected error; stopping'));
  await start(config, logger);
}

main().catch((error: unknown) => {
  const message = error instanceof DomainError ? error.message : `the management API cannot start: ${String(error)}`;
  process.stderr.write(`${message}\n`);
  reportToParent({ kind: 'failed', message });
  process.exit(1);
});
