import { join } from 'node:path';

import { type KmipClient, vcenter } from '@lib/kmip-client';
import { recordedEvents } from '@lib/testing';

import { openDatabase } from './support/database';
import { isReady } from './support/health';
import { createKey, fetchKey } from './support/keys';
import { ResilientClient } from './support/resilient-client';
import { RunningService, until } from './support/running-service';
import { freeze } from './support/stopped-process';
import { TenantApi } from './support/tenant-api';
import { warningsIn } from './support/warnings';

/** How often a gateway is ended under load. */
const ROUNDS = Number(process.env['OUTAGE_ROUNDS'] ?? '5');

jest.setTimeout(200_000 + ROUNDS * 8_000);

/** 8 s of one KMIP operation, and room for a busy machine. */
const ANSWERED_WITHIN_MS = 10_000;
/** 4.5 s of one use of the database, and room. */
const DATABASE_ANSWERED_WITHIN_MS = 7_000;

describe('outages', () => {
  let service: RunningService;
  let clients: readonly [KmipClient, KmipClient];
  let key: string;
  let hex: string;

  beforeAll(async () => {
    service = await RunningService.start();
  });

  afterAll(async () => {
    await service.remove();
  });

  beforeEach(async () => {
    clients = [await service.kmip(0), await service.kmip(1)];
    key = await createKey(clients[0]);
    const answer = await fetchKey(clients[0], key);
    hex = 'hex' in answer ? answer.hex : '';
    expect(hex).toHaveLength(64);
  });

  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
  });

  /** What a request failed with, and how long it took. */
  async function failure(request: Promise<unknown>): Promise<{ readonly text: string; readonly afterMs: number }> {
    const startedAt = performance.now();
    const text = await request.then(
      (answer) => JSON.stringify(answer),
      (error: unknown) => String(error),
    );
    return { text, afterMs: performance.now() - startedAt };
  }

  const served = async (client: KmipClient): Promise<boolean> => {
    const answer = await fetchKey(client, key);
    return 'hex' in answer && answer.hex === hex;
  };
  const restarted = async (name: string, pid: number | undefined): Promise<boolean> =>
    (await service.reload()).processes[name] !== pid;

  describe('of the key manager', () => {
    const fault = (effect: object, more: object = {}): Promise<unknown> =>
      service.localCloud('POST', '/faults', { match: { service: 'kms' }, effect, ...more });
    const mend = (): Promise<unknown> => service.localCloud('DELETE', '/faults');

    afterEach(mend);

    it.each<[string, object, RegExp]>([
      ['429', { kind: 'status', status: 429, retryAfterSeconds: 1 }, /key manager limits the rate/],
      ['503', { kind: 'status', status: 503 }, /key manager/],
      ['no answer', { kind: 'hang' }, /key manager/],
      ['a reset', { kind: 'reset' }, /key manager/],
    ])('%s: every request is answered in time and says why; then all is well again', async (_name, effect, message) => {
      await fault(effect);
      const failures = await Promise.all([failure(fetchKey(clients[0], key)), failure(createKey(clients[1]))]);
      for (const { text, afterMs } of failures) {
        expect(text).toMatch(message);
        expect(text).not.toContain(hex);
        expect(afterMs).toBeLessThan(ANSWERED_WITHIN_MS);
      }
      await mend();
      for (const client of clients) await until('it is served again', 15_000, () => served(client));
      expect(await createKey(clients[1])).toMatch(/^[0-9a-f-]{36}$/);
    });

    it.each<[string, object]>([
      ['503', { kind: 'status', status: 503 }],
      ['a reset', { kind: 'reset' }],
    ])('a single %s is not noticed', async (_name, effect) => {
      await fault(effect, { count: 1 });
      expect(await served(clients[0])).toBe(true);
    });
  });

  describe('of IAM', () => {
    afterEach(() => service.localCloud('DELETE', '/faults'));

    const away = (): Promise<unknown> =>
      service.localCloud('POST', '/faults', { match: { service: 'iam' }, effect: { kind: 'status', status: 503 } });

    it('is not noticed by clients, nor by callers of the API whose permissions are known', async () => {
      const api = new TenantApi(service, await service.token('manager'));
      const stranger = new TenantApi(service, await service.token('viewer'));
      await api.ok('GET', '/keys');
      for (const client of clients) expect(await served(client)).toBe(true);
      await away();
      for (const client of clients) {
        expect(await served(client)).toBe(true);
        expect(await createKey(client)).toMatch(/^[0-9a-f-]{36}$/);
        expect((await client.locate([])).uniqueIdentifiers).toContain(key);
      }
      await api.ok('GET', '/keys');
      expect(await stranger.call('GET', '/keys')).toMatchObject({ status: 503 });
    });

    it('is in the way of a gateway that has no token yet: it asks to try again, and serves when IAM is back', async () => {
      const { processes } = await service.reload();
      expect(await served(clients[1])).toBe(true);
      await away();
      process.kill(processes['kmip-gateway-1'] ?? 0, 'SIGKILL');
      await until('it is started again', 30_000, () => restarted('kmip-gateway-1', processes['kmip-gateway-1']));
      const client = await service.kmip(0);
      expect((await client.locate([])).uniqueIdentifiers).toContain(key);
      expect(await isReady(service, 0)).toBe(true);
      for (const request of [fetchKey(client, key), createKey(client)]) {
        const { text, afterMs } = await failure(request);
        expect(text).toMatch(/key manager.*try again/);
        expect(text).not.toContain(hex);
        expect(afterMs).toBeLessThan(ANSWERED_WITHIN_MS);
      }
      expect(await served(clients[1])).toBe(true);
      await service.localCloud('DELETE', '/faults');
      await until('it is served again', 15_000, () => served(client));
      await client.close();
    });
  });

  it('of an instance that is not active any more is shown with its root key at once, and no longer than it lasts', async () => {
    const api = new TenantApi(service, await service.token('manager'));
    const health = async (): Promise<string> => (await api.ok<{ health: { state: string } }>('GET', '')).health.state;
    const keyManager = /:([0-9a-f-]{36}):key:/.exec((await api.ok<{ crn: string }>('GET', '/root_key')).crn)?.[1];
    const become = (state: string): Promise<unknown> =>
      service.localCloud('PATCH', `/instances/${keyManager ?? ''}`, { state });
    try {
      await become('inactive');
      expect((await failure(fetchKey(clients[0], key))).text).toContain('key_manager_permission');
      await until('the API says so', 10_000, async () => (await health()) === 'attention');
      const { keys } = await api.ok<{ keys: { id: string }[] }>('GET', '/keys?servable=false');
      expect(keys.map(({ id }) => id)).toContain(key);
    } finally {
      await become('active');
    }
    await until('the API says that all is well', 10_000, async () => {
      return (await served(clients[0])) && (await health()) !== 'attention';
    });
  });

  describe('of the database', () => {
    it('that hangs: every request is answered in time and no key leaves; then all is well again', async () => {
      const { processes } = service.connection;
      const resume = await freeze(processes['postgres'] ?? 0);
      try {
        const fresh = await Promise.all(Array.from({ length: 24 }, (_, index) => service.kmip(index % 2)));
        const requests = [
          ...[...clients, ...fresh].map((client) => fetchKey(client, key)),
          service.kmip(0).then((client) => createKey(client).finally(() => client.close())),
          service.kmip(1).then((client) => client.locate([]).finally(() => client.close())),
        ];
        for (const { text, afterMs } of await Promise.all(requests.map(failure))) {
          expect(text).not.toContain(hex);
          expect(text).toMatch(/catalog|database/i);
          expect(afterMs).toBeLessThan(DATABASE_ANSWERED_WITHIN_MS);
        }
        for (const endpoint of [0, 1]) expect(await isReady(service, endpoint)).toBe(false);
        await Promise.all(fresh.map((client) => client.close()));
      } finally {
        resume();
      }
      for (const client of clients) await until('it is served again', 5_000, () => served(client));
      for (const endpoint of [0, 1]) await until('it is ready again', 10_000, () => isReady(service, endpoint));
      expect((await service.reload()).processes).toEqual(processes);
      expect(await warningsIn(join(service.dataFolder, 'logs'))).toEqual([]);
    });

    it('that is killed: it is started again, and nothing acknowledged is lost', async () => {
      const { processes } = await service.reload();
      process.kill(processes['postgres'] ?? 0, 'SIGKILL');
      await until('the database is started again', 30_000, () => restarted('postgres', processes['postgres']));
      for (const client of clients) await until('it is served again', 10_000, () => served(client));
      expect(await createKey(clients[0])).toMatch(/^[0-9a-f-]{36}$/);
      const { postgres } = service.connection.processes;
      expect(service.connection.processes).toEqual({ ...processes, postgres });
    });
  });

  describe('of a gateway', () => {
    it('that is asked to stop: what is under way is still answered', async () => {
      await service.localCloud('POST', '/faults', {
        match: { service: 'kms' },
        effect: { kind: 'delay', milliseconds: 1_000 },
        count: 2,
      });
      const answer = fetchKey(clients[0], key);
      const pid = (await service.reload()).processes['kmip-gateway-1'];
      await until('the request is under way', 5_000, async () => {
        const faults = await service.localCloud<unknown[]>('GET', '/faults');
        return faults.length === 0;
      });
      process.kill(pid ?? 0, 'SIGTERM');
      expect(await answer).toEqual({ hex });
      await until('it is started again', 30_000, () => restarted('kmip-gateway-1', pid));
    });

    it('that is asked to stop: each question that it has answered is in the trail', async () => {
      const database = await openDatabase(service);
      const recorded = async (): Promise<number> => {
        const events = (await recordedEvents(database)).map(({ event }) => event);
        const queries = events.filter(({ action }) => action === 'vmware-solutions.kmip-server.query');
        return queries.reduce((sum, { details }) => sum + Number(details?.['count'] ?? 1), 0);
      };
      try {
        const before = await recorded();
        const askers = await Promise.all(Array.from({ length: 4 }, () => service.kmip(0)));
        const asked = askers.map(async (client) => {
          for (let question = 0; question < 100; question += 1) await client.send(vcenter.probe());
        });
        await Promise.all(asked);
        const pid = (await service.reload()).processes['kmip-gateway-1'];
        process.kill(pid ?? 0, 'SIGTERM');
        await until('it is started again', 30_000, () => restarted('kmip-gateway-1', pid));
        expect((await recorded()) - before).toBe(400);
        await Promise.all(askers.map((client) => client.close()));
      } finally {
        await database.end();
      }
    });

    it.each(['SIGTERM', 'SIGKILL'] as const)(
      'that gets %s under load: no request fails on both endpoints, and on one those alone that were under way',
      async (signal) => {
        const CLIENTS = 8;
        const failures: string[] = [];
        let fetched = 0;
        let failedOnce = 0;
        let stopping = false;
        const lane = async (_: unknown, index: number): Promise<void> => {
          const client = new ResilientClient(service, index % 2);
          while (!stopping) {
            const got = await client.fetch(key).catch((error: unknown) => String(error));
            if (got === hex) fetched += 1;
            else failures.push(got);
          }
          failedOnce += client.failedOnce;
          await client.close();
        };
        const lanes = Array.from({ length: CLIENTS }, lane);
        for (let round = 0; round < ROUNDS; round += 1) {
          const name = `kmip-gateway-${1 + (round % 2)}`;
          const pid = (await service.reload()).processes[name];
          const before = fetched;
          await until('there is load', 10_000, () => Promise.resolve(fetched > before + 20));
          process.kill(pid ?? 0, signal);
          await until('it is started again', 30_000, () => restarted(name, pid));
        }
        stopping = true;
        await Promise.all(lanes);
        process.stdout.write(`${ROUNDS} times ${signal}: ${fetched} Gets, ${failedOnce} failed on one endpoint\n`);
        expect(failures).toEqual([]);
        expect(failedOnce).toBeLessThanOrEqual(ROUNDS * CLIENTS);
      },
    );
  });
});
