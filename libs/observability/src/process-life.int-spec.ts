import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const OBSERVABILITY = join(__dirname, '../../../dist/libs/observability/src');
const WITHIN_MS = 100;

/** A process whose stop takes as `stop` says. */
const program = (stop: string): string => `
  const { stopOnSignal } = require(${JSON.stringify(OBSERVABILITY)});
  stopOnSignal(${stop}, (error) => process.send({ error: error.message }), ${WITHIN_MS});
  setInterval(() => undefined, 1_000);
  process.send({ started: true });
`;

describe('a process that is asked to stop', () => {
  let child: ChildProcess;
  const reports: object[] = [];

  async function stop(how: string): Promise<unknown> {
    reports.length = 0;
    child = spawn(process.execPath, ['-e', program(how)], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    await once(child, 'message');
    child.on('message', (report: object) => reports.push(report));
    child.kill('SIGTERM');
    const [status] = (await once(child, 'exit')) as [number | null];
    return status;
  }

  afterEach(() => {
    child.kill('SIGKILL');
  });

  it('ends when it has stopped', async () => {
    expect(await stop('async () => undefined')).toBe(0);
    expect(reports).toEqual([]);
  });

  it('ends all the same, and says so, when that never comes to an end', async () => {
    expect(await stop('() => new Promise(() => undefined)')).toBe(1);
    expect(reports).toEqual([{ error: `not stopped within ${WITHIN_MS} ms` }]);
  });
});
