import { describeLife, openInMemoryLifeCatalog } from '@lib/testing';

describeLife('a catalog in memory', openInMemoryLifeCatalog, {
  few: 40,
  spec: 'libs/kmip-engine/src/life.spec',
  secondsPerLife: 2,
  shrinks: true,
});
