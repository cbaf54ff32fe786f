import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const DIST = join(__dirname, '../../../dist/libs');

/** A process of the product as far as its log is concerned: on demand it logs, and tells by IPC that it lives. */
const PROGRAM = `
  require(${JSON.stringify(join(DIST, 'hardening/src'))});
  const { createLogger, Metrics, stopOnSignal, stopOnUnknownError } = require(${JSON.stringify(join(DIST, 'observability/src'))});
  const logger = createLogger({ level: 'info', name: 'child' });
  const metrics = new Metrics({ processMetrics: true });
  stopOnUnknownError((error) => { logger.fatal({ err: error }, 'unexpected'); process.send({ failed: String(error) }); });
  stopOnSignal(async () => logger.info('stopping'), () => undefined);
  process.on('message', async (lines) => {
    for (let line = 0; line < lines; line += 1) logger.info({ text: 'x'.repeat(1000), line }, 'a line');
    console.error('also there');
    // Twice round the event loop, so that what failed has had its turn.
    for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    process.send({ dropped: Number(/^kmip_log_lines_dropped_total (\\d+)$/m.exec(await metrics.text())[1]) });
  });
  process.send({ started: true });
`;

const MORE_THAN_WAITS = 3_000;

interface Report {
  readonly started?: true;
  readonly dropped?: number;
  readonly failed?: string;
}

describe('a process whose standard output fails', () => {
  let child: ChildProcess;

  async function start(output: 'pipe' | number): Promise<void> {
    child = spawn(process.execPath, ['-e', PROGRAM], { stdio: ['ignore', output, output, 'ipc'] });
    await report();
  }

  async function report(): Promise<Report> {
    // Node passes what the child sent on as it is.
    const [message] = (await once(child, 'message')) as [Report];
    return message;
  }

  async function log(lines: number): Promise<number> {
    child.send(lines);
    const { dropped, failed } = await report();
    expect(failed).toBeUndefined();
    return dropped ?? Number.NaN;
  }

  /** @returns its exit status after SIGTERM */
  async function stop(): Promise<unknown> {
    child.kill('SIGTERM');
    const [status] = (await once(child, 'exit')) as [number | null];
    return status;
  }

  afterEach(() => {
    child.kill('SIGKILL');
  });

  it('goes on without a log on a full disk (ENOSPC)', async () => {
    const full = openSync('/dev/full', 'w');
    await start(full);
    closeSync(full);
    expect(await log(10)).toBe(10);
    expect(await log(10)).toBe(20);
    expect(await stop()).toBe(0);
  });

  it('goes on without a log behind a closed pipe (EPIPE)', async () => {
    await start('pipe');
    child.stdout?.destroy();
    child.stderr?.destroy();
    expect(await log(10)).toBeGreaterThan(0);
    expect(await log(10)).toBeGreaterThan(10);
    expect(await stop()).toBe(0);
  });

  it('waits for no reader: with a pipe that nobody reads it goes on, and says later how much is missing', async () => {
    await start('pipe');
    const dropped = await log(MORE_THAN_WAITS);
    expect(dropped).toBeGreaterThan(1_000);
    const lines: string[] = [];
    await new Promise<void>((resolve) => {
      const input = child.stdout as NodeJS.ReadableStream;
      createInterface({ input }).on('line', (line) => {
        lines.push(line);
        if (line.includes('are missing here')) resolve();
      });
    });
    child.stderr?.resume();
    await log(1);
    await stop();
    const missing = lines.map((line) => (JSON.parse(line) as { dropped?: number }).dropped ?? 0);
    expect(missing.reduce((sum, count) => sum + count, 0)).toBe(dropped);
    expect(lines.filter((line) => line.includes('a line'))).toHaveLength(MORE_THAN_WAITS + 1 - dropped);
    expect(lines.at(-1)).toContain('stopping');
  });

  it('stops in time although nobody reads its last lines', async () => {
    await start('pipe');
    await log(MORE_THAN_WAITS);
    expect(await stop()).toBe(0);
  });
});
