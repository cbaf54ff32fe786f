import { describeLife } from '@lib/testing';

import { openPostgresLifeCatalog } from './postgres-life-catalog.fixture';

describeLife('a catalog in Postgres, with the watch over restores', openPostgresLifeCatalog, {
  few: 3,
  spec: 'libs/platform/src/restore/life.int-spec',
  secondsPerLife: 30,
  shrinks: false,
});
