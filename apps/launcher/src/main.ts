import '@lib/hardening';
import 'reflect-metadata';

import { type LauncherConfig, launcherConfig, parseConfig, readEnvironment } from '@lib/config';
import { DomainError } from '@lib/kernel';

import { claimDataFolder, StartError } from './data-folder';
import { greeting } from './greeting';
import { Service } from './service';

/** `npm start`. Every way out goes through the same stop, so that no process is left behind. */
async function main(config: LauncherConfig): Promise<void> {
  const claim = await claimDataFolder(config.dataFolder);
  const service = new Service(config, claim.path, (line) => console.log(line));
  let stopping: Promise<void> | undefined;
  const stop = (status: number): Promise<void> => {
    stopping ??= service
      .stop()
      .finally(() => claim.release())
      .then(() => process.exit(status));
    return stopping;
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
  try {
    const connection = await service.start();
    console.log(greeting(connection, claim.path, config.localVcenter));
  } catch (error) {
    if (stopping === undefined) report(error);
    await stop(1);
  }
}

function report(error: unknown): void {
  const expected = error instanceof StartError || error instanceof DomainError;
  console.error(expected || error instanceof Error ? error.message : String(error));
}

try {
  main(parseConfig(launcherConfig, readEnvironment())).catch((error: unknown) => {
    report(error);
    process.exit(1);
  });
} catch (error) {
  report(error);
  process.exit(1);
}
