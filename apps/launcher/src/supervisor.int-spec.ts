import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type ChildSpecification, Supervisor } from './supervisor';

/** Writes its pid, and serves only if it is told to, and as long as nobody says that it should not. */
const CHILD = `
  const { existsSync, writeFileSync } = require('node:fs');
  writeFileSync(process.env.PID_FILE, String(process.pid));
  if (process.env.SERVES && !existsSync(process.env.PID_FILE + '.not')) process.send({ kind: 'ready' });
  setInterval(() => undefined, 1_000);
`;

describe('Supervisor', () => {
  let folder: string;
  let supervisor: Supervisor;
  let restarted = (): void => undefined;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'supervisor-'));
    await writeFile(join(folder, 'child.js'), CHILD);
    supervisor = new Supervisor({ log: () => undefined, restarted: () => restarted() });
  });
  afterEach(async () => {
    await supervisor.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const child = (name: string, serves: boolean): ChildSpecification => ({
    name,
    script: join(folder, 'child.js'),
    environment: { PID_FILE: join(folder, name), SERVES: serves ? '1' : '' },
    logFile: join(folder, `${name}.log`),
  });
  async function pidOf(name: string): Promise<number> {
    for (;;) {
      const text = await readFile(join(folder, name), 'utf8').catch(() => '');
      if (text !== '') return Number(text);
      await new Promise(setImmediate);
    }
  }
  const isAlive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it('starts several at once, and stops also the one that does not serve yet', async () => {
    const starting = [supervisor.start(child('serving', true)), supervisor.start(child('starting', false))] as const;
    const refused = expect(starting[1]).rejects.toThrow('starting: ended before it was ready');
    await starting[0];
    const pids = [await pidOf('serving'), await pidOf('starting')];
    expect(supervisor.pids()).toEqual({ serving: pids[0] });
    await supervisor.stop();
    await refused;
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('names a process that it starts again from when it serves', async () => {
    const names = ['first', 'second'] as const;
    await Promise.all(names.map((name) => supervisor.start(child(name, true))));
    const before = supervisor.pids();
    await writeFile(join(folder, 'second.not'), '');
    await rm(join(folder, 'second'));
    const again = new Promise<void>((resolve) => (restarted = resolve));
    for (const name of names) process.kill(before[name] ?? 0, 'SIGKILL');
    await again;
    await pidOf('second');
    expect(supervisor.pids()).toEqual({ first: await pidOf('first'), second: before['second'] });
    expect(supervisor.pids()['first']).not.toBe(before['first']);
  });
});
