import { describeLife, openInMemoryLifeCatalog } from '@lib/testing';

describeLife('a catalog in memory', openInMemoryLifeCatalog, 40);
