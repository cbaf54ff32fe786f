import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

import { launcherConfig, parseConfig, readEnvironment } from '@lib/config';

import { type ConnectionFile } from './connection-file';
import { bearerToken, iamIdOf } from './demo-users';
import { type Machine, StandInVcenter } from './demo/stand-in-vcenter';
import { storedKeyName, TenantKeyProtect } from './demo/stored-keys';
import { table } from './demo/table';

const MOVED_WITHIN_MS = 30_000;
const VCENTER_WITHIN_MS = 60_000;
/** One key for all of it, so that its stored key is all that it has. */
const VICTIM = 'archive-';
const SHOWN = 3;

interface Stage {
  readonly center: StandInVcenter;
  readonly keyProtect: TenantKeyProtect;
}

async function main(): Promise<void> {
  const { connection, file } = await readConnection();
  const keyProtect = new TenantKeyProtect(connection, await bearerToken(connection.localCloud.url, iamIdOf('Manager')));

  say('1. A vCenter trusts the service, and the service the vCenter: kmip4v vcenter connect');
  const provider = await connect(file, connection.vcenter);
  console.log(`   Key provider ${provider}: Connected on ports ${connection.kmip.ports.join(' and ')}.`);

  const center = await StandInVcenter.open(connection.vcenter);
  try {
    const stage = { center, keyProtect };
    await encrypt(stage, provider);
    await reboot(stage);
    await rotate(stage);
    const victim = await victimOf(stage);
    await shredOne(stage, victim);
    await restoreIt(stage, victim);
  } finally {
    await center.close();
  }
}

/**
 * With the tool that administrators have; a second time it finds all done. What this machine's user has set for another
 * vCenter or service counts for nothing here.
 * @returns the name of the key provider
 */
async function connect(file: string, { url, user }: WithVcenter['vcenter']): Promise<string> {
  const kmip4v = resolve(__dirname, '../../../..', 'apps/kmip4v/bin/kmip4v.js');
  const words = ['vcenter', 'connect', '--vcenter', url, '--user', user, '--connection', file, '--output', 'json'];
  const env = Object.fromEntries(Object.entries(readEnvironment()).filter(([name]) => !name.startsWith('KMIP4V_')));
  const { stdout } = await promisify(execFile)(process.execPath, [kmip4v, ...words], { env });
  return (JSON.parse(stdout) as { provider: string }).provider;
}

async function encrypt(stage: Stage, provider: string): Promise<void> {
  say('2. Its virtual machines and hosts are encrypted; each key is made by the service, wrapped by the CRK');
  await stage.center.encryptAll(provider);
  await show(stage);
}

async function reboot({ center }: Stage): Promise<void> {
  const machines = await center.machines();
  const running = machines.find(({ cryptoState, power }) => cryptoState === 'unlocked' && power === 'poweredOn');
  const chosen = running ?? machines.find(({ cryptoState }) => cryptoState === 'unlocked');
  if (chosen === undefined) throw new Error('no virtual machine is encrypted');
  const host = await center.host(chosen.host);
  say(`3. Host ${host.name} is rebooted: its keys are gone from its memory`);
  const fetched = await center.reboot(host);
  console.log(`   vCenter fetched ${fetched} keys from the service and pushed them to the host.`);
  const refused = await center.powerOn(chosen.id);
  console.log(`   ${chosen.name}: ${refused ?? 'powered on again'}`);
  if (refused !== undefined) process.exitCode = 1;
}

async function rotate(stage: Stage): Promise<void> {
  say('4. The security officer rotates the CRK in Key Protect');
  const versions = await rootKeyVersions(stage);
  if (!(await stage.keyProtect.rotateRootKey())) {
    console.log('   Key Protect refuses: the CRK was rotated less than an hour ago. Everything else goes on.');
    return;
  }
  const { opened, sealed } = await stage.center.prove();
  console.log(
    `   Every key is fetched again: ${opened} of ${sealed} data keys of VMs, disks and vSAN open with the same keys`,
  );
  if (opened !== sealed) process.exitCode = 1;
  await moved(stage, versions);
  console.log('   and each stored key has moved to the new CRK version:');
  await show(stage);
}

interface Victim {
  readonly machine: Machine;
  readonly storedKey: string;
}

async function victimOf({ center, keyProtect }: Stage): Promise<Victim> {
  const machine = (await center.machines()).find(({ keyId, name }) => name.startsWith(VICTIM) && keyId !== undefined);
  const stored = (await keyProtect.list()).find(({ name }) => name === storedKeyName(machine?.keyId ?? ''));
  if (machine === undefined || stored === undefined) throw new Error(`there is no stored key of ${VICTIM}`);
  return { machine, storedKey: stored.id };
}

