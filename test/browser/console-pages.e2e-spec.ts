import { onOneStage } from './support/stage';
import { apiPages } from './suites/api-pages';
import { login } from './suites/login';
import { everyPage } from './suites/pages';
import { reclaim } from './suites/reclaim';
import { trouble } from './suites/trouble';

jest.setTimeout(180_000);

onOneStage({}, [apiPages, login, reclaim, everyPage, trouble]);
