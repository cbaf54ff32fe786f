import { type ClientBase } from 'pg';
import { type DataSource, type QueryRunner } from 'typeorm';

import { DatabaseUnavailable } from './persistence.error';

/** A connection of the pool in use. It is cut at the deadline, because a server that hangs answers nothing. */
export interface Checkout {
  readonly client: ClientBase;
  readonly queryRunner: QueryRunner;
  /** Always called, at the end. A connection that was cut or broke is replaced by the pool. */
  giveBack(): Promise<void>;
}

type EndableClient = ClientBase & { end(): Promise<void> };

/**
 * @param deadline on the clock of performance.now(); holds for waiting and connecting as well
 * @throws DatabaseUnavailable when no connection is to be had in time
 */
export async function checkOut(dataSource: DataSource, deadline: number): Promise<Checkout> {
  const queryRunner = dataSource.createQueryRunner();
  // TypeORM types the driver's connection as any; for Postgres it is the pool's client.
  const pending = queryRunner.connect() as Promise<EndableClient>;
  const client = await withinDeadline(pending, deadline).catch((cause: unknown) => {
    // A connection that still arrives goes back: released any earlier, the query runner would forget about it.
    void pending.catch(() => undefined).finally(() => queryRunner.release());
    throw new DatabaseUnavailable('the database cannot be reached', { cause });
  });
  const timer = setTimeout(() => void client.end().catch(() => undefined), remainingMs(deadline));
  return {
    client,
    queryRunner,
    giveBack: async () => {
      clearTimeout(timer);
      await queryRunner.release();
    },
  };
}

async function withinDeadline<T>(pending: Promise<T>, deadline: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error('no connection within the time limit'));
    }, remainingMs(deadline));
  });
  try {
    return await Promise.race([pending, expired]);
  } finally {
    clearTimeout(timer);
  }
}

const remainingMs = (deadline: number): number => Math.max(deadline - performance.now(), 1);
