import { localCloudConfig, parseConfig, readEnvironment } from '@lib/config';
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
  const stop = (): void => {
    // A second signal while closing must not start a second close.
    process.removeAllListeners('SIGTERM').removeAllListeners('SIGINT');
    cloud.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
}

main().catch((error: unknown) => {
  process.stderr.write(`local cloud cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
