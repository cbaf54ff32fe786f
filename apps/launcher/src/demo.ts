import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { launcherConfig, parseConfig, readEnvironment } from '@lib/config';

import { type ConnectionFile } from './connection-file';
import { bearerToken, iamIdOf } from './demo-users';
import { storedKeyName, TenantKeyProtect } from './demo/stored-keys';
import { table } from './demo/table';
import { type KeyOwner, Refused, VirtualCenter } from './demo/virtual-center';

const OWNERS: readonly KeyOwner[] = [
  { component: 'Virtual Machine', name: 'payroll-01', identifier: randomUUID() },
  { component: 'Virtual Machine', name: 'database-01', identifier: randomUUID() },
  { component: 'ESXi Server', name: 'esxi-01.example.com', identifier: randomUUID() },
];
const MOVED_WITHIN_MS = 15_000;

interface Stage {
  readonly connection: ConnectionFile;
  readonly center: VirtualCenter;
  readonly keyProtect: TenantKeyProtect;
  readonly ids: readonly string[];
}

async function main(): Promise<void> {
  const connection = await readConnection();
  const center = await VirtualCenter.from(connection);
  const keyProtect = new TenantKeyProtect(connection, await bearerToken(connection.localCloud.url, iamIdOf('Manager')));

  say(`1. vCenter trusts the key provider: ${connection.kmip.host}, ports ${connection.kmip.ports.join(' and ')}`);
  for (const endpoint of connection.kmip.ports.keys()) {
    const vendor = await center.establishTrust(endpoint);
    await center.healthCheck(endpoint);
    console.log(`   endpoint ${endpoint + 1}: Connected (${vendor})`);
  }

  say('2. vCenter encrypts two VMs, and a host for its core dumps');
  const ids: string[] = [];
  for (const owner of OWNERS) ids.push(await center.encrypt(owner));
  const stage = { connection, center, keyProtect, ids };
  const before = await digests(stage);
  await show(stage);

  await rotate(stage, before);
  await shredOne(stage);
}

async function rotate(stage: Stage, before: readonly string[]): Promise<void> {
  say('4. The security officer rotates the CRK in Key Protect');
  const versions = await rootKeyVersions(stage);
  if (!(await stage.keyProtect.rotateRootKey())) {
    console.log('   Key Protect refuses: the CRK was rotated less than an hour ago. Everything else goes on.');
    return;
  }
  const after = await digests(stage);
  const same = after.every((digest, index) => digest === before[index]);
  console.log(`   vCenter fetches its ${after.length} keys again: ${same ? 'the same keys' : 'DIFFERENT KEYS'}`);
  if (!same) process.exitCode = 1;
  await moved(stage, versions);
  console.log('   and each stored key has moved to the new CRK version:');
  await show(stage, '');
}

async function shredOne(stage: Stage): Promise<void> {
  const [victim = ''] = stage.ids;
  say(`5. The stored key of ${OWNERS[0]?.name ?? ''} is deleted in Key Protect: that VM alone is shredded`);
  const stored = (await stage.keyProtect.list()).find(({ name }) => name === storedKeyName(victim));
  if (stored !== undefined) await stage.keyProtect.deleteKey(stored.id);
  let lost = 0;
  for (const [index, id] of stage.ids.entries()) {
    const { name } = OWNERS[index] ?? { name: id };
    try {
      await stage.center.fetch(index % 2, id);
      console.log(`   ${name}: key served`);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      lost += 1;
      console.log(`   ${name}: ${error.message}`);
    }
  }
  say(lost === 1 ? 'Exactly one VM has lost its key.' : `UNEXPECTED: ${lost} keys were lost.`);
  if (lost !== 1) process.exitCode = 1;
}

async function show(stage: Stage, title = '3. The keys, and where each wrapped key lies'): Promise<void> {
  if (title !== '') say(title);
  const stored = new Map((await stage.keyProtect.list()).map((key) => [key.name, key]));
  const rows: string[][] = [];
  for (const id of stage.ids) {
    const { owner, state } = await stage.center.describe(id);
    const key = stored.get(storedKeyName(id));
    rows.push([owner, state, id, key?.rootKeyVersion ?? '-', key === undefined ? 'gone' : `Key Protect key ${key.id}`]);
  }
  console.log(table(['belongs to', 'state', 'KMIP unique identifier', 'CRK version', 'wrapped key'], rows));
}

const digests = async ({ center, ids }: Stage): Promise<readonly string[]> =>
  await Promise.all(ids.map((id, index) => center.fetch(index % 2, id)));

async function rootKeyVersions({ keyProtect, ids }: Stage): Promise<readonly string[]> {
  const names = new Set(ids.map(storedKeyName));
  const keys = await keyProtect.list();
  return keys.filter(({ name }) => names.has(name)).map(({ rootKeyVersion }) => rootKeyVersion);
}

/** The Get told of the rotation, and keys move in the background; usually it is done before we ask. */
async function moved(stage: Stage, before: readonly string[]): Promise<void> {
  const deadline = Date.now() + MOVED_WITHIN_MS;
  const old = new Set(before);
  while ((await rootKeyVersions(stage)).some((version) => old.has(version))) {
    if (Date.now() > deadline) throw new Error(`stored keys were not moved within ${MOVED_WITHIN_MS / 1000} s`);
    await delay(100);
  }
}

async function readConnection(): Promise<ConnectionFile> {
  const { dataFolder } = parseConfig(launcherConfig, readEnvironment());
  const file = join(resolve(dataFolder), 'connection.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as ConnectionFile;
  } catch {
    throw new Error(`${file} cannot be read. Start the service first (npm start), with the same DATA_DIR.`);
  }
}

function say(text: string): void {
  console.log(`\n${text}`);
}

main().catch((error: unknown) => {
  console.error(`\nThe demo stopped: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
