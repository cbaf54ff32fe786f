import '@lib/hardening';
import 'reflect-metadata';

import { managementApiConfig, type ManagementApiConfig, parseConfig, readEnvironment } from '@lib/config';
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
import { describeRestore, headSigning, openRegion } from '@lib/platform';
import { NestApplicationContextOptions } from '@nestjs/common/interfaces/nest-application-context-options.interface';
import { NestFactory } from '@nestjs/core';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';

import { ServiceIdentity } from './auth/service-identity';
import { osbEarlyRefusal } from './broker/http/osb-error';
import { installBroker } from './broker/install-broker';
import { AnswerReport } from './http/answer-report';
import { earlyRefusals } from './http/early-refusals';
import { tenantEarlyRefusal } from './http/error-translation';
import { FASTIFY_OPTIONS, limitConnections, serverOptions } from './http/server-limits';
import { SpaceAdapter } from './http/space-adapter';
import { housekeeping } from './housekeeping/housekeeping';
import { ManagementModule } from './management.module';
import { composeTenantApi } from './tenant-api/compose-tenant-api';

/** Nest's own lines say nothing an operator needs; faults reach `main`. */
const quiet = Object.assign(new NestApplicationContextOptions(), {
  logger: false as const,
  abortOnError: false,
  bodyParser: false,
});

async function start(config: ManagementApiConfig, logger: Logger): Promise<void> {
  const metrics = new Metrics({ processMetrics: true });
  const health = new HealthServer({ host: config.healthHost, port: config.healthPort, metrics });
  const { port: healthPort } = await health.listen();
  const region = await openRegion(config, { applicationName: 'management-api', role: 'api' }, logger, health);
  health.addCheck({ name: 'database', check: () => region.checkDatabase() });
  describeRestore(metrics, region.restore);
  const publicUrl = config.managementPublicUrl ?? `http://${config.managementHost}:${config.managementPort}`;
  const report = new AnswerReport(metrics, logger);
  const signing = headSigning(config, region, (message, err) => logger.error({ err }, message));
  // A damaged file is told now, and not when a tenant asks.
  if ((await signing.keys()).length === 0)
    logger.warn('AUDIT_KEY_FILE is not set: heads of audit trails are not signed');
  const settings = { ...config, identity: ServiceIdentity.of(config), signedHeads: signing };
  const tenantApi = await composeTenantApi(settings, region, publicUrl, logger, report);
  const adapter = new SpaceAdapter({
    ...FASTIFY_OPTIONS,
    ...serverOptions(config),
    frameworkErrors: refusalsOf(publicUrl),
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    ManagementModule.with(tenantApi, { config, identity: settings.identity, logger, metrics, publicUrl, region }),
    adapter,
    quiet,
  );
  limitConnections(adapter.getInstance(), config);
  await installBroker(app, adapter.getInstance());
  const chores = housekeeping(region, metrics, logger, signing);
  await app.listen({ host: config.managementHost, port: config.managementPort });
  logger.info({ host: config.managementHost, port: config.managementPort, healthPort }, 'management API is listening');
  chores.start();
  void chores.round();
  stopOnSignal(
    async () => {
      logger.info('stopping');
      health.drain();
      await app.close();
      await chores.stop();
      await tenantApi.close();
      await region.close();
      await health.close();
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