async function shredOne({ center, keyProtect }: Stage, { machine, storedKey }: Victim): Promise<void> {
  say(
    `5. The stored key of ${machine.name} is deleted in Key Protect, and its host rebooted: that VM alone is shredded`,
  );
  await keyProtect.deleteKey(storedKey);
  await center.reboot(await center.host(machine.host));
  const locked = await lockedOnes(center);
  console.log(`   ${machine.name}: ${(await center.powerOn(machine.id)) ?? 'POWERED ON'}`);
  tell(locked.length === 1 && locked[0]?.id === machine.id, 'Exactly one VM is locked.', locked);
}

async function restoreIt({ center, keyProtect }: Stage, { machine, storedKey }: Victim): Promise<void> {
  say('6. The stored key is restored in Key Protect, which it allows for 30 days');
  await keyProtect.restoreKey(storedKey);
  console.log(`   ${machine.name}: ${(await center.unlock(machine.id)) ?? 'unlocked'}`);
  const locked = await lockedOnes(center);
  tell(locked.length === 0, 'No VM is locked.', locked);
}

function tell(isAsExpected: boolean, sentence: string, locked: readonly Machine[]): void {
  const names = locked.map(({ name }) => name).join(', ');
  say(isAsExpected ? sentence : `UNEXPECTED: locked are ${names === '' ? 'none' : names}.`);
  if (!isAsExpected) process.exitCode = 1;
}

const lockedOnes = async (center: StandInVcenter): Promise<readonly Machine[]> =>
  (await center.machines()).filter(({ cryptoState }) => cryptoState === 'locked');

/** The first of them: the others are alike. */
async function show({ center, keyProtect }: Stage): Promise<void> {
  const stored = new Map((await keyProtect.list()).map((key) => [key.name, key]));
  const encrypted = (await center.machines()).flatMap(({ keyId, name }) =>
    keyId === undefined ? [] : [{ keyId, name }],
  );
  const rows = encrypted.slice(0, SHOWN).map(({ keyId, name }) => {
    const key = stored.get(storedKeyName(keyId));
    const where = key === undefined ? 'gone' : `Key Protect key ${key.id}`;
    return [name, keyId, key?.rootKeyVersion ?? '-', where];
  });
  console.log(table(['virtual machine', 'KMIP unique identifier', 'CRK version', 'wrapped key'], rows));
  console.log(
    `   and ${encrypted.length - rows.length} more, with hosts, first-class disks and vSAN: ${stored.size} keys in all.`,
  );
}

const rootKeyVersions = async ({ keyProtect }: Stage): Promise<readonly string[]> =>
  (await keyProtect.list()).map(({ rootKeyVersion }) => rootKeyVersion);

/** The fetches told of the rotation, and keys move in the background; usually it is done before we ask. */
async function moved(stage: Stage, before: readonly string[]): Promise<void> {
  const deadline = Date.now() + MOVED_WITHIN_MS;
  const old = new Set(before);
  while ((await rootKeyVersions(stage)).some((version) => old.has(version))) {
    if (Date.now() > deadline) throw new Error(`stored keys were not moved within ${MOVED_WITHIN_MS / 1000} s`);
    await delay(100);
  }
}

type WithVcenter = ConnectionFile & Required<Pick<ConnectionFile, 'vcenter'>>;

/** The vCenter is started after everything else, and is in the file as soon as it serves. */
async function readConnection(): Promise<{ readonly connection: WithVcenter; readonly file: string }> {
  const { dataFolder } = parseConfig(launcherConfig, readEnvironment());
  const file = join(resolve(dataFolder), 'connection.json');
  const deadline = Date.now() + VCENTER_WITHIN_MS;
  for (;;) {
    const connection = await readFile(file, 'utf8').then(
      (text) => JSON.parse(text) as ConnectionFile,
      () => undefined,
    );
    if (connection === undefined) {
      throw new Error(`${file} cannot be read. Start the service first (npm start), with the same DATA_DIR.`);
    }
    const { vcenter } = connection;
    if (vcenter !== undefined) return { connection: { ...connection, vcenter }, file };
    if (connection.starting?.includes('vcenter') !== true || Date.now() > deadline) {
      throw new Error('the stand-in vCenter does not run here. Start the service without LOCAL_VCENTER=off.');
    }
    await delay(500);
  }
}

function say(text: string): void {
  console.log(`\n${text}`);
}

main().catch((error: unknown) => {
  console.error(`\nThe demo stopped: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
