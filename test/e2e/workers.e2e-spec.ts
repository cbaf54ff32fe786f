import { type KmipClient } from '@lib/kmip-client';
import { issueClientCertificate } from '@lib/pki';

import { metric } from './support/health';
import { createKey, fetchKey } from './support/keys';
import { RunningService, until } from './support/running-service';
import { childrenOf } from './support/stopped-process';
import { TenantApi } from './support/tenant-api';

jest.setTimeout(240_000);

const CLIENTS = 4;
/** One for each worker: more would only take from the machine what new workers start with. */
const FETCHERS = 2;
/** Only failure waits for it. */
const READY_WITHIN_MS = 150_000;

describe('two workers on each endpoint', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await RunningService.start({ environment: { KMIP_WORKERS: '2' } });
  });
  afterAll(() => service.remove());

  const primary = (): number => service.connection.processes['kmip-gateway-1'] ?? 0;
  const workers = (): Promise<readonly number[]> => childrenOf(primary());
  /** One after the other: each worker has then taken what it was given, and is given the next but one. */
  const connections = async (count: number): Promise<readonly KmipClient[]> => {
    const clients: KmipClient[] = [];
    while (clients.length < count) clients.push(await service.kmip(0));
    return clients;
  };
  const close = (clients: readonly KmipClient[]): Promise<unknown> =>
    Promise.all(clients.map((client) => client.close()));

  /** Whether each is served. */
  const served = (clients: readonly KmipClient[]): Promise<readonly boolean[]> =>
    Promise.all(
      clients.map((client) =>
        createKey(client).then(
          () => true,
          () => false,
        ),
      ),
    );

  /** @returns how to end it: how often it was answered, how often it had to connect anew, what it was not told at all */
  function fetcher(
    key: string,
    connected: KmipClient,
  ): () => Promise<{ answers: number; reconnects: number; failures: string[] }> {
    const count = { answers: 0, reconnects: 0, failures: [] as string[] };
    let stopping = false;
    const run = async (): Promise<void> => {
      let client = connected;
      while (!stopping) {
        try {
          await fetchKey(client, key);
          count.answers += 1;
        } catch {
          count.reconnects += 1;
          await client.close();
          // As vCenter does: what a connection did not answer is asked once more on a new one.
          client = await service.kmip(0);
          await fetchKey(client, key).catch((error: unknown) => count.failures.push(String(error)));
        }
      }
      await client.close();
    };
    const running = run().catch((error: unknown) => count.failures.push(String(error)));
    return async () => {
      stopping = true;
      await running;
      return count;
    };
  }

  it('are dealt connections in turn, and measure as one', async () => {
    expect(await workers()).toHaveLength(2);
    const before = await metric(service, 0, 'kmip_operations_total', { operation: 'Create' });
    const clients = await connections(CLIENTS);
    expect(await served(clients)).toEqual(clients.map(() => true));
    expect(await metric(service, 0, 'kmip_workers')).toBe(2);
    expect(await metric(service, 0, 'kmip_connections')).toBe(CLIENTS);
    expect(await metric(service, 0, 'kmip_operations_total', { operation: 'Create' })).toBe(before + CLIENTS);
    await close(clients);
  });

  it('both refuse a removed certificate at the next request, and both are waited for', async () => {
    const api = new TenantApi(service, await service.token('manager'));
    const vcenter = await issueClientCertificate('self-signed', { commonName: 'kmipClient', validDays: 30 });
    const connect = (): Promise<readonly KmipClient[]> =>
      Promise.all(
        Array.from({ length: CLIENTS }, () =>
          service.kmipAs(vcenter.certificatePem, vcenter.privateKeyPem.exposeText()),
        ),
      );
    const add = async (): Promise<{ path: string; clients: readonly KmipClient[] }> => {
      const body = { name: 'vc', certificate: vcenter.certificatePem };
      const { id } = await api.ok<{ id: string }>('POST', '/client_certificates', body);
      const clients = await connect();
      expect(await served(clients)).toEqual(clients.map(() => true));
      return { path: `/client_certificates/${id}?confirm=vc`, clients };
    };
    const refused = async (clients: readonly KmipClient[]): Promise<void> => {
      const late = await connect();
      expect(await served([...clients, ...late])).toEqual([...clients, ...late].map(() => false));
      await close([...clients, ...late]);
    };

    const first = await add();
    expect((await api.call('DELETE', first.path)).status).toBe(204);
    await refused(first.clients);

    const second = await add();
    const [stuck = 0] = await workers();
    process.kill(stuck, 'SIGSTOP');
    try {
      const { status, body } = await api.call('DELETE', second.path);
      expect(status).toBe(202);
      expect(body).toEqual({ activation: { complete: false, endpoints: ['kmip-2'], pending: ['kmip-1'] } });
    } finally {
      process.kill(stuck, 'SIGCONT');
    }
    await refused(second.clients);
  });

  it('lose the connections of one that is killed, and nothing else', async () => {
    const clients = await connections(CLIENTS);
    const key = await createKey(clients[0] as KmipClient);
    const [killed = 0, other = 0] = await workers();
    const created = await metric(service, 0, 'kmip_operations_total', { operation: 'Create' });
    const stop = (await connections(FETCHERS)).map((client) => fetcher(key, client));
    await until(
      'they are at work',
      10_000,
      async () => (await metric(service, 0, 'kmip_connections')) === CLIENTS + FETCHERS,
    );
    process.kill(killed, 'SIGKILL');
    await until('it is replaced', READY_WITHIN_MS, async () => (await metric(service, 0, 'kmip_workers')) === 2);
    const done = await Promise.all(stop.map((end) => end()));
    expect(done.flatMap(({ failures }) => failures)).toEqual([]);
    const kept = (await served(clients)).filter((each) => each).length;
    expect(done.filter(({ reconnects }) => reconnects > 0)).toHaveLength(1);
    expect(kept).toBe(CLIENTS / 2);
    expect(await workers()).toEqual([other, expect.any(Number)]);
    expect(await metric(service, 0, 'kmip_operations_total', { operation: 'Create' })).toBe(created + kept);
    await close(clients);
  });

  it('are replaced one by one on SIGUSR2, and no request is lost', async () => {
    const before = await workers();
    const first = await service.kmip(0);
    const key = await createKey(first);
    await first.close();
    const gets = { operation: 'Get', result: 'success' };
    const counted = await metric(service, 0, 'kmip_operations_total', gets);
    const stop = (await connections(FETCHERS)).map((client) => fetcher(key, client));
    process.kill(primary(), 'SIGUSR2');
    await until('both are new', READY_WITHIN_MS, async () => {
      const now = await workers();
      return now.length === 2 && now.every((pid) => !before.includes(pid));
    });
    const done = await Promise.all(stop.map((end) => end()));
    expect(done.flatMap(({ failures }) => failures)).toEqual([]);
    const answers = done.reduce((sum, each) => sum + each.answers + each.reconnects, 0);
    expect(await metric(service, 0, 'kmip_operations_total', gets)).toBeGreaterThanOrEqual(counted + answers);
  });

  it('end when the process that keeps them is killed, and come back with it', async () => {
    const killed = primary();
    process.kill(killed, 'SIGUSR2');
    await until('a third one starts', READY_WITHIN_MS, async () => (await workers()).length === 3);
    const before = await workers();
    process.kill(killed, 'SIGKILL');
    await until('the endpoint is back', READY_WITHIN_MS, async () => {
      await service.reload();
      return primary() !== killed;
    });
    const client = await service.kmip(0);
    expect(await served([client])).toEqual([true]);
    await client.close();
    await until('nobody of before is left', READY_WITHIN_MS, () => before.every((pid) => !isThere(pid)));
  });
});

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
