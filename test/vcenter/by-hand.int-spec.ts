import { type ProviderProof } from '../../apps/kmip4v/src/vcenter/migrate/proof';
import { type Proof as Seals } from '../../apps/local-vcenter/src/inventory/proof';
import { type VmRow } from '../../apps/local-vcenter/src/rows';
import { Workshop } from './support/workshop';

interface Migrated {
  readonly proof: ProviderProof;
  readonly rekey: { readonly hindered: readonly { readonly name: string; readonly why: string }[] };
}

const MIGRATE = ['vcenter', 'migrate', '--from', 'theirs', '--to', 'ours', '--policy', 'policy-1', '--output', 'json'];

/** One machine of every kind that there is: three of them vSphere does not re-key as they are. */
describe('machines that need a hand first', () => {
  let workshop: Workshop;

  beforeAll(async () => {
    workshop = await Workshop.start();
    await workshop.vcenter.admin('POST', '/inventory', { machines: 13, mix: 'each' });
    await workshop.done('connect', '--provider', 'theirs');
    await workshop.vcenter.admin('POST', '/inventory/encrypt', { provider: 'theirs' });
    await workshop.done('connect', '--provider', 'ours');
    await workshop.vcenter.login();
  });
  afterAll(() => workshop.close());

  const machines = async (): Promise<readonly VmRow[]> =>
    (await workshop.vcenter.admin<{ machines: readonly VmRow[] }>('GET', '/inventory')).machines;
  const byHand = async (profile: string, method: string, body?: object): Promise<void> => {
    const vm = (await machines()).find(({ name }) => name.startsWith(`${profile}-0`));
    const task = await workshop.vcenter.call(`VirtualMachine/${vm?.id}/${method}`, body);
    expect((await workshop.vcenter.ended(task)).error).toBeUndefined();
  };
  const migrate = async (): Promise<Migrated & { exit: number }> => {
    const { exit, out } = await workshop.kmip4v([...MIGRATE, '--accept-power-off']);
    return { exit, ...(JSON.parse(out) as Migrated) };
  };

  it('are named with what to do, and keep the proof from being given', async () => {
    const { exit, proof, rekey } = await migrate();
    expect([exit, proof.proven]).toEqual([1, false]);
    expect(rekey.hindered.map(({ name, why }) => [name.replace(/-\d+$/, ''), why])).toEqual([
      ['lab', expect.stringContaining("Get-VM 'lab-0011' | Get-Snapshot | Remove-Snapshot") as string],
      ['clone', expect.stringContaining("(Get-VM 'clone-0012').ExtensionData.PromoteDisks($true, $null)") as string],
      ['legacy-running', expect.stringContaining('Shut it down, repeat this command') as string],
    ]);
    const needing = new Set(proof.references.map(({ name }) => name.replace(/-\d+.*$/, '')));
    // The one with changed-block tracking was powered off, as was agreed to.
    expect([...needing].toSorted()).toEqual(['backup', 'clone', 'lab', 'legacy-running']);
  });

  it('are moved by the same command after that, which then gives the proof; none was re-keyed twice', async () => {
    await byHand('lab', 'RemoveAllSnapshots_Task', {});
    await byHand('clone', 'PromoteDisks_Task', { unlink: true });
    await byHand('legacy-running', 'PowerOffVM_Task');
    const { exit, proof, rekey } = await migrate();
    expect([rekey.hindered, proof.unexamined, proof.references]).toEqual([[], [], []]);
    expect([exit, proof.proven]).toEqual([0, true]);
    const encrypted = (await machines()).filter(({ home }) => home !== undefined);
    expect(encrypted.map(({ name, recrypts }) => [name, recrypts])).toEqual(encrypted.map(({ name }) => [name, 1]));
    const seals = await workshop.vcenter.admin<Seals>('POST', '/inventory/prove');
    expect([seals.opened, seals.byProvider]).toEqual([seals.sealed, { ours: seals.sealed }]);
  });
});
