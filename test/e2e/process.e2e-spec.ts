import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { issueServerCertificate, readCertificateAuthority } from '@lib/pki';

import { metric, metricNames } from './support/health';
import { createKey, fetchKey } from './support/keys';
import { RunningService, until } from './support/running-service';

jest.setTimeout(180_000);

const DIST = join(process.cwd(), 'dist');
const run = promisify(execFile);
const DAY_MS = 86_400_000;

/** What the SDK's debug log and Node's inspector say first. */
const GIVEAWAYS = ['ibm-cloud-sdk-core', 'Debugger listening'];

describe('a process that holds keys', () => {
  let service: RunningService;

  beforeAll(async () => {
    service = await RunningService.start({
      environment: { DEBUG: '*', NODE_DEBUG: 'ibm-cloud-sdk-core:debug,axios', LOG_LEVEL: 'debug' },
    });
  });

  afterAll(async () => {
    await service.remove();
  });

  /** Everything the service said so far. */
  async function output(): Promise<string> {
    const folder = join(service.dataFolder, 'logs');
    const logs = await Promise.all((await readdir(folder)).map((name) => readFile(join(folder, name), 'utf8')));
    return [service.output(), ...logs].join('\n');
  }

  async function useBothEndpoints(): Promise<void> {
    for (const endpoint of [0, 1]) {
      const client = await service.kmip(endpoint);
      expect(await fetchKey(client, await createKey(client))).toHaveProperty('hex');
      await client.close();
    }
  }

  it('lets no debug variable make the SDK print what it sends', async () => {
    const { apiKey } = JSON.parse(await readFile(join(service.dataFolder, 'demo-tenant.json'), 'utf8')) as {
      apiKey: string;
    };
    await useBothEndpoints();
    const said = await output();
    expect(said).toContain('operation answered');
    for (const secret of [apiKey, encodeURIComponent(apiKey), 'Bearer ', ...GIVEAWAYS]) {
      expect(said).not.toContain(secret);
    }
  });

  it('refuses to start where Node itself would print headers and buffers', async () => {
    const start = run(process.execPath, [join(DIST, 'apps', 'kmip-gateway', 'src', 'main.js')], {
      env: { NODE_DEBUG: 'http,stream' },
    });
    await expect(start).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^NODE_DEBUG is set: .+ Unset it and start again\.\n$/m) as string,
    });
  });

  it('opens no inspector on SIGUSR1, serving or starting', async () => {
    for (const pid of Object.values((await service.reload()).processes)) {
      if (pid !== service.connection.processes['postgres']) process.kill(pid, 'SIGUSR1');
    }
    await useBothEndpoints();
    expect(await output()).not.toContain('Debugger listening');

    const script = `require(${JSON.stringify(join(DIST, 'libs', 'hardening', 'src'))});
      process.kill(process.pid, 'SIGUSR1');
      setTimeout(() => process.stdout.write(String(require('node:inspector').url())), 200);`;
    expect((await run(process.execPath, ['-e', script])).stdout).toBe('undefined');
  });

  it('presents a renewed certificate to new connections after SIGHUP, while open ones go on', async () => {
    const folder = join(service.dataFolder, 'tls');
    const ca = await readCertificateAuthority(folder);
    const names = { commonName: 'localhost', dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], validDays: 30 };
    const renewed = await issueServerCertificate(ca, names);
    const open = await service.kmip(0);
    const id = await createKey(open);
    const reload = async (): Promise<void> => {
      const before = await metric(service, 0, 'kmip_server_certificate_reloads_total');
      process.kill((await service.reload()).processes['kmip-gateway-1'] ?? 0, 'SIGHUP');
      await until('it was reloaded', 5_000, async () => {
        return (await metric(service, 0, 'kmip_server_certificate_reloads_total')) > before;
      });
    };
    const presented = async (): Promise<string> => {
      const client = await service.kmip(0);
      await client.close();
      return client.session.serverSha256;
    };
    const old = await presented();

    // Half of a renewal, as seen between two writes: the key does not fit, so nothing changes.
    await writeFile(join(folder, 'server.crt'), renewed.certificatePem);
    await reload();
    expect(await presented()).toBe(old);

    await writeFile(join(folder, 'server.key'), renewed.privateKeyPem.expose());
    await reload();
    const { fingerprint256 } = new X509Certificate(renewed.certificatePem);
    expect(await presented()).toBe(fingerprint256.replaceAll(':', '').toLowerCase());
    expect(await fetchKey(open, id)).toHaveProperty('hex');
    await open.close();
    const inDays =
      ((await metric(service, 0, 'kmip_server_certificate_expires_at_seconds')) * 1_000 - Date.now()) / DAY_MS;
    expect(Math.round(inDays)).toBe(30);
  });

  it('measures what docs/operations.md says, and nothing else under our name', async () => {
    const page = await readFile(join(process.cwd(), 'docs', 'operations.md'), 'utf8');
    const [gateway = '', managementApi = '', node = ''] = page.split(/^Of /m).slice(1);
    const ours = (text: string): readonly string[] => [...new Set(text.match(/`kmip_\w+`/g))].map(bare).sort();
    const bare = (name: string): string => name.replaceAll('`', '');
    const served = [await metricNames(service, 0), await metricNames(service, 2)] as const;
    const underOurName = served.map((names) => names.filter((name) => name.startsWith('kmip_')).sort());
    expect(underOurName).toEqual([ours(gateway), ours(managementApi)]);
    for (const names of served) {
      expect(names).toEqual(expect.arrayContaining((node.match(/`(?:nodejs|process)_\w+`/g) ?? []).map(bare)));
    }
  });

  it('has no prototype accessor, however it was started', async () => {
    const script = `require(${JSON.stringify(join(DIST, 'libs', 'hardening', 'src'))});
      process.stdout.write(String('__proto__' in {}));`;
    expect((await run(process.execPath, ['-e', script])).stdout).toBe('false');
  });

  it.each(['SIGABRT', 'SIGSEGV'] as const)('leaves no file with its memory behind after %s', async (signal) => {
    const folders = [process.cwd(), service.dataFolder, join(service.dataFolder, 'logs')];
    const files = async (): Promise<string[]> => (await Promise.all(folders.map((folder) => readdir(folder)))).flat();
    const before = new Set(await files());
    const pid = (await service.reload()).processes['kmip-gateway-1'] ?? 0;
    process.kill(pid, signal);
    await until('it serves again', 30_000, async () => (await service.reload()).processes['kmip-gateway-1'] !== pid);
    await useBothEndpoints();
    const left = (await files()).filter((name) => !before.has(name));
    expect(left.filter((name) => /core|report|heap/i.test(name))).toEqual([]);
  });
});
