import { onOneStage } from './support/stage';
import { administrator } from './suites/administrator';
import { officer } from './suites/officer';

jest.setTimeout(180_000);

onOneStage({ RECONCILE_INTENTS_AFTER_MS: '2000', RECONCILE_EVERY_MS: '500' }, [administrator, officer]);
