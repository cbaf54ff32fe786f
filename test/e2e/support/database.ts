import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Client } from 'pg';

import { type RunningService } from './running-service';

/** The database of a running service as its owner sees it, past the separation of tenants. */
export async function openDatabase(service: RunningService): Promise<Client> {
  const environment = await readFile(join(service.dataFolder, 'service.env'), 'utf8');
  const [, connectionString = ''] = /^DATABASE_URL=(.*)$/m.exec(environment) ?? [];
  const client = new Client({ connectionString });
  await client.connect();
  return client;
}
