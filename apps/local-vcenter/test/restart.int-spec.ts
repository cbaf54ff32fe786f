import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type KmipClusterInfo } from '@lib/vi-json';

import { type Proof } from '../src/inventory/proof';
import { KmipServer } from './kmip-server.fixture';
import { TestVcenter } from './test-vcenter';

const CRYPTO = 'CryptoManagerKmip/CryptoManager';

let dataFolder: string;
let vcenter: TestVcenter;
let kmip: KmipServer;

beforeEach(async () => {
  dataFolder = mkdtempSync(join(tmpdir(), 'local-vcenter-'));
  kmip = await KmipServer.start();
  vcenter = await TestVcenter.start({ dataFolder });
  await vcenter.login();
});

afterEach(async () => {
  await Promise.allSettled([vcenter.close(), kmip.close()]);
  rmSync(dataFolder, { recursive: true });
});

async function restart(): Promise<void> {
  await vcenter.close();
  vcenter = await TestVcenter.start({ dataFolder });
}

const state = async (): Promise<object> => ({
  providers: await vcenter.call<KmipClusterInfo[]>(`${CRYPTO}/ListKmipServers`),
  client: await vcenter.call<string>(`${CRYPTO}/RetrieveClientCert`, { cluster: { id: 'acme' } }),
  keys: await vcenter.call(`${CRYPTO}/ListKeys`),
  inventory: await vcenter.admin<object>('GET', '/inventory'),
  fingerprint: vcenter.vcenter.fingerprint,
  about: vcenter.vcenter.center.about,
});

it('is the same after a restart: providers, trust, machines, and what they are sealed with', async () => {
  await vcenter.connect('acme', kmip);
  await vcenter.admin('POST', '/inventory', { machines: 10 });
  await vcenter.admin('POST', '/inventory/encrypt', { provider: 'acme' });
  await vcenter.status('acme');
  await vcenter.generateKey('acme');
  const before = await state();

  await restart();
  expect((await vcenter.get(`${CRYPTO}/enabled`)).body).toMatchObject({ _typeName: 'NotAuthenticated' });
  await vcenter.login();
  expect(await state()).toEqual(before);
  expect((await vcenter.status('acme')).overallStatus).toBe('green');
  const proof = await vcenter.admin<Proof>('POST', '/inventory/prove');
  expect([proof.sealed > 10, proof.opened]).toEqual([true, proof.sealed]);
});

it('keeps what was set: users, the clock, and its own certificates', async () => {
  await vcenter.loginWithout('Cryptographer.ManageKeys');
  await vcenter.advance(86_400);
  const { fingerprint } = vcenter.vcenter;

  await restart();
  const clock = await vcenter.admin<{ offsetSeconds: number }>('GET', '/clock');
  expect([clock.offsetSeconds, vcenter.vcenter.fingerprint]).toEqual([86_400, fingerprint]);
  await vcenter.login('limited@vsphere.local');
  expect((await vcenter.crypto('ListKeys')).body).toMatchObject({ _typeName: 'NoPermission' });
});

it('is the only one that works on its data folder, and says who it is', async () => {
  await expect(TestVcenter.start({ dataFolder })).rejects.toThrow(`is in use by process ${process.pid}`);
});
