import '@lib/hardening';

import { localCloudConfig, parseConfig, readEnvironment } from '@lib/config';
import { reportToParent, stopOnSignal } from '@lib/observability';

import { createLocalCloud } from './local-cloud';

async function main(): Promise<void> {
  const {
    localCloudHost: host,
    localCloudPort: port,
    localCloudData: dataFolder,
    logLevel,
  } = parseConfig(localCloudConfig, readEnvironment());
  const cloud = await createLocalCloud({ host, port, dataFolder, logLevel });
  await cloud.start();
  cloud.app.log.info({ url: cloud.url }, 'local cloud is ready');
  stopOnSignal(
    () => cloud.close(),
    (error) => cloud.app.log.error({ err: error }, 'stopping failed'),
  );
  reportToParent({ kind: 'ready' });
}

main().catch((error: unknown) => {
  const message = `local cloud cannot start: ${error instanceof Error ? error.message : String(error)}`;
  process.stderr.write(`${message}\n`);
  reportToParent({ kind: 'failed', message });
  process.exit(1);
});
