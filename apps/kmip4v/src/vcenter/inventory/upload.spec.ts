import { FakeService } from '../connect/fake-service.fixture';
import { type RegisteredCertificate } from '../kmip-service';
import { type Inventory } from './inventory';
import { uploadInventories } from './upload';

const NOW = new Date('2026-11-30T05:00:00Z');
const certificate = (name: string, seenAt?: string): RegisteredCertificate => ({
  id: name,
  name,
  sha256: `sha-${name}`,
  pem: '',
  expiresAt: '',
  serverTrust: [],
  ...(seenAt === undefined ? {} : { lastSeen: { at: seenAt, endpoint: 'kmip-1' } }),
});
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
  clientCertificates: { acme: 'sha-vc' },
  ...change,
});

describe('an inventory', () => {
  const upload = async (
    inventories: readonly Inventory[],
    registered: readonly RegisteredCertificate[],
    aheadMs = 0,
  ) => {
    const service = new FakeService([], () => ({ pem: '', privateKeyPem: '' }));
    service.registered.push(...registered);
    service.aheadMs = aheadMs;
    await uploadInventories(inventories, { service, now: NOW, withoutCertificates: ['tool'] });
    return service.inventories[0];
  };

  it('is uploaded with the instant at which the first of them was begun', async () => {
    const other = inventory({ takenAt: '2026-11-30T04:40:00.000Z', clientCertificates: { acme: 'sha-vc2' } });
    const seen = [certificate('vc', '2026-11-30T04:00:00Z'), certificate('vc2', '2026-11-30T04:00:00Z')];
    expect(await upload([inventory(), other], seen)).toMatchObject({
      // Five minutes earlier, since clocks differ.
      takenAt: new Date('2026-11-30T04:35:00.000Z'),
      keyIds: ['ab-1'],
    });
  });

  it.each([-360_000, 360_000])('is kept back where clocks are %d ms apart', async (aheadMs) => {
    await expect(upload([inventory()], [], aheadMs)).rejects.toThrow(/360 s (ahead of|behind)/);
  });

  it('is kept back while something could not be looked at', async () => {
    const gap = inventory({ unexamined: [{ what: 'vSAN of c1', why: 'vSAN not examined' }] });
    await expect(upload([gap], [])).rejects.toThrow(/vSAN of c1/);
  });

  it('is kept back while another client of the instance is not covered', async () => {
    const seen = [certificate('vc', '2026-11-30T04:00:00Z'), certificate('vc2', '2026-11-29T04:00:00Z')];
    await expect(upload([inventory()], seen)).rejects.toThrow(/vc2.*--with FILE/);
  });

  it('covers certificates that a renewal of the same vCenter replaced, or is about to bring', async () => {
    const seen = [certificate('vc', '2026-11-30T04:00:00Z'), certificate('vc-before', '2026-11-30T03:00:00Z')];
    expect(await upload([inventory({ changingCertificates: ['sha-vc', 'sha-vc-before'] })], seen)).toBeDefined();
    // As in a file of before these were said.
    await expect(upload([inventory()], seen)).rejects.toThrow(/vc-before.*--with FILE/);
  });

  it('needs nothing of clients that were not here for a week, or are known to need no key', async () => {
    const others = [
      certificate('old', '2026-11-20T04:00:00Z'),
      certificate('never'),
      certificate('tool', '2026-11-30T04:00:00Z'),
    ];
    expect(await upload([inventory()], others)).toBeDefined();
  });

  it('leaves out what can be no key of this service', async () => {
    const [reference] = inventory().references;
    const strange = { ...reference!, keyId: 'vmware_kmip/7' };
    expect(await upload([inventory({ references: [reference!, strange] })], [])).toMatchObject({ keyIds: ['ab-1'] });
  });
});
