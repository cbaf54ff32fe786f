import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * What Node warned the processes of that log into `folder`. It goes past our own log: listeners that pile up, promises
 * that nobody waits for.
 */
export async function warningsIn(folder: string): Promise<string[]> {
  const logs = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  const lines = logs.map(async (name) => {
    const text = await readFile(join(folder, name), 'utf8');
    return text.split('\n').flatMap((line) => (/^\(node:\d+\)/.test(line) ? [`${name}: ${line}`] : []));
  });
  return (await Promise.all(lines)).flat();
}
