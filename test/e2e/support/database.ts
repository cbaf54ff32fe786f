import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Client } from 'pg';

import { type RunningService } from './running-service';

/** The database of a running service as the server's administrator sees it, past the separation of tenants. */
export async function openDatabase(service: RunningService): Promise<Client> {
  const folder = join(service.dataFolder, 'postgres');
  const environment = await readFile(join(service.dataFolder, 'service.env'), 'utf8');
  const url = new URL(/^DATABASE_URL=(.*)$/m.exec(environment)?.[1] ?? '');
  const password = (await readFile(join(folder, 'administrator-password'), 'utf8')).trim();
  const client = new Client({ host: decodeURIComponent(url.pathname), user: 'kms', database: 'kms', password });
  await client.connect();
  return client;
}
