import { type KeyCatalog, type KeyListing, type ListedKey } from '@lib/kmip-engine';
import { type InstanceId } from '@lib/kernel';
import { type DataSource } from 'typeorm';

import { TenantTransactions } from '../database/transactions';
import { findAttributes } from './attribute-search';
import { keyListQuery, wantedAttributes } from './key-list-query';
import { type ManagedObjectRow, toManagedObject } from './managed-object.mapper';

/** The catalog as administrators read it. */
export class PostgresKeyCatalog {
  private readonly transactions: TenantTransactions;

  constructor(dataSource: DataSource) {
    this.transactions = new TenantTransactions(dataSource, 'lists');
  }

  forInstance(instanceId: InstanceId): KeyCatalog {
    return {
      list: (listing: KeyListing): Promise<readonly ListedKey[]> =>
        this.transactions.look(instanceId, async ({ client }) => {
          const attributes = await findAttributes(client, instanceId, wantedAttributes(listing));
          const { rows } = await client.query<ManagedObjectRow>(keyListQuery(instanceId, listing, attributes));
          return rows.map((row) => ({ ...toManagedObject(row), sortName: row.sort_name }));
        }),
    };
  }
}
