import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { StartError } from './data-folder';

export interface WantedPort {
  /** Variable it was configured by. */
  readonly variable: string;
  readonly host: string;
  /** 0 for any. */
  readonly port: number;
}

/**
 * Decides every port before anything is started, so that a taken one is a message and not half a service. A port that
 * was chosen freely is remembered in the data folder: after a restart vCenter finds the service where it was.
 * @throws StartError that names each variable whose port is taken
 */
export async function choosePorts<Name extends string>(
  dataFolder: string,
  wanted: Readonly<Record<Name, WantedPort>>,
): Promise<Readonly<Record<Name, number>>> {
  const file = join(dataFolder, 'ports.json');
  const remembered = JSON.parse(await readFile(file, 'utf8').catch(() => '{}')) as Partial<Record<Name, number>>;
  const chosen = {} as Record<Name, number>;
  const taken: string[] = [];
  for (const [name, { variable, host, port }] of Object.entries<WantedPort>(wanted)) {
    const ours = new Set(Object.values<number>(chosen));
    const found = port === 0 ? await anyPort(host, remembered[name as Name], ours) : await freePort(host, port, ours);
    if (found === undefined) taken.push(`  ${variable}: port ${port} on ${host} is taken`);
    chosen[name as Name] = found ?? 0;
  }
  if (taken.length > 0) {
    throw new StartError(`${taken.join('\n')}\nSet the variable to another port, or to 0 for any free one.`);
  }
  await writeFile(file, `${JSON.stringify(chosen, null, 2)}\n`);
  return chosen;
}

/**
 * Below the range from which the system takes ports for outgoing connections: one of those could get the port between
 * our look and the moment the process opens it, or while the process is being started again.
 */
const LOWEST = 10_000;
const BEYOND = 32_768;
const ATTEMPTS = 200;

/** The port of last time if it is free, else any free one that is not chosen for something else already. */
async function anyPort(
  host: string,
  before: number | undefined,
  chosen: ReadonlySet<number>,
): Promise<number | undefined> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const wanted = attempt === 0 && before !== undefined ? before : randomInt(LOWEST, BEYOND);
    const port = await freePort(host, wanted, chosen);
    if (port !== undefined) return port;
  }
  return undefined;
}

/** @returns the port when it can be opened, and undefined when it is taken */
async function freePort(host: string, port: number, chosen: ReadonlySet<number>): Promise<number | undefined> {
  if (chosen.has(port)) return undefined;
  const server = createServer();
  return await new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(new StartError(`Port ${port} on ${host} cannot be opened: ${error.code ?? error.message}`));
    });
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => resolve(port));
    });
  });
}
