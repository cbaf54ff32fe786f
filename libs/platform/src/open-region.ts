import { setTimeout as delay } from 'node:timers/promises';

import { DomainError } from '@lib/kernel';
import { type HealthServer, type Logger } from '@lib/observability';
import { DatabaseUnavailable } from '@lib/persistence';

import { Region, type RegionClient, type RegionSettings } from './region';

const RETRY_MS = 1_000;

/**
 * Opens the region, waiting for a database that is not there yet: a process that starts before its database stays up,
 * alive and not ready, and serves as soon as the database does.
 * @throws DomainError for what waiting does not mend, such as an unusable service key file
 */
export async function openRegion(
  settings: RegionSettings,
  client: RegionClient,
  logger: Logger,
  health: HealthServer,
): Promise<Region> {
  let opened = false;
  health.addCheck({ name: 'start', check: () => (opened ? Promise.resolve() : Promise.reject(new Starting())) });
  for (;;) {
    try {
      const region = await Region.open(settings, client, logger);
      opened = true;
      return region;
    } catch (error) {
      if (error instanceof DomainError && !(error instanceof DatabaseUnavailable)) throw error;
      logger.warn({ err: error }, 'the database cannot be used yet; trying again');
      await delay(RETRY_MS);
    }
  }
}

class Starting extends Error {
  readonly code = 'waiting_for_database';
}
