import { reference } from '@lib/vi-json';

import { type EncryptedMachine, type Inventory, type KeyReference } from '../inventory/inventory';
import { proofFor, proofSentence } from '../migrate/proof';
import { chooseTargets, type Selection } from './targets';

const MACHINE: EncryptedMachine = {
  object: reference('VirtualMachine', 'vm-1'),
  name: 'db01',
  template: false,
  poweredOn: true,
  locked: false,
  changeTracking: false,
  snapshots: 'none',
  linkedClone: false,
  vtpm: false,
  hasIde: false,
  capacityBytes: 0,
  host: 'host-1',
};
const HOST = { object: reference('HostSystem', 'host-1'), name: 'esx01', version: '8.0.3', build: 24_022_510 };
const HOME: KeyReference = { kind: 'vm_home', object: MACHINE.object, name: 'db01', keyId: 'k1', provider: 'old' };
const HOST_KEY: KeyReference = { kind: 'host', object: HOST.object, name: 'esx01', keyId: 'k2', provider: 'old' };

const inventory = (change: Partial<Inventory> = {}): Inventory => ({
  takenAt: '2026-11-30T05:00:00.000Z',
  vcenter: { name: 'vc', instanceUuid: 'u', build: '1' },
  examined: { machines: 1, snapshots: 0, hosts: 1, clusters: 0, vsanClusters: 0, firstClassDisks: 0 },
  references: [HOME, HOST_KEY],
  keys: [],
  machines: [MACHINE],
  hosts: [HOST],
  datastores: {},
  unexamined: [],
  clientCertificates: {},
  ...change,
});
const SHALLOW: Selection = { mode: 'shallow', only: [], except: [] };

describe('what is re-keyed', () => {
  it('is hosts first, then machines, each once', () => {
    const disk: KeyReference = { ...HOME, kind: 'vm_disk', keyId: 'k3' };
    const { targets } = chooseTargets(inventory({ references: [HOME, disk, HOST_KEY] }), SHALLOW);
    expect(targets.map(({ kind, name }) => [kind, name])).toEqual([
      ['host', 'esx01'],
      ['machine', 'db01'],
    ]);
  });

  it('is what has a key of the provider that is left, be it of one disk alone', () => {
    const disk: KeyReference = { ...HOME, kind: 'vm_disk', provider: 'other' };
    const found = chooseTargets(inventory({ references: [HOME, disk, HOST_KEY] }), { ...SHALLOW, from: 'other' });
    expect(found.targets.map(({ name }) => name)).toEqual(['db01']);
  });

  it('is what was named', () => {
    expect(chooseTargets(inventory(), { ...SHALLOW, only: ['vm-1'] }).targets.map(({ name }) => name)).toEqual([
      'db01',
    ]);
  });

  it.each<[string, Partial<EncryptedMachine>, Partial<Selection>, RegExp]>([
    ['locked', { locked: true }, {}, /unlock/],
    ['with snapshots that branch', { snapshots: 'tree' }, {}, /branch/],
    ['that is a linked clone', { linkedClone: true }, {}, /linked clone/],
    ['running with an IDE disk', { hasIde: true }, {}, /IDE/],
    ['running, by a deep re-key', {}, { mode: 'deep', profile: 'p' }, /powered off/],
    [
      'with snapshots, by a deep re-key',
      { poweredOn: false, snapshots: 'chain' },
      { mode: 'deep', profile: 'p' },
      /snap/,
    ],
    ['by a deep re-key without a policy', { poweredOn: false }, { mode: 'deep' }, /--policy/],
  ])('leaves out a machine %s', (_name, machine, selection, why) => {
    const changed = inventory({ machines: [{ ...MACHINE, ...machine }] });
    const { targets, hindered } = chooseTargets(changed, { ...SHALLOW, ...selection, only: ['db01'] });
    expect(targets).toEqual([]);
    expect(hindered[0]?.why).toMatch(why);
  });

  it.each<[string, number, boolean, number]>([
    ['before 8.0 Update 3e', 24_022_510, true, 1],
    ['of 8.0 Update 3e', 24_674_464, true, 0],
    ['before it, without changed-block tracking', 24_022_510, false, 0],
  ])('warns of the power-off fault on a host %s', (_name, build, changeTracking, count) => {
    const changed = inventory({ machines: [{ ...MACHINE, changeTracking }], hosts: [{ ...HOST, build }] });
    const { targets, warnings } = chooseTargets(changed, SHALLOW);
    expect(warnings).toHaveLength(count);
    expect(targets).toHaveLength(2);
  });
});

describe('the proof that a provider is needed no more', () => {
  it('stands on zero references and nothing left out', () => {
    const proof = proofFor(inventory({ references: [{ ...HOME, provider: 'ours' }] }), 'old');
    expect(proof).toMatchObject({ proven: true, references: [], unexamined: [] });
    expect(proofSentence(proof)).toContain('zero references');
  });

  it.each<[string, Partial<Inventory>]>([
    ['one snapshot', { references: [{ ...HOME, kind: 'snapshot_disk' }] }],
    ['vSAN that could not be read', { references: [], unexamined: [{ what: 'vSAN of c1', why: 'vSAN not examined' }] }],
    ['a key without a provider', { references: [{ kind: 'host', object: HOST.object, name: 'esx01', keyId: 'k' }] }],
  ])('is not given with %s', (_name, change) => {
    const proof = proofFor(inventory(change), 'old');
    expect(proof.proven).toBe(false);
    expect(proofSentence(proof)).toContain('Do not remove old');
  });
});
