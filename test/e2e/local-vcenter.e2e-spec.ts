import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type Proof } from '../../apps/local-vcenter/src/inventory/proof';
import { type KmipEntry } from '../../apps/local-vcenter/src/kmip/kmip-log';
import { type HostRow, type VmRow } from '../../apps/local-vcenter/src/rows';
import { makeDataFolder, RunningService, until } from './support/running-service';
import { vcenterAdmin } from './support/vcenter';

const run = promisify(execFile);
const KMIP4V = join(process.cwd(), 'apps', 'kmip4v', 'bin', 'kmip4v.js');

jest.setTimeout(180_000);

/** `npm start` as everybody has it: the stand-in vCenter comes after everything else, and is in connection.json then. */
describe('the stand-in vCenter that npm start brings along', () => {
  let folder: string;
  let service: RunningService;

  const start = async (): Promise<void> => {
    service = await RunningService.start({ dataFolder: folder, environment: { LOCAL_VCENTER: 'on' } });
  };
  const vcenterServes = async (): Promise<void> => {
    await until('the vCenter', 60_000, async () => (await service.reload()).vcenter !== undefined);
  };
  const vcenter = () => service.connection.vcenter!;
  const kmip4v = async (...words: readonly string[]): Promise<unknown> => {
    const connection = join(folder, 'connection.json');
    const env = { PATH: process.env['PATH'] ?? '', XDG_CONFIG_HOME: folder, KMIP4V_CONNECTION: connection };
    const { stdout } = await run(process.execPath, [KMIP4V, ...words, '--output', 'json'], { env });
    return JSON.parse(stdout);
  };
  const admin = <T>(method: string, path: string, body?: unknown): Promise<T> =>
    vcenterAdmin(vcenter().url, method, path, body);
  const inventory = () => admin<{ machines: readonly VmRow[]; hosts: readonly HostRow[] }>('GET', '/inventory');
  const used = async (): Promise<readonly KmipEntry[]> =>
    (await admin<readonly KmipEntry[]>('GET', '/kmip')).filter(({ action }) => action === 'use');

  beforeAll(async () => {
    folder = await makeDataFolder();
    await start();
  });

  afterAll(async () => {
    await service.remove();
  });

  it('becomes Connected by the one command that the greeting names, typed as soon as it is read', async () => {
    expect(service.output()).toContain('npx kmip4v vcenter connect');
    // Address, user, password and fingerprint come with connection.json, where `starting` tells that they will.
    const answer = await kmip4v('vcenter', 'connect', '--provider', 'demo');
    expect(answer).toMatchObject({ provider: 'demo', changed: true });
  });

  it('is trusted as connection.json says, whatever was trusted at its address before', async () => {
    await vcenterServes();
    expect((await service.reload()).starting).toBeUndefined();
    const known = join(folder, 'kmip4v', 'vcenters');
    await mkdir(known, { recursive: true, mode: 0o700 });
    const file = join(known, `${new URL(vcenter().url).host.replace(':', '_')}.json`);
    const before = { sha256: 'AB'.repeat(32), pinnedAt: '2026-01-01T00:00:00.000Z' };
    await writeFile(file, JSON.stringify(before), { mode: 0o600 });
    expect(await kmip4v('vcenter', 'status', '--provider', 'demo')).toMatchObject({ provider: 'demo', problems: [] });
  });

  it('encrypts its machines with keys of the gateway, which open what they sealed', async () => {
    await admin('POST', '/inventory/encrypt', { provider: 'demo' });
    const { machines } = await inventory();
    expect(machines).toHaveLength(10);
    expect(machines.filter(({ home }) => home?.providerId === 'demo')).toHaveLength(9);
    const proof = await admin<Proof>('POST', '/inventory/prove');
    expect(proof.opened).toBe(proof.sealed);
  });

  it('fetches the keys of a host that was booted from the gateway', async () => {
    const { machines, hosts } = await inventory();
    const vm = machines.find(({ home }) => home !== undefined)!;
    await admin('DELETE', '/kmip');
    await admin('POST', `/hosts/${vm.host}/reboot`);
    const fetched = await used();
    expect(fetched.filter(({ failure }) => failure !== undefined)).toEqual([]);
    const keys = new Set(fetched.map(({ keyId }) => keyId));
    const host = hosts.find(({ id }) => id === vm.host)!;
    expect([keys.has(vm.home!.keyId), keys.has(host.hostKey!.keyId)]).toEqual([true, true]);
  });

  it('is the same after everything was stopped and started', async () => {
    const before = { ...(await inventory()), vcenter: vcenter() };
    await service.stop();
    await start();
    await vcenterServes();
    expect({ ...(await inventory()), vcenter: vcenter() }).toEqual(before);
    const proof = await admin<Proof>('POST', '/inventory/prove');
    expect(proof.opened).toBe(proof.sealed);
  });
});
