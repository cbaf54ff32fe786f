import '@lib/hardening';

import { gatewayConfig, parseConfig, readEnvironment } from '@lib/config';
import { DomainError } from '@lib/kernel';
import { createLogger, reportToParent, stopOnUnknownError } from '@lib/observability';

import { startPrimary } from './workers/primary';
import { WorkerLink } from './workers/worker-link';

async function main(): Promise<void> {
  const config = parseConfig(gatewayConfig, readEnvironment());
  const logger = createLogger({ level: config.logLevel, name: config.kmipEndpointName });
  stopOnUnknownError((error) => logger.fatal({ err: error }, 'unexpected error; stopping'));
  const link = WorkerLink.open();
  if (link === undefined && config.kmipWorkers > 1) {
    await startPrimary(config, logger);
    return;
  }
  // Loaded by whom it serves: a primary has no use for it, and is small without it.
  const { serve } = await import('./serve.js');
  await serve(config, logger, link);
}

main().catch((error: unknown) => {
  // Our own errors are written for the operator; anything else may quote what must not be printed.
  const message = error instanceof DomainError ? error.message : `the gateway cannot start: ${String(error)}`;
  process.stderr.write(`${message}\n`);
  reportToParent({ kind: 'failed', message });
  process.exit(1);
});
