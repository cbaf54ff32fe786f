import { type KmipClient } from '@lib/kmip-client';

import { createKey, fetchKey } from './support/keys';
import { RunningService, until } from './support/running-service';

const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? '50');
/** Of a busy machine: the gateway is started again in each. */
const ROUND_MS = 10_000;
/** The product starts, and what the kills left is settled. */
const REST_MS = 240_000;

jest.setTimeout(REST_MS + ROUNDS * ROUND_MS);

const CLIENTS = 4;

/** Moments of the kill, spread over a Create by a fixed rule so that a failure can be repeated. */
const momentMs = (round: number): number => (round * 7919) % 60;

/**
 * Clients create keys through the first endpoint without pause; in each round its gateway is killed at another moment.
 * What was acknowledged before must be served by the other endpoint, byte for byte.
 */
describe(`${ROUNDS} times kill -9 of a gateway under Creates`, () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await RunningService.start({
      environment: { RECONCILE_INTENTS_AFTER_MS: '2000', RECONCILE_EVERY_MS: '500' },
    });
  });

  afterAll(async () => {
    await service.remove();
  });

  it('loses no acknowledged key and leaves no orphan after the reconciler ran', async () => {
    const acknowledged = new Map<string, string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const clients = await Promise.all(Array.from({ length: CLIENTS }, () => service.kmip(0)));
      const before = acknowledged.size;
      const creators = clients.map((client) => createUntilCut(client, acknowledged));
      await until('the first key of the round', 10_000, () => acknowledged.size > before);
      await new Promise((resolve) => setTimeout(resolve, momentMs(round)));
      const pid = (await service.reload()).processes['kmip-gateway-1'] ?? 0;
      process.kill(pid, 'SIGKILL');
      await Promise.all(creators);
      await until(
        'the gateway serves again',
        30_000,
        async () => (await service.reload()).processes['kmip-gateway-1'] !== pid,
      );
    }
    expect(acknowledged.size).toBeGreaterThan(0);

    const reader = await service.kmip(1);
    const lost: string[] = [];
    for (const [id, hex] of acknowledged) {
      const answer = await fetchKey(reader, id);
      if (!('hex' in answer) || (hex !== '' && answer.hex !== hex)) lost.push(id);
    }
    expect(lost).toEqual([]);

    await until('no orphan is left in the key manager', 60_000, async () => {
      const [catalog, stored] = [await locateAll(reader), await storedKeys()];
      return stored.length === catalog.length && stored.every((name) => catalog.includes(name));
    });
    await reader.close();
  });

  /** Creates keys until the connection is cut; every other key is also fetched, to compare its bytes later. */
  async function createUntilCut(client: KmipClient, acknowledged: Map<string, string>): Promise<void> {
    for (let count = 0; ; count += 1) {
      try {
        const id = await createKey(client);
        acknowledged.set(id, '');
        const answer = count % 2 === 0 ? await fetchKey(client, id) : undefined;
        if (answer !== undefined && 'hex' in answer) acknowledged.set(id, answer.hex);
      } catch {
        await client.close();
        return;
      }
    }
  }

  async function locateAll(client: KmipClient): Promise<readonly string[]> {
    const { uniqueIdentifiers } = await client.locate([]);
    return uniqueIdentifiers.map((id) => `vmware_kmip_${id}`);
  }

  async function storedKeys(): Promise<readonly string[]> {
    const keys = await service.localCloud<{ name: string; state: number }[]>(
      'GET',
      `/instances/${service.connection.keyManager.instanceId}/keys`,
    );
    return keys.filter(({ name, state }) => name.startsWith('vmware_kmip_') && state === 1).map(({ name }) => name);
  }
});
