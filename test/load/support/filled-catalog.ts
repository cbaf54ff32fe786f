import { toInstanceId } from '@lib/kernel';
import { PostgresKeyCatalog, PostgresObjectStores, PostgresRegionDirectory } from '@lib/persistence';
import { startTestPostgres } from '@lib/testing';

import { type CatalogSize, fillCatalog, LARGE_INSTANCE } from './large-catalog';
import { type Question, questions } from './questions';

export const CATALOG_SIZE: CatalogSize = {
  instances: 10_000,
  certificatesPerInstance: 2,
  keys: Number(process.env['CATALOG_KEYS'] ?? '1000000'),
};

/** A throw-away database with the rows of a large region, and what is asked of it. */
export class FilledCatalog {
  private constructor(
    readonly questions: readonly Question[],
    readonly close: () => Promise<void>,
  ) {}

  static async open(): Promise<FilledCatalog> {
    const database = await startTestPostgres();
    const close = async (): Promise<void> => {
      await database.close();
    };
    try {
      await fillCatalog(await database.openAdmin(), CATALOG_SIZE);
      const dataSource = await database.openDataSource();
      const instance = toInstanceId(LARGE_INSTANCE);
      const asked = await questions({
        store: new PostgresObjectStores(dataSource).forInstance(instance),
        keys: new PostgresKeyCatalog(dataSource).forInstance(instance),
        directory: new PostgresRegionDirectory(dataSource),
        size: CATALOG_SIZE.keys,
      });
      return new FilledCatalog(asked, close);
    } catch (error) {
      await close();
      throw error;
    }
  }

  /** @throws Error when nothing is called so any more */
  question(what: string): Question {
    const found = this.questions.find((each) => each.what === what);
    if (found === undefined) throw new Error(`no question is called "${what}"`);
    return found;
  }
}
