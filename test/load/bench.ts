import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { RunningService } from '../e2e/support/running-service';
import { pykmipMissing } from '../interop/support/pykmip';
import { type Figure, measureAll } from './support/measure';
import { startPykmip } from './support/pykmip-server';
import { conditions, figuresTable } from './support/table';
import { clientOf, type Target } from './support/target';

const SECONDS = Number(process.env['BENCH_SECONDS'] ?? '5');
const LANES = [1, 16, 64];

/** `npm run bench`: the product as `npm start` runs it, and PyKMIP's server, one after the other on this machine. */
async function main(): Promise<void> {
  console.log(`${conditions()}, ${SECONDS} s a figure; µs: CPU time of each process per operation\n`);
  const service = await RunningService.start({ environment: { LOG_LEVEL: 'warn' } });
  try {
    await report(await ours(service));
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
    await report(pykmip);
  } finally {
    await pykmip.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function ours(service: RunningService): Promise<Target> {
  const { kmip } = service.connection;
  const [certificatePem, keyPem, caPem] = await Promise.all([
    readFile(kmip.clientCertificate, 'utf8'),
    readFile(kmip.clientKey, 'utf8'),
    readFile(kmip.serverCa, 'utf8'),
  ]);
  return {
    name: 'KMIP for VMware',
    ports: kmip.ports,
    client: clientOf(certificatePem, keyPem, caPem),
    processes: () => service.connection.processes,
  };
}

async function report(target: Target): Promise<void> {
  const figures: Figure[] = [];
  try {
    for await (const figure of measureAll(target, SECONDS, LANES)) figures.push(figure);
  } finally {
    // What was measured before something went wrong is worth showing.
    console.log(`### ${target.name}\n\n${figuresTable(figures)}\n`);
  }
}

if (require.main === module) {
  main().catch((error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  });
}
