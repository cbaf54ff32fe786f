import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Secret } from '@lib/kernel';
import { KmipClient } from '@lib/kmip-client';

import { UNKIND } from '../../../apps/local-cloud/src/behaviour';
import { type ConnectionFile } from '../../../apps/launcher/src/connection-file';

/** jest and the benchmark both run from the repository's root. */
const REPOSITORY = process.cwd();
const LAUNCHER = join(REPOSITORY, 'dist', 'apps', 'launcher', 'src', 'main.js');
const KMIP4V = join(REPOSITORY, 'apps', 'kmip4v', 'bin', 'kmip4v.js');
const run = promisify(execFile);
const READY_WITHIN_MS = 120_000;

/** Every port chosen by the system, so that copies can run side by side. */
export const ANY_PORTS = {
  KMIP_PORT_1: '0',
  KMIP_PORT_2: '0',
  MANAGEMENT_PORT: '0',
  LOCAL_CLOUD_PORT: '0',
  LOCAL_VCENTER_PORT: '0',
  HEALTH_PORT_1: '0',
  HEALTH_PORT_2: '0',
  HEALTH_PORT_3: '0',
};

/** What few suites need, and each would pay for. */
const WITHOUT = { LOCAL_VCENTER: 'off', CONSOLE_BUILD: 'off' };

export async function makeDataFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'kmip-e2e-'));
}

/** The product as `npm start` runs it, in a data folder of its own. */
export class RunningService {
  private constructor(
    readonly launcher: ChildProcess,
    readonly dataFolder: string,
    readonly output: () => string,
    public connection: ConnectionFile,
  ) {}

  static async start(
    options: { dataFolder?: string; environment?: Record<string, string>; cloud?: 'plain' | 'unkind' } = {},
  ): Promise<RunningService> {
    const dataFolder = options.dataFolder ?? (await makeDataFolder());
    const started = launch({ ...ANY_PORTS, ...WITHOUT, DATA_DIR: dataFolder, ...options.environment });
    try {
      await until(`connection.json of ${dataFolder}`, READY_WITHIN_MS, () => {
        if (started.process.exitCode !== null) throw new Error(`the launcher ended:\n${started.output()}`);
        return started.output().includes('connection.json');
      });
    } catch (error) {
      // Nobody else knows it: it would run on, and keep the test run from its end.
      started.process.kill('SIGTERM');
      throw error;
    }
    const connection = await readConnection(dataFolder);
    const service = new RunningService(started.process, dataFolder, started.output, connection);
    if (options.cloud === 'unkind') await service.localCloud('POST', '/behaviour', UNKIND);
    return service;
  }

  async reload(): Promise<ConnectionFile> {
    this.connection = await readConnection(this.dataFolder);
    return this.connection;
  }

  /** A connected KMIP client with the demo certificate, on the first or second endpoint. */
  async kmip(endpoint = 0): Promise<KmipClient> {
    const { kmip } = this.connection;
    return await this.kmipAs(
      await readFile(kmip.clientCertificate, 'utf8'),
      await readFile(kmip.clientKey, 'utf8'),
      endpoint,
    );
  }

  async kmipAs(certificate: string, key: string, endpoint = 0): Promise<KmipClient> {
    const { kmip } = this.connection;
    return await KmipClient.connect({
      host: kmip.host,
      port: kmip.ports[endpoint] ?? 0,
      serverTrust: { caPem: await readFile(kmip.serverCa, 'utf8') },
      clientCertificatePem: certificate,
      clientKeyPem: Secret.fromText(key),
    });
  }

  /** The operator's command line, `kmip4v admin`. @returns what it printed, parsed */
  async admin<T>(...args: string[]): Promise<T> {
    const { stdout } = await run(process.execPath, this.#commandLine(args));
    return JSON.parse(stdout) as T;
  }

  /** The same, for who does not wait for its end. */
  startAdmin(...args: string[]): ChildProcess {
    return spawn(process.execPath, this.#commandLine(args), { stdio: ['ignore', 'pipe', 'pipe'] });
  }

  #commandLine(args: readonly string[]): readonly string[] {
    return [`--env-file=${join(this.dataFolder, 'service.env')}`, KMIP4V, 'admin', ...args, '--output=json'];
  }

  /** The stand-in cloud's admin endpoint. */
  async localCloud<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.connection.localCloud.url}/admin${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** Key Protect as the tenant's administrator (a Manager) uses it. */
  async keyProtect(method: string, path: string): Promise<Response> {
    const { keyManager } = this.connection;
    return await fetch(`${keyManager.url}/api/v2${path}`, {
      method,
      headers: { authorization: `Bearer ${await this.token('manager')}`, 'bluemix-instance': keyManager.instanceId },
    });
  }

  /** A bearer token by the command that connection.json promises. */
  async token(role: string): Promise<string> {
    const { stdout } = await run('sh', ['-c', this.connection.management.tokenCommand[role] ?? 'exit 1']);
    return stdout.trim();
  }

  /** Ctrl-C, as a person would. @returns the exit status */
  async stop(): Promise<number | null> {
    if (this.launcher.exitCode !== null) return this.launcher.exitCode;
    const ended = exit(this.launcher);
    this.launcher.kill('SIGINT');
    return await ended;
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.dataFolder, { recursive: true, force: true });
  }
}

/** Starts the launcher and lets it end by itself; for mistakes that must stop a start. */
export async function startAndFail(
  environment: Record<string, string>,
): Promise<{ status: number | null; output: string }> {
  const { process: child, output } = launch({ ...ANY_PORTS, ...environment });
  return { status: await exit(child), output: output() };
}

function launch(environment: Record<string, string>): { process: ChildProcess; output: () => string } {
  const child = spawn(process.execPath, [LAUNCHER], {
    cwd: REPOSITORY,
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { process: child, output: () => output };
}

async function exit(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  return await new Promise((resolve) => child.once('exit', (code) => resolve(code)));
}

async function readConnection(dataFolder: string): Promise<ConnectionFile> {
  return JSON.parse(await readFile(join(dataFolder, 'connection.json'), 'utf8')) as ConnectionFile;
}

/** Polls a condition of another process; the limit is generous because only failure waits for it. */
export async function until(what: string, withinMs: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    if (await holds()) return;
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
