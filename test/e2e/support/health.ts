import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type RunningService } from './running-service';

/** Asks the health port of a KMIP endpoint. */
async function ask(service: RunningService, endpoint: number, path: string): Promise<Response> {
  const ports = JSON.parse(await readFile(join(service.dataFolder, 'ports.json'), 'utf8')) as Record<string, number>;
  return await fetch(`http://127.0.0.1:${ports[`health${endpoint + 1}`]}${path}`);
}

/** Everything a KMIP endpoint (0, 1) or the management API (2) measures. */
export const metricsText = async (service: RunningService, process: number): Promise<string> =>
  await (await ask(service, process, '/metrics')).text();

/** Names of everything a KMIP endpoint (0, 1) or the management API (2) measures. */
export async function metricNames(service: RunningService, process: number): Promise<readonly string[]> {
  const text = await (await ask(service, process, '/metrics')).text();
  return [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name);
}

/** Sum of all series of a metric whose labels include those given; 0 when there is none. */
export async function metric(
  service: RunningService,
  endpoint: number,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const text = await (await ask(service, endpoint, '/metrics')).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`)))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

export const isReady = async (service: RunningService, endpoint: number): Promise<boolean> =>
  (await ask(service, endpoint, '/readyz')).status === 200;
