import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';

import { type Clock, DomainError } from '@lib/kernel';

import { HealthServer, HealthServerError, Metrics } from './index';

class Down extends DomainError {
  readonly code = 'down';
}

class FakeClock implements Clock {
  ms = 0;
  now = (): Date => new Date(this.ms);
  monotonicMs = (): number => this.ms;
}

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly allow: string | undefined;
}

describe('HealthServer', () => {
  let clock: FakeClock;
  let metrics: Metrics;
  let server: HealthServer;
  let port: number;

  beforeEach(async () => {
    clock = new FakeClock();
    metrics = new Metrics();
    server = new HealthServer({ clock, metrics });
    ({ port } = await server.listen({ host: '127.0.0.1', port: 0 }));
  });
  afterEach(() => server.close());

  async function ask(path: string, method = 'GET'): Promise<Reply> {
    const sent = request({ host: '127.0.0.1', port, path, method, agent: false });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString(), allow: response.headers.allow };
  }
  const readiness = async (): Promise<{ status: number; dependencies: Record<string, unknown>[] }> => {
    const { status, body } = await ask('/readyz');
    return { ...(JSON.parse(body) as { dependencies: Record<string, unknown>[] }), status };
  };

  it('is alive and ready without dependencies', async () => {
    expect((await ask('/livez')).status).toBe(200);
    expect((await ask('/readyz?verbose')).status).toBe(200);
  });

  it('tells which dependency fails, why and since when', async () => {
    let up = false;
    server.addCheck({ name: 'database', check: () => (up ? Promise.resolve() : Promise.reject(new Down('no route'))) });
    clock.ms = 5_000;
    expect(await readiness()).toMatchObject({
      status: 503,
      dependencies: [{ name: 'database', ok: false, reason: 'no route', since: '1970-01-01T00:00:05.000Z' }],
    });

    clock.ms = 9_000;
    expect((await readiness()).dependencies[0]).toMatchObject({ since: '1970-01-01T00:00:05.000Z' });

    up = true;
    clock.ms = 20_000;
    const recovered = await readiness();
    expect(recovered).toMatchObject({ status: 200, dependencies: [{ ok: true, since: '1970-01-01T00:00:20.000Z' }] });
    expect(recovered.dependencies[0]).not.toHaveProperty('reason');
    expect((await ask('/livez')).status).toBe(200);
  });

  it('asks a dependency at most once a second', async () => {
    let asked = 0;
    server.addCheck({
      name: 'database',
      check: () => {
        asked += 1;
        return Promise.resolve();
      },
    });
    await Promise.all([readiness(), readiness(), readiness()]);
    expect(asked).toBe(1);
    clock.ms = 1_000;
    await readiness();
    expect(asked).toBe(2);
  });

  it('does not wait for a dependency that hangs, nor ask it again meanwhile', async () => {
    let asked = 0;
    server.addCheck({
      name: 'database',
      timeoutMs: 20,
      check: () => {
        asked += 1;
        return new Promise(() => undefined);
      },
    });
    expect(await readiness()).toMatchObject({
      status: 503,
      dependencies: [{ ok: false, reason: 'no answer within 20 ms' }],
    });
    clock.ms = 5_000;
    expect((await readiness()).status).toBe(503);
    expect(asked).toBe(1);
  });

  it.each([
    ['a foreign error', () => Promise.reject(new Error('password authentication failed for hunter2'))],
    [
      'a check that throws at once',
      () => {
        throw new Error('hunter2');
      },
    ],
  ])('does not show the text of %s', async (_name, check: () => Promise<void>) => {
    server.addCheck({ name: 'database', check });
    const { status, body } = await ask('/readyz');
    expect(status).toBe(503);
    expect(body).not.toContain('hunter2');
  });

  it('is not ready while draining', async () => {
    server.drain();
    expect((await ask('/readyz')).status).toBe(503);
    expect((await ask('/livez')).status).toBe(200);
  });

  it('serves metrics', async () => {
    metrics.gauge('kmip_connections', 'Open connections.').set(3);
    const { status, body } = await ask('/metrics');
    expect(status).toBe(200);
    expect(body).toContain('kmip_connections 3');
  });

  it.each([
    ['POST', '/livez', 405],
    ['DELETE', '/readyz', 405],
    ['GET', '/', 404],
    ['GET', '/livez/../metrics', 404],
    ['GET', '//metrics', 404],
  ])('answers %s %s with %i', async (method, path, status) => {
    const reply = await ask(path, method);
    expect(reply.status).toBe(status);
    expect(reply.allow).toBe(status === 405 ? 'GET' : undefined);
  });

  it('survives bytes that are no HTTP', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('\x16\x03\x01\x00\x00\r\n\r\n');
    await once(socket.resume(), 'close');
    expect((await ask('/livez')).status).toBe(200);
  });

  it('says when its port is taken', async () => {
    const second = new HealthServer();
    await expect(second.listen({ host: '127.0.0.1', port })).rejects.toBeInstanceOf(HealthServerError);
    await second.close();
  });
});
