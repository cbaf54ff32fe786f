import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';

import { RunningService } from '../e2e/support/running-service';
import { pykmipMissing } from '../interop/support/pykmip';
import { type Figure, measureAll } from './support/measure';
import { startPykmip } from './support/pykmip-server';
import { type Target } from './support/target';

const SECONDS = Number(process.env['BENCH_SECONDS'] ?? '5');
const LANES = [1, 16, 64];

/** `npm run bench`: the product as `npm start` runs it, and PyKMIP's server, one after the other on this machine. */
async function main(): Promise<void> {
  console.log(
    `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), Node ${process.version}, ${SECONDS} s a figure\n`,
  );
  const service = await RunningService.start({ environment: { LOG_LEVEL: 'warn' } });
  try {
    print('KMIP for VMware', await measureAll(await ours(service), SECONDS, LANES));
  } finally {
    await service.remove();
  }
  const missing = await pykmipMissing();
  if (missing !== undefined) {
    console.log(`PyKMIP was not measured: ${missing}`);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'pykmip-'));
  const pykmip = await startPykmip(folder);
  try {
    print(pykmip.name, await measureAll(pykmip, SECONDS, LANES));
  } finally {
    await pykmip.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function ours(service: RunningService): Promise<Target> {
  const { kmip } = service.connection;
  const [clientCertificatePem, clientKeyPem, serverCaPem] = await Promise.all([
    readFile(kmip.clientCertificate, 'utf8'),
    readFile(kmip.clientKey, 'utf8'),
    readFile(kmip.serverCa, 'utf8'),
  ]);
  return {
    name: 'KMIP for VMware',
    ports: kmip.ports,
    clientCertificatePem,
    clientKeyPem,
    serverCaPem,
    processes: () => service.connection.processes,
  };
}

function print(name: string, figures: readonly Figure[]): void {
  const roles = Object.keys(figures[0]?.cpuMicroseconds ?? {}).filter((role) => role !== 'management-api');
  console.log(`### ${name}\n`);
  console.log(
    `| operation | connections | per second | p50 ms | p99 ms | ${roles.map((role) => `CPU µs ${role}`).join(' | ')} |`,
  );
  console.log(`| --- | --- | --- | --- | --- | ${roles.map(() => '---').join(' | ')} |`);
  for (const { what, connections, perSecond, p50Ms, p99Ms, cpuMicroseconds } of figures) {
    const cpu = roles.map((role) => Math.round(cpuMicroseconds[role] ?? 0)).join(' | ');
    console.log(
      `| ${what} | ${connections} | ${Math.round(perSecond)} | ${p50Ms.toFixed(2)} | ${p99Ms.toFixed(2)} | ${cpu} |`,
    );
  }
  console.log('');
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
