import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { CommanderError } from 'commander';

import { type Context } from '../../../apps/kmip4v/src/command-line/context';
import { toldOf } from '../../../apps/kmip4v/src/command-line/faults';
import { programOf } from '../../../apps/kmip4v/src/command-line/program';
import { Prompt, type Typist } from '../../../apps/kmip4v/src/command-line/prompt';
import { Output } from '../../../apps/kmip4v/src/output/output';
import { type Connection } from '../../../apps/kmip4v/src/profiles/connection-file';
import { readFileOrFault } from '../../../apps/kmip4v/src/profiles/private-file';
import { TREE } from '../../../apps/kmip4v/src/tree';
import { type LocalVcenterOptions } from '../../../apps/local-vcenter/src/local-vcenter';
import { type VmRow } from '../../../apps/local-vcenter/src/rows';
import { KmipServer } from '../../../apps/local-vcenter/test/kmip-server.fixture';
import { PASSWORD, TestVcenter } from '../../../apps/local-vcenter/test/test-vcenter';
import { TenantInMemory } from './tenant-in-memory';

// An inventory is set up, and moved, within each of these tests: seconds where the machine is quiet.
jest.setTimeout(120_000);

export const ADMINISTRATOR = 'administrator@vsphere.local';

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}
interface Wishes {
  /** Of the vCenter. */
  readonly user?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The demo that runs on this machine. */
  readonly demo?: Connection;
}

/**
 * The tool, the stand-in vCenter, two endpoints of a key server and the tenant API's answers, all in this process: what a
 * command says and does at a vCenter is tried here in milliseconds. That the built program does it too is for test/e2e.
 */
export class Workshop {
  private constructor(
    readonly vcenter: TestVcenter,
    readonly tenant: TenantInMemory,
    readonly folder: string,
    private readonly servers: readonly KmipServer[],
  ) {}

  static async start(options: Partial<LocalVcenterOptions> = {}): Promise<Workshop> {
    const first = await KmipServer.start();
    const servers = [first, await KmipServer.start(first)];
    const vcenter = await TestVcenter.start(options);
    const folder = await mkdtemp(join(tmpdir(), 'kmip4v-workshop-'));
    return new Workshop(vcenter, new TenantInMemory(servers), folder, servers);
  }

  async close(): Promise<void> {
    await this.vcenter.close();
    for (const server of this.servers) await server.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** `kmip4v …`, as if it were typed. */
  async kmip4v(words: readonly string[], { user = ADMINISTRATOR, env = {}, demo }: Wishes = {}): Promise<Ran> {
    let [out, err] = ['', ''];
    const stdout = {
      write: (text: string | Uint8Array, done: () => void) => {
        out += String(text);
        done();
      },
    };
    const stderr = { write: (text: string | Uint8Array) => (err += String(text)) };
    const environment = {
      XDG_CONFIG_HOME: this.folder,
      ...(demo === undefined && {
        KMIP4V_VCENTER: this.vcenter.vcenter.url,
        KMIP4V_VCENTER_USER: user,
        KMIP4V_VCENTER_PASSWORD: PASSWORD,
      }),
      ...env,
    };
    let output = new Output({ stdout, stderr, env: environment }, 'table');
    const options = {
      version: '0',
      writeOut: (text: string) => (out += text),
      writeErr: (text: string) => (err += text),
    };
    const program = await programOf(TREE, words, {
      ...options,
      invoked: async ({ command, given, shared }) => {
        output = new Output({ stdout, stderr, env: environment }, shared['output'] === 'json' ? 'json' : 'table');
        const context = this.#context(output, environment, demo);
        const answer = await command.run(given, context);
        if (answer !== undefined) await output.answer(answer);
      },
    });
    try {
      await program.parseAsync(words, { from: 'user' });
      return { exit: 0, out, err };
    } catch (error) {
      if (error instanceof CommanderError) return { exit: 2, out, err };
      const told = toldOf(error);
      output.fault(told);
      return { exit: told.exit, out, err };
    }
  }

  /** What `kmip4v vcenter …` answers as JSON. @throws Error unless it ended well */
  async done<T>(...words: readonly string[]): Promise<T> {
    const { exit, out, err } = await this.kmip4v(['vcenter', ...words, '--output', 'json']);
    if (exit !== 0) throw new Error(err);
    return JSON.parse(out) as T;
  }

  /** A new inventory whose every key is of this provider, which is our instance. */
  async encrypted(provider: string, machines = 10): Promise<void> {
    await this.vcenter.admin('POST', '/inventory', { machines, seed: 1 });
    await this.done('connect', '--provider', provider);
    await this.vcenter.admin('POST', '/inventory/encrypt', { provider });
  }

  /** What a test compares before and after, of vCenter and of our service. */
  snapshot(what: 'whole' | 'without keys' = 'whole'): unknown {
    const { store } = this.vcenter.vcenter.center;
    const tables = ['provider', 'vm', 'host', 'diskObject', 'cluster', 'key'] as const;
    const compared = tables.filter((table) => what === 'whole' || table !== 'key');
    const rows = compared.map((table) => [table, [...store.entries(table)]]);
    return structuredClone([rows, this.tenant.snapshot(what)]);
  }

  /** Its key is suspended and its host begins anew without it. */
  async lock({ home, host }: Pick<VmRow, 'home' | 'host'>): Promise<void> {
    this.tenant.suspend(home?.keyId ?? '');
    await this.vcenter.admin('POST', `/hosts/${host}/reboot`);
  }

  #context(out: Output, env: Readonly<Record<string, string>>, demo: Connection | undefined): Context {
    const never = (): never => {
      throw new Error('not in this test');
    };
    return {
      out,
      env,
      ask: new Prompt({ stdin: { isTTY: false }, stderr: { isTTY: false } } as unknown as Typist),
      shared: { profile: undefined, connection: undefined, instance: undefined, role: undefined },
      read: readFileOrFault,
      profile: never,
      api: () => Promise.resolve(this.tenant.api),
      tenant: () => Promise.resolve({ api: this.tenant.api, instance: this.tenant.instance }),
      checkout: undefined,
      changes: () => undefined,
      reference: never,
      demo: () => Promise.resolve(demo),
      demoVcenter: () => Promise.resolve(demo?.vcenter),
    };
  }
}
