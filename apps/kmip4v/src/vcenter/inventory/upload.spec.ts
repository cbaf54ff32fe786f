import { createHash } from 'node:crypto';

import { FakeService } from '../connect/fake-service.fixture';
import { type Inventory } from './inventory';
import { uploadInventories } from './upload';

const digest = (of: string): string => createHash('sha256').update(of).digest('hex');
const inventory = (change: Partial<Inventory> = {}): Inventory => ({
  takenAt: '2026-11-30T04:50:00.000Z',
  vcenter: { name: 'vc', instanceUuid: 'u', build: '1' },
  examined: { machines: 1, snapshots: 0, hosts: 1, clusters: 0, vsanClusters: 0, firstClassDisks: 0 },
  references: [{ kind: 'vm_home', object: { type: 'VirtualMachine', value: 'vm-1' }, name: 'db01', keyId: 'ab-1' }],
  keys: [],
  machines: [],
  hosts: [],
  datastores: {},
  unexamined: [],
  clientCertificates: { acme: digest('vc') },
  ...change,
});

describe('an inventory', () => {
  const upload = async (inventories: readonly Inventory[], aheadMs = 0) => {
    const service = new FakeService([], () => ({ pem: '', privateKeyPem: '' }));
    service.aheadMs = aheadMs;
    await uploadInventories(inventories, { service, withoutCertificates: [digest('tool')] });
    return service.inventories[0];
  };

  it('is uploaded with the instant at which the first of them was begun', async () => {
    const other = inventory({ takenAt: '2026-11-30T04:40:00.000Z', clientCertificates: { acme: digest('vc2') } });
    expect(await upload([inventory(), other])).toMatchObject({
      // Five minutes earlier, since clocks differ.
      takenAt: new Date('2026-11-30T04:35:00.000Z'),
      keyIds: ['ab-1'],
    });
  });

  it('says which client certificates it covers, those too that a renewal replaced or is about to bring', async () => {
    const changing = [digest('vc'), digest('vc-before')];
    const other = inventory({ clientCertificates: { acme: digest('vc2'), theirs: 'sha-of-nothing' } });
    expect(await upload([inventory({ changingCertificates: changing }), other])).toMatchObject({
      coveredCertificates: [digest('vc'), digest('vc-before'), digest('vc2')],
      certificatesWithoutKeys: [digest('tool')],
    });
  });

  it.each([-360_000, 360_000])('is kept back where clocks are %d ms apart', async (aheadMs) => {
    await expect(upload([inventory()], aheadMs)).rejects.toThrow(/360 s (ahead of|behind)/);
  });

  it('is kept back while something could not be looked at', async () => {
    const gap = inventory({ unexamined: [{ what: 'vSAN of c1', why: 'vSAN not examined' }] });
    await expect(upload([gap])).rejects.toThrow(/vSAN of c1/);
  });

  it('leaves out what can be no key of this service', async () => {
    const [reference] = inventory().references;
    const strange = { ...reference!, keyId: 'vmware_kmip/7' };
    expect(await upload([inventory({ references: [reference!, strange] })])).toMatchObject({ keyIds: ['ab-1'] });
  });
});
