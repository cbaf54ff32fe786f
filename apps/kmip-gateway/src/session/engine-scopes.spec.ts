import { getMaxListeners } from 'node:events';

import { type GatewayConfig } from '@lib/config';
import { type PostgresObjectStores } from '@lib/persistence';
import { type RestoreWatch, type TenantKeyManagers } from '@lib/platform';

import { EngineScopes } from './engine-scopes';
import { entry, peer } from './session.fixture';

it('tells every request under way that the process stops, however many there are', () => {
  const scopes = new EngineScopes(
    { kmipEndpointName: 'one' } as GatewayConfig,
    { forClient: () => ({}) } as unknown as PostgresObjectStores,
    {} as unknown as TenantKeyManagers,
    { destructionsWait: () => false } as unknown as RestoreWatch,
  );
  let told = 0;
  const signals = Array.from({ length: 100 }, () => scopes.bare(entry(), peer()).signal);
  for (const signal of signals) signal?.addEventListener('abort', () => (told += 1), { once: true });
  const [signal = new AbortController().signal] = signals;
  // Node reports more than that as a leak.
  expect(getMaxListeners(signal)).toBe(Infinity);
  scopes.onModuleDestroy();
  expect(told).toBe(100);
});
