import { type DataSource } from 'typeorm';

import { checkOut } from './checkout';
import { LIMITS } from './connection';
import { DatabaseUnavailable, sqlState } from './persistence.error';

/** One statement that belongs to no tenant, within the usual time limit. @throws DatabaseUnavailable */
export async function regionQuery<T>(dataSource: DataSource, text: string, values: readonly unknown[]): Promise<T[]> {
  const checkout = await checkOut(dataSource, performance.now() + LIMITS.transactionMs);
  try {
    return (await checkout.client.query(text, [...values])).rows as T[];
  } catch (cause) {
    if (sqlState(cause) !== undefined) throw cause;
    throw new DatabaseUnavailable('the database did not answer in time', { cause });
  } finally {
    await checkout.giveBack();
  }
}
