import { type ClientBase } from 'pg';
import { type DataSource } from 'typeorm';

import { LIMITS } from './connection';
import { DatabaseUnavailable } from './persistence.error';

/** One statement that belongs to no tenant, on its own connection and within the usual time limit. */
export async function regionQuery<T>(dataSource: DataSource, text: string, values: readonly unknown[]): Promise<T[]> {
  const queryRunner = dataSource.createQueryRunner();
  let timer: NodeJS.Timeout | undefined;
  const cut = new AbortController();
  try {
    // TypeORM types the driver's connection as any; for Postgres it is the pool's client.
    const client = (await queryRunner.connect()) as ClientBase & { end(): Promise<void> };
    timer = setTimeout(() => {
      cut.abort();
      void client.end().catch(() => undefined);
    }, LIMITS.transactionMs);
    return (await client.query(text, [...values])).rows as T[];
  } catch (cause) {
    if (cut.signal.aborted) throw new DatabaseUnavailable('the database did not answer in time', { cause });
    throw cause;
  } finally {
    clearTimeout(timer);
    await queryRunner.release();
  }
}
