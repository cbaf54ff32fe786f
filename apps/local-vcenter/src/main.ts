import '@lib/hardening';
import 'reflect-metadata';

import { localVcenterConfig, parseConfig, readEnvironment } from '@lib/config';
import { reportToParent, stopOnSignal } from '@lib/observability';

import { createLocalVcenter } from './local-vcenter';

async function main(): Promise<void> {
  const config = parseConfig(localVcenterConfig, readEnvironment());
  const vcenter = await createLocalVcenter({
    host: config.localVcenterHost,
    port: config.localVcenterPort,
    dataFolder: config.localVcenterData,
    password: config.localVcenterPassword.exposeText(),
    machines: config.localVcenterMachines,
    logLevel: config.logLevel,
  });
  await vcenter.start();
  vcenter.app.log.info({ url: vcenter.url }, 'local vCenter is ready');
  stopOnSignal(
    () => vcenter.close(),
    (error) => vcenter.app.log.error({ err: error }, 'stopping failed'),
  );
  reportToParent({ kind: 'ready' });
}

main().catch((error: unknown) => {
  const message = `local vCenter cannot start: ${error instanceof Error ? error.message : String(error)}`;
  process.stderr.write(`${message}\n`);
  reportToParent({ kind: 'failed', message });
  process.exit(1);
});
