import '@lib/hardening';
import 'reflect-metadata';

import { managementApiConfig, type ManagementApiConfig, parseConfig, readEnvironment } from '@lib/config';
import { DomainError } from '@lib/kernel';
import { createLogger, type Logger, reportToParent, stopOnSignal, stopOnUnknownError } from '@lib/observability';
import { quietly } from '@lib/platform';
import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';

import { osbEarlyRefusal } from './broker/http/osb-error';
import { earlyRefusals } from './http/early-refusals';
import { tenantEarlyRefusal } from './http/error-translation';
import { FASTIFY_OPTIONS, limitConnections, serverOptions } from './http/server-limits';
import { SpaceAdapter } from './http/space-adapter';
import { publicUrlOf } from './management-config.module';
import { ManagementModule } from './management.module';

async function start(config: ManagementApiConfig, logger: Logger): Promise<void> {
  const adapter = new SpaceAdapter({
    ...FASTIFY_OPTIONS,
    ...serverOptions(config),
    frameworkErrors: refusalsOf(publicUrlOf(config)),
  });
  limitConnections(adapter.getInstance(), config);
  const app = await NestFactory.create<NestFastifyApplication>(
    ManagementModule.forRoot(config, logger),
    adapter,
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
  );
  reportToParent({ kind: 'ready' });
}

/** Each space of routes has an error shape of its own, also for what is refused before a route is found. */
const refusalsOf = (publicUrl: string): ReturnType<typeof earlyRefusals> =>
  earlyRefusals({
    '/v1': tenantEarlyRefusal(publicUrl),
    '/v2': osbEarlyRefusal,
    '/bluemix_v1': osbEarlyRefusal,
  });

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
