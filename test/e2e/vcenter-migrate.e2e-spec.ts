import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { answerOf, tenantApi, type TenantApi } from '@lib/tenant-api-client';

import { inParallel } from '@lib/kernel';
import { reference, taskResult } from '@lib/vi-json';

import { type VmRow } from '../../apps/local-vcenter/src/rows';
import { RunningService } from './support/running-service';
import { type Ran, RunningVcenter } from './support/vcenter';

interface Reference {
  readonly kind: string;
  readonly name: string;
  readonly keyId: string;
  readonly provider: string;
}
interface Proof {
  readonly proven: boolean;
  readonly references: readonly Reference[];
  readonly unexamined: readonly { readonly why: string }[];
}
interface Seals {
  readonly sealed: number;
  readonly opened: number;
  readonly byProvider: Readonly<Record<string, number>>;
}
/** The long form: 2,000 machines, 20 kills (`npm run test:nightly -- vcenter-migrate`). */
const MACHINES = Number(process.env['MIGRATION_MACHINES'] ?? '10');
const KILLS = Number(process.env['MIGRATION_KILLS'] ?? '6');
const IS_LONG = MACHINES > 10;
const WAVE = IS_LONG ? 20 : 2;
/** Lines of the journal between two kills: some four are written for each object. */
const LINES_BETWEEN = Math.floor((4 * MACHINES) / (KILLS + 2));
const LONGEST_MS = IS_LONG ? 3_000_000 : 180_000;
// An inventory of the long form alone takes half a minute.
jest.setTimeout(LONGEST_MS);

/** As the warning of KB 387897 says to do. */
async function powerOff(vcenter: RunningVcenter, which: (machine: VmRow) => boolean): Promise<void> {
  const { machines } = await vcenter.admin<{ machines: VmRow[] }>('GET', '/inventory');
  const session = await vcenter.session();
  await inParallel(machines.filter(which), 8, async ({ id }) => {
    const machine = reference('VirtualMachine', id);
    await taskResult(session, await session.call(machine, 'VirtualMachine', 'PowerOffVM_Task', undefined));
    return 'next';
  });
  await session.close();
}

