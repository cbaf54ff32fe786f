import { type ChildProcess, spawn } from 'node:child_process';
import { chown, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A folder and programs of an account that is not root, as databases want it. */
export class Workplace {
  readonly #children: ChildProcess[] = [];

  private constructor(
    readonly folder: string,
    private readonly account: { readonly uid: number; readonly gid: number } | undefined,
  ) {}

  static async make(): Promise<Workplace> {
    const folder = await mkdtemp(join(tmpdir(), 'kmip-nightly-'));
    const account = process.getuid?.() === 0 ? await postgresAccount() : undefined;
    await chmod(folder, 0o700);
    if (account !== undefined) await chown(folder, account.uid, account.gid);
    return new Workplace(folder, account);
  }

  /** @returns its path */
  async write(name: string, content: string): Promise<string> {
    const file = join(this.folder, name);
    await writeFile(file, content, { mode: 0o600 });
    if (this.account !== undefined) await chown(file, this.account.uid, this.account.gid);
    return file;
  }

  /** Its output goes to a file of its name. */
  run(name: string, command: string, ...args: string[]): ChildProcess {
    const log = join(this.folder, `${name}.log`);
    const child = spawn('/bin/sh', ['-c', 'log=$1; shift; exec "$@" >>"$log" 2>&1', 'sh', log, command, ...args], {
      cwd: this.folder,
      env: { PATH: process.env['PATH'] ?? '', HOME: this.folder },
      stdio: 'ignore',
      ...this.account,
    });
    this.#children.push(child);
    return child;
  }

  /** As {@link run}, to its end. @returns what it printed @throws Error unless it went well */
  async finish(environment: Readonly<Record<string, string>>, command: string, ...args: string[]): Promise<string> {
    const child = spawn(command, args, {
      cwd: this.folder,
      env: { PATH: process.env['PATH'] ?? '', HOME: this.folder, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...this.account,
    });
    const [printed, said] = [child.stdout, child.stderr].map((stream) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      return chunks;
    }) as [Buffer[], Buffer[]];
    const [status] = (await once(child, 'close')) as [number | null];
    if (status === 0) return Buffer.concat(printed).toString();
    throw new Error(`${command} ${args.join(' ')}: ${String(status)} ${Buffer.concat(said).toString()}`);
  }

  async log(name: string): Promise<string> {
    return await readFile(join(this.folder, `${name}.log`), 'utf8').catch(() => '');
  }

  /** Ends what runs, the youngest first, and takes the folder away. */
  async remove(): Promise<void> {
    for (const child of this.#children.reverse()) await end(child, 'SIGTERM');
    await rm(this.folder, { recursive: true, force: true });
  }
}

export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  if (signal === 'SIGTERM') child.kill('SIGCONT');
  await ended;
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address !== null && typeof address === 'object') ports.push(address.port);
  }
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
  return ports;
}

/** An example for operators, with what is different here in place of what stands in it. */
export async function example(name: string, replacements: Readonly<Record<string, string>>): Promise<string> {
  let text = await readFile(join(process.cwd(), 'scripts', 'high-availability', name), 'utf8');
  for (const [there, here] of Object.entries(replacements)) {
    if (!text.includes(there)) throw new Error(`${name} has no ${there}`);
    text = text.replaceAll(there, here);
  }
  return text;
}

async function postgresAccount(): Promise<{ uid: number; gid: number }> {
  const rows = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const [, , uid, gid] = rows.find(([name]) => name === 'postgres') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}
