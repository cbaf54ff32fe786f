import { type RowChange, RowStore } from '@lib/stand-in';
import { type Rows } from './rows';

/** Everything this cloud knows. */
export type Store = RowStore<Rows>;

export type Change = RowChange<Rows>;

export const Store = {
  inMemory: (): Store => RowStore.inMemory<Rows>(),
  open: (folder: string): Promise<Store> => RowStore.open<Rows>(folder),
};