/** Machines of a stand-in whose data are sealed with keys that a key server really has. */
describe('leaving another key provider', () => {
  let service: RunningService;
  let vcenter: RunningVcenter;
  let api: TenantApi;

  const kmip4v = (...words: string[]): Promise<Ran> => vcenter.kmip4v(service, [...words, '--output', 'json']);
  const done = async <T>(...words: string[]): Promise<T> => {
    const { exit, stdout, stderr } = await kmip4v(...words);
    if (exit !== 0) throw new Error(stderr);
    return JSON.parse(stdout) as T;
  };
  const inventory = async (): Promise<readonly Reference[]> =>
    (await done<{ references: Reference[] }>('inventory')).references;
  const seals = (): Promise<Seals> => vcenter.admin<Seals>('POST', '/inventory/prove');

  beforeAll(async () => {
    [service, vcenter] = await Promise.all([
      RunningService.start(),
      RunningVcenter.start({ LOCAL_VCENTER_MACHINES: '0' }),
    ]);
    api = tenantApi({ url: service.connection.management.url, token: () => service.token('Manager') });
    await vcenter.admin('POST', '/inventory', { machines: MACHINES, mix: 'movable' });
    // Two names for one instance: to vCenter they are two key providers.
    await done('connect', '--provider', 'theirs', '--default');
    await vcenter.admin('POST', '/inventory/encrypt', { provider: 'theirs' });
    await done('connect', '--provider', 'ours', '--default');
  });
  afterAll(async () => {
    await Promise.allSettled([service.remove(), vcenter.remove()]);
  });

  it('begins with everything that needs a key, in every place where one can be', async () => {
    const found = await inventory();
    const kinds = new Set(found.map(({ kind }) => kind));
    expect([...kinds].toSorted()).toEqual(
      ['first_class_disk', 'host', 'snapshot_disk', 'snapshot_home', 'vm_disk', 'vm_home', 'vsan'].toSorted(),
    );
    expect(new Set(found.map(({ provider }) => provider))).toEqual(new Set(['theirs']));
  });

  it('proves nothing while vSAN cannot be looked at, and tells the service of no key', async () => {
    const away = { match: { type: 'VsanVcClusterConfigSystem' }, effect: { kind: 'page', status: 503 } };
    await vcenter.admin('POST', '/faults', away);
    const { exit, stdout } = await kmip4v('migrate', '--from', 'empty', '--to', 'ours', '--proof');
    const { proof } = JSON.parse(stdout) as { proof: Proof };
    expect([exit, proof.proven, proof.references]).toEqual([1, false, []]);
    expect(proof.unexamined[0]?.why).toContain('vSAN not examined');
    const upload = await kmip4v('inventory', '--upload');
    expect([upload.exit, upload.stderr.includes('vSAN of the cluster')]).toEqual([3, true]);
    await vcenter.admin('DELETE', '/faults');
  });

  it('plans without touching anything, and warns of machines that may be powered off', async () => {
    const words = ['migrate', '--from', 'theirs', '--to', 'ours', '--plan', '--policy', 'policy-1'];
    const plan = await done<{ targets: unknown[]; hindered: unknown[]; warnings: { why: string }[] }>(...words);
    expect(plan.targets.length).toBeGreaterThan(10);
    expect(plan.hindered).toEqual([]);
    expect(plan.warnings.some(({ why }) => why.includes('KB 387897'))).toBe(true);
    expect((await seals()).byProvider['ours']).toBeUndefined();
  });

  it('ends with a proof, though it is killed again and again', async () => {
    await powerOff(vcenter, ({ changeTracking, power }) => changeTracking && power === 'poweredOn');
    const before = await seals();
    const journal = join(vcenter.folder, 'journal');
    const lines = async (): Promise<number> => (await readFile(journal, 'utf8').catch(() => '')).split('\n').length;
    const words = ['migrate', '--from', 'theirs', '--to', 'ours', '--policy', 'policy-1'];
    const options = ['--journal', journal, '--wave', String(WAVE)];
    let killed = 0;
    for (; killed < KILLS; killed++) {
      const enough = (await lines()) + LINES_BETWEEN + killed;
      const holds = async (): Promise<boolean> => (await lines()) >= enough;
      if (!(await vcenter.kmip4vKilled(service, [...words, ...options], holds))) break;
    }
    expect(killed).toBeGreaterThanOrEqual(IS_LONG ? KILLS : 3);
    const { proof, rekey } = await done<{ proof: Proof; rekey: { reports: { outcome: string }[] } }>(
      ...words,
      ...options,
    );
    expect(rekey.reports.every(({ outcome }) => outcome === 'done')).toBe(true);
    expect(proof).toMatchObject({ proven: true, references: [], unexamined: [] });
    expect(await seals()).toEqual({
      sealed: before.sealed,
      opened: before.sealed,
      byProvider: { ours: before.sealed },
    });
    const { machines } = await vcenter.admin<{ machines: readonly VmRow[] }>('GET', '/inventory');
    const encrypted = machines.filter(({ home }) => home !== undefined);
    expect(encrypted.length).toBeGreaterThan(MACHINES / 2);
    expect(encrypted.filter(({ recrypts }) => recrypts !== 1)).toEqual([]);
    expect(await done('unlock')).toEqual([]);
  });

  it('tells the service which keys are in use, once all of it was looked at', async () => {
    // Both names' certificates are of this vCenter. The demo's own client has another one.
    const params = { path: { instance_id: service.connection.instance.id } };
    const { client_certificates: all } = await answerOf(
      api.GET('/v1/instances/{instance_id}/client_certificates', { params }),
    );
    const refused = await kmip4v('inventory', '--upload');
    expect([refused.exit, refused.stdout !== '']).toEqual([3, true]);
    expect(refused.stderr).toMatch(/says nothing of these client certificates: `demo-vcenter`/);
    const told = await kmip4v('inventory', '--upload', '--without-certificate', 'demo-vcenter');
    expect([told.exit, told.stdout !== '']).toEqual([0, true]);
    const stored = await answerOf(api.GET('/v1/instances/{instance_id}/inventory', { params }));
    const keys = new Set((await inventory()).map(({ keyId }) => keyId));
    expect([all.length > 1, stored.key_count]).toEqual([true, keys.size]);
  });

  it('unlocks a machine whose key was suspended, after saying so', async () => {
    const [home] = (await inventory()).filter(({ name, kind }) => kind === 'vm_home' && name.startsWith('web'));
    const path = { instance_id: service.connection.instance.id, id: home?.keyId ?? '' };
    await answerOf(api.PATCH('/v1/instances/{instance_id}/keys/{id}', { params: { path }, body: { suspended: true } }));
    for (const host of (await vcenter.admin<{ hosts: { id: string }[] }>('GET', '/inventory')).hosts) {
      await vcenter.admin('POST', `/hosts/${host.id}/reboot`);
    }
    const found = await kmip4v('unlock', '--dry-run');
    expect([found.exit, found.stdout.includes('the key is suspended in the service')]).toEqual([1, true]);
    const [unlocked] = await done<{ outcome: string }[]>('unlock', '--yes');
    expect(unlocked?.outcome).toBe('unlocked');
    expect(await done('unlock')).toEqual([]);
  });
});
