import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { ANY_PORTS, until } from '../../e2e/support/running-service';

const run = promisify(execFile);
const PARTS = ['apps', 'libs', 'migrations', 'scripts', 'docs', 'package.json', '.swcrc', 'tsconfig.json'];
const READY_WITHIN_MS = 120_000;

export interface Start {
  readonly seconds: number;
  readonly ofWhichBuild: number;
}

/** The sources as somebody has them who has just cloned the repository and installed its packages: nothing built yet. */
export class FreshCopy {
  #running: ChildProcess | undefined;

  private constructor(private readonly folder: string) {}

  static async make(): Promise<FreshCopy> {
    const folder = await mkdtemp(join(tmpdir(), 'fresh-copy-'));
    // Root runs the database under another account, which has to get there.
    await chmod(folder, 0o755);
    for (const part of PARTS) await cp(part, join(folder, part), { recursive: true });
    await symlink(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
    return new FreshCopy(folder);
  }

  /** `npm start` without a build and without data, until it says that it is ready. */
  async start(): Promise<Start> {
    await this.#stop();
    for (const made of ['dist', '.data']) await rm(join(this.folder, made), { recursive: true, force: true });
    const started = performance.now();
    const since = (): number => (performance.now() - started) / 1_000;
    const child = spawn('npm', ['start'], { ...this.#options(), stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    this.#running = child;
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    let ofWhichBuild: number | undefined;
    await until('npm start is ready', READY_WITHIN_MS, () => {
      if (child.exitCode !== null) throw new Error(`npm start ended:\n${output}`);
      if (existsSync(join(this.folder, 'dist', '.sources'))) ofWhichBuild ??= since();
      return output.includes('connection.json');
    });
    return { seconds: since(), ofWhichBuild: ofWhichBuild ?? 0 };
  }

  /** `npm run admin -- instance list`, against the service that was started. @returns seconds */
  async admin(): Promise<number> {
    if (this.#running === undefined) await this.start();
    const started = performance.now();
    await run('npm', ['run', '-s', 'admin', '--', 'instance', 'list'], this.#options());
    return (performance.now() - started) / 1_000;
  }

  async close(): Promise<void> {
    await this.#stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** As Ctrl-C does: all processes of the terminal hear of it. */
  async #stop(): Promise<void> {
    const child = this.#running;
    if (child?.pid === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    process.kill(-child.pid, 'SIGINT');
    await ended;
    this.#running = undefined;
  }

  #options() {
    // npm asks its registry for news of itself, unless it is told not to.
    const npm = { HOME: this.folder, npm_config_update_notifier: 'false' };
    return { cwd: this.folder, env: { PATH: process.env['PATH'] ?? '', ...npm, ...ANY_PORTS } };
  }
}
