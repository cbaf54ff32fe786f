import { type GatewayConfig } from '@lib/config';
import { HealthServer, type Logger, reportToParent, stopOnSignal } from '@lib/observability';

import { Workers } from './workers';

/** A worker closes database and key managers after its requests are answered. */
const AFTER_DRAINING_MS = 8_000;
/** For one that had to be killed. */
const AFTER_WORKERS_MS = 1_000;

/** Keeps the workers of an endpoint and speaks for them; it serves no client and reads no key. */
export async function startPrimary(config: GatewayConfig, logger: Logger): Promise<void> {
  const { kmipWorkers: count, drainTimeoutMs, healthHost: host, healthPort } = config;
  const stopWithinMs = drainTimeoutMs + AFTER_DRAINING_MS;
  const workers = new Workers({ count, logger, stopWithinMs });
  const { metrics } = workers;
  const health = new HealthServer({ metrics, dependencies: () => workers.dependencies() });
  const { port } = await health.listen({ host, port: healthPort });
  logger.info({ port, workers: count }, 'health, readiness and metrics of all workers are served');
  process.on('SIGHUP', () => workers.signal('SIGHUP'));
  process.on('SIGUSR2', () => void workers.replace());
  stopOnSignal(
    async () => {
      logger.info('stopping');
      health.drain();
      await workers.stop();
      await health.close();
    },
    (error) => logger.error({ err: error }, 'stopping failed'),
    stopWithinMs + AFTER_WORKERS_MS,
  );
  try {
    if (!(await workers.start())) return;
  } catch (error) {
    await workers.stop();
    throw error;
  }
  logger.info({ workers: count }, 'all workers serve');
  reportToParent({ kind: 'ready' });
}
