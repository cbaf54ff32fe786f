import cluster from 'node:cluster';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

import { createLogger } from '@lib/observability';

import { Workers } from './workers';

/**
 * A worker as its primary sees it, without a gateway inside. What it does is said by files beside it: `fails-N` fails N
 * starts, `listens` has it answer connections with its number, to a port that it writes there, a signal leaves a trace, SIGUSR1 has it leave by itself and stay until it is asked to go.
 */
const WORKER = `
  const { existsSync, rmSync, writeFileSync } = require('node:fs');
  const file = (name) => __dirname + '/' + name;
  const values = [{ name: 'kmip_served_total', help: '-', type: 'counter', aggregator: 'sum', values: [{ labels: {}, value: 1 }] }];
  process.on('disconnect', () => process.exit());
  process.on('SIGHUP', () => writeFileSync(file('hup-' + process.pid), ''));
  process.on('SIGUSR1', () => process.send({ kind: 'leaves' }));
  process.on('SIGTERM', () => process.send({ kind: 'last words', values }, undefined, undefined, () => process.exit()));
  process.on('message', ({ kind, id }) => {
    if (kind === 'metrics') process.send({ kind, id, values });
    else process.send({ kind, id, dependencies: [{ name: 'pid', ok: true, since: new Date(), reason: String(process.pid) }] });
  });
  if (existsSync(file('listens'))) {
    const server = require('node:net').createServer((socket) => socket.end(String(process.pid)));
    server.listen(0, '127.0.0.1', () => writeFileSync(file('listens'), String(server.address().port)));
  }
  const failing = [3, 2, 1].find((n) => existsSync(file('fails-' + n)));
  if (failing === undefined) process.send({ kind: 'ready' });
  else {
    rmSync(file('fails-' + failing));
    if (failing > 1) writeFileSync(file('fails-' + (failing - 1)), '');
    process.send({ kind: 'failed', message: 'as told' }, undefined, undefined, () => process.exit(1));
  }
`;

describe('Workers', () => {
  let folder: string;
  let workers: Workers;
  const logger = createLogger({ level: 'silent', name: 'test' });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'kmip-workers-'));
    writeFileSync(join(folder, 'worker.js'), WORKER);
    cluster.setupPrimary({ exec: join(folder, 'worker.js'), args: [], execArgv: [] });
  });
  afterEach(async () => {
    await workers.stop();
    rmSync(folder, { recursive: true });
  });

  async function started(count: number): Promise<void> {
    workers = new Workers({ count, logger, stopWithinMs: 10_000 });
    expect(await workers.start()).toBe(true);
  }
  const status = async (): Promise<string> => {
    const { ok, reason } = (await workers.dependencies()).find(({ name }) => name === 'workers') ?? {};
    return `${String(ok)}: ${reason ?? 'all'}`;
  };
  const until = async (holds: () => Promise<boolean> | boolean): Promise<void> => {
    while (!(await holds())) await setImmediate();
  };
  const pids = (): readonly number[] =>
    Object.values(cluster.workers ?? {}).flatMap((worker) => worker?.process.pid ?? []);
  const kill = (signal: NodeJS.Signals): number => {
    const [pid = 0] = pids();
    process.kill(pid, signal);
    return pid;
  };

  it('start another one until it serves, when one ended and the next ones fail', async () => {
    await started(2);
    writeFileSync(join(folder, 'fails-2'), '');
    const killed = kill('SIGKILL');
    await until(async () => !pids().includes(killed) && (await status()) === 'true: all');
    expect(pids()).toHaveLength(2);
    expect(readdirSync(folder).filter((name) => name.startsWith('fails'))).toEqual([]);
  });

  it('say why when the first ones cannot start, and leave nobody behind', async () => {
    writeFileSync(join(folder, 'fails-1'), '');
    workers = new Workers({ count: 2, logger, stopWithinMs: 10_000 });
    await expect(workers.start()).rejects.toThrow('as told');
    await workers.stop();
    expect(pids()).toEqual([]);
  });

  it('replace one that leaves by itself at once, and do not count on it meanwhile', async () => {
    await started(1);
    const leaving = kill('SIGUSR1');
    await until(() => pids().length === 2);
    await until(async () => (await status()) === 'true: all');
    expect(pids()).toContain(leaving);
    process.kill(leaving, 'SIGTERM');
    await until(() => !pids().includes(leaving));
    expect(pids()).toHaveLength(1);
    expect(await workers.metrics.text()).toContain('kmip_served_total 2');
  });

  it('are told of a new certificate when they serve, not while they start', async () => {
    workers = new Workers({ count: 2, logger, stopWithinMs: 10_000 });
    const starting = workers.start();
    workers.signal('SIGHUP');
    expect(await starting).toBe(true);
    await until(() => pids().every((pid) => existsSync(join(folder, `hup-${String(pid)}`))));
    expect(await status()).toBe('true: all');
  });

  it('do not say that they serve when they are stopped before that', async () => {
    workers = new Workers({ count: 2, logger, stopWithinMs: 10_000 });
    const starting = workers.start();
    await workers.stop();
    expect(await starting).toBe(false);
    expect(pids()).toEqual([]);
  });

  it('deal a connection again that one was given and did not live to take', async () => {
    writeFileSync(join(folder, 'listens'), '');
    await started(2);
    // Each of them writes the same number, into a file that is empty for a moment meanwhile.
    let port = 0;
    await until(() => (port = Number(readFileSync(join(folder, 'listens'), 'utf8'))) > 0);
    const answer = async (): Promise<string> => {
      const socket = connect(port, '127.0.0.1');
      const chunks = (await socket.toArray()) as Buffer[];
      return Buffer.concat(chunks).toString();
    };
    await until(async () => new Set([await answer(), await answer()]).size === 2);
    const stuck = kill('SIGSTOP');
    await until(() => / T /.test(readFileSync(`/proc/${String(stuck)}/stat`, 'utf8')));
    const answers = Promise.all([answer(), answer(), answer(), answer()]);
    // The stuck one has been given one of them when the others are through.
    await answer();
    process.kill(stuck, 'SIGKILL');
    const [other] = pids().filter((pid) => pid !== stuck);
    expect(await answers).toEqual(Array.from({ length: 4 }, () => String(other)));
  });

  it('count on what was counted by those that ended', async () => {
    await started(2);
    const values: number[] = [];
    const read = async (): Promise<void> => {
      values.push(Number(/kmip_served_total (\d+)/.exec(await workers.metrics.text())?.[1]));
    };
    await read();
    const killed = kill('SIGKILL');
    await read();
    await until(async () => !pids().includes(killed) && (await status()) === 'true: all');
    await read();
    await workers.replace();
    await read();
    expect(values).toEqual([2, 2, 3, 5]);
  });
});
