import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Inventory } from '../../apps/kmip4v/src/vcenter/inventory/inventory';
import { type ProviderProof } from '../../apps/kmip4v/src/vcenter/migrate/proof';
import { type Proof as Seals } from '../../apps/local-vcenter/src/inventory/proof';
import { PASSWORD } from '../../apps/local-vcenter/test/test-vcenter';
import { type Ran, Workshop } from './support/workshop';

const TO = ['--from', 'theirs', '--to', 'ours', '--policy', 'policy-1'];
const SYSTEM = 'VsanVcClusterConfigSystem';

/** One VM, a cluster with vSAN and one without, all with keys of `theirs`. */
describe('vSAN of a vCenter 8.0', () => {
  let workshop: Workshop;

  beforeAll(async () => {
    workshop = await Workshop.start();
    await workshop.encrypted('theirs', 1);
    await workshop.done('connect', '--provider', 'ours');
  });
  afterAll(() => workshop.close());
  afterEach(() => workshop.vcenter.admin('DELETE', '/faults'));

  const admin = <T>(method: string, path: string, body?: unknown): Promise<T> =>
    workshop.vcenter.admin<T>(method, path, body);
  const inventory = (...words: string[]): Promise<Inventory> => workshop.done<Inventory>('inventory', ...words);
  const proofOf = async (...words: string[]): Promise<{ ran: Ran; proof: ProviderProof }> => {
    const asked = ['vcenter', 'migrate', '--from', 'theirs', '--to', 'ours', '--proof', '--output', 'json'];
    const ran = await workshop.kmip4v([...asked, ...words]);
    return { ran, proof: (JSON.parse(ran.out) as { proof: ProviderProof }).proof };
  };
  const strike = (effect: object): Promise<unknown> => admin('POST', '/faults', { match: { type: SYSTEM }, effect });
  const file = async (content: object): Promise<string> => {
    const path = join(workshop.folder, 'vsan.json');
    await writeFile(path, JSON.stringify(content));
    return path;
  };

  it('is read where it is: both keys of the cluster, which are needed', async () => {
    const { examined, keys, references, unexamined } = await inventory();
    const vsan = references.filter(({ kind }) => kind === 'vsan');
    expect([examined.clusters, examined.vsanClusters, unexamined]).toEqual([2, 1, []]);
    expect(vsan).toMatchObject([
      { name: 'cluster-2', detail: 'key that encrypts the keys of disks', provider: 'theirs' },
      { name: 'cluster-2', detail: 'host key', provider: 'theirs' },
    ]);
    const known = keys.filter(({ keyId }) => vsan.some((reference) => reference.keyId === keyId));
    expect(known.map(({ available, users }) => [available, users.at(-1)])).toEqual([
      [true, 'third party: vSAN'],
      [true, 'third party: vSAN'],
    ]);
  });

  it.each([
    ['its service is away', { kind: 'page', status: 503 }, 'HTTP 503'],
    [
      'it refuses',
      { kind: 'fault', fault: 'NotSupported', message: 'The operation is not supported.' },
      'NotSupported',
    ],
    ['the connection is lost', { kind: 'reset' }, 'cannot be reached'],
  ])('is said not to be examined when %s, and nothing is proven or uploaded', async (_why, effect, word) => {
    await strike(effect);
    const { ran, proof } = await proofOf();
    expect([ran.exit, proof.proven]).toEqual([1, false]);
    expect(proof.unexamined).toMatchObject([{ what: 'vSAN of the cluster cluster-2' }]);
    expect(proof.unexamined[0]?.why).toMatch(/^vSAN not examined: .*--vsan FILE\.$/);
    expect(proof.unexamined[0]?.why).toContain(word);
    const upload = await workshop.kmip4v(['vcenter', 'inventory', '--upload']);
    expect([upload.exit, upload.err.includes('vSAN of the cluster cluster-2')]).toEqual([3, true]);
  });

  it('is told by a file only where vCenter does not tell it', async () => {
    const path = await file([{ cluster: 'cluster-2', encrypted: true, provider: 'third', kekId: 'kek-1' }]);
    const providers = ({ references }: Inventory): readonly unknown[] =>
      references.filter(({ kind }) => kind === 'vsan').map(({ provider }) => provider);
    expect(providers(await inventory('--vsan', path))).toEqual(['theirs', 'theirs']);
    await strike({ kind: 'page', status: 503 });
    const told = await inventory('--vsan', path);
    expect([providers(told), told.unexamined]).toEqual([['third'], []]);
    const other = await inventory('--vsan', await file([{ cluster: 'cluster-9', encrypted: false }]));
    expect(other.unexamined[0]?.why).toContain('vsan.json does not name it');
  });

  it.each([
    ['a cluster', 'System.Read@domain-c11', 'ClusterComputeResource domain-c11'],
    ['a VM', 'System.Read@vm-1001', 'VM vm-1001'],
    ['a datastore', 'System.Read@datastore-51', 'first-class disks of the datastore datastore-51'],
  ])('and everything else is looked at where %s may not be read', async (_what, privilege, what) => {
    await admin('PUT', '/users/reader@vsphere.local', { password: PASSWORD, without: [privilege] });
    const asked = ['vcenter', 'inventory', '--output', 'json'];
    const { exit, out } = await workshop.kmip4v(asked, { user: 'reader@vsphere.local' });
    const { unexamined } = JSON.parse(out) as Inventory;
    expect([exit, unexamined[0]?.what]).toEqual([0, what]);
    expect(unexamined[0]?.why).toContain(`Missing: System.Read on`);
  });

  it('proves nothing while its encryption is changing', async () => {
    await admin('POST', '/faults', {
      match: { object: 'domain-c11' },
      effect: { kind: 'slow_task', seconds: 3600 },
    });
    const migrating = workshop.kmip4v(['vcenter', 'migrate', ...TO, '--output', 'json']);
    const changing = async (): Promise<boolean> =>
      (await inventory()).unexamined.some(({ why }) => why.includes('changing its encryption'));
    while (!(await changing())) await new Promise((resolve) => setImmediate(resolve));
    expect((await proofOf()).proof.proven).toBe(false);
    await workshop.vcenter.advance(3601);
    await migrating;
  });

  it('has gone over to the new provider with everything else, and that is proven', async () => {
    const { proof, rekey } = await workshop.done<{
      proof: ProviderProof;
      rekey: { reports: readonly { kind: string; outcome: string }[] };
    }>('migrate', ...TO);
    expect(rekey.reports.map(({ outcome }) => outcome)).toEqual(rekey.reports.map(() => 'done'));
    expect(proof).toMatchObject({ proven: true, references: [], unexamined: [], examined: { vsanClusters: 1 } });
    const seals = await admin<Seals>('POST', '/inventory/prove');
    expect([seals.opened, seals.byProvider]).toEqual([seals.sealed, { ours: seals.sealed }]);
  });

  it('gets new keys by a re-key of its own', async () => {
    const keys = async (): Promise<readonly string[]> =>
      (await inventory()).references.filter(({ kind }) => kind === 'vsan').map(({ keyId }) => keyId);
    const before = await keys();
    type Reports = { readonly reports: readonly { readonly kind: string; readonly keyId?: string }[] };
    const { reports } = await workshop.done<Reports>('rekey', '--provider', 'ours', '--only', 'cluster-2');
    const after = await keys();
    expect([after.length, after.filter((key) => before.includes(key))]).toEqual([2, []]);
    expect(reports).toEqual([expect.objectContaining({ kind: 'vsan' })]);
    expect(after).toContain(reports[0]?.keyId);
  });
});
