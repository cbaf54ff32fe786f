import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { PinnedTransport, ViSession } from '@lib/vi-json';

import { type RunningService, until } from './running-service';

const run = promisify(execFile);
const MAIN = join(process.cwd(), 'dist', 'apps', 'local-vcenter', 'src', 'main.js');
const KMIP4V = join(process.cwd(), 'apps', 'kmip4v', 'bin', 'kmip4v.js');
const PASSWORD = 'a password of the tests';
export const ADMINISTRATOR = 'administrator@vsphere.local';

export interface Ran {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The stand-in vCenter as a process of its own, with `kmip4v` pointed at it and at a running service. */
export class RunningVcenter {
  private constructor(
    private readonly child: ChildProcess,
    readonly folder: string,
    readonly url: string,
    readonly fingerprint: string,
  ) {}

  static async start(environment: Record<string, string> = {}): Promise<RunningVcenter> {
    const folder = await mkdtemp(join(tmpdir(), 'kmip-vcenter-'));
    const data = join(folder, 'vcenter');
    const child = spawn(process.execPath, [MAIN], {
      env: {
        PATH: process.env['PATH'] ?? '',
        LOCAL_VCENTER_PORT: '0',
        LOCAL_VCENTER_DATA: data,
        LOCAL_VCENTER_PASSWORD: PASSWORD,
        LOG_LEVEL: 'warn',
        ...environment,
      },
      stdio: 'ignore',
    });
    let announced = '';
    await until('the stand-in vCenter', 60_000, async () => {
      if (child.exitCode !== null) throw new Error('the stand-in vCenter ended');
      announced = await readFile(join(data, 'local-vcenter.json'), 'utf8').catch(() => '');
      return announced !== '';
    });
    const { url, fingerprint } = JSON.parse(announced) as { url: string; fingerprint: string };
    return new RunningVcenter(child, folder, url, fingerprint);
  }

  /** `kmip4v vcenter …`, as somebody would type it. */
  async kmip4v(service: RunningService, words: readonly string[], user = ADMINISTRATOR): Promise<Ran> {
    const options = { env: this.#environment(service, user), maxBuffer: 64 * 1024 * 1024 };
    try {
      return { exit: 0, ...(await run(process.execPath, [KMIP4V, 'vcenter', ...words], options)) };
    } catch (error) {
      // Of execFile: the program ran, and ended with another status.
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { exit: code, stdout, stderr };
    }
  }

  /** Begins a command and kills it as soon as `holds`. @returns whether it was still running then */
  async kmip4vKilled(
    service: RunningService,
    words: readonly string[],
    holds: () => Promise<boolean>,
  ): Promise<boolean> {
    const options = { env: this.#environment(service, ADMINISTRATOR), stdio: 'ignore' } as const;
    const child = spawn(process.execPath, [KMIP4V, 'vcenter', ...words], options);
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    await until('the moment to kill it', 300_000, async () => child.exitCode !== null || (await holds()));
    child.kill('SIGKILL');
    await ended;
    return child.signalCode === 'SIGKILL';
  }

  #environment(service: RunningService, user: string): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '',
      XDG_CONFIG_HOME: this.folder,
      KMIP4V_CONNECTION: join(service.dataFolder, 'connection.json'),
      KMIP4V_VCENTER: this.url,
      KMIP4V_VCENTER_USER: user,
      KMIP4V_VCENTER_PASSWORD: PASSWORD,
    };
  }

  /** As a program of somebody else would have one. */
  async session(): Promise<ViSession> {
    const transport = new PinnedTransport(new URL(this.url), this.fingerprint);
    return await ViSession.open({ transport, credentials: { userName: ADMINISTRATOR, password: PASSWORD } });
  }

  /** A user who lacks privileges. */
  async limit(name: string, without: readonly string[]): Promise<void> {
    await this.admin('PUT', `/users/${name}`, { password: PASSWORD, without });
  }

  admin<T>(method: string, path: string, body?: unknown): Promise<T> {
    return vcenterAdmin(this.url, method, path, body);
  }

  async remove(): Promise<void> {
    if (this.child.exitCode === null) {
      const ended = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.kill('SIGTERM');
      await ended;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The hand that sets the scene, of a stand-in at this address. */
export async function vcenterAdmin<T>(url: string, method: string, path: string, body?: unknown): Promise<T> {
  const text = await new Promise<string>((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const outgoing = request(`${url}/admin${path}`, { method, rejectUnauthorized: false, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const answer = Buffer.concat(chunks).toString();
        if ((incoming.statusCode ?? 500) < 300) resolve(answer);
        else reject(new Error(`${method} ${path}: ${answer}`));
      });
      incoming.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
