import { KmipServer } from './kmip-server.fixture';
import { askVsanByPyVmomi, whyNoPyVmomi } from './pyvmomi.fixture';
import { PASSWORD, TestVcenter } from './test-vcenter';

const missing = whyNoPyVmomi();
const itWithPyVmomi = missing === undefined ? it : it.skip;

itWithPyVmomi('pyVmomi logs in by SOAP, and reads and changes vSAN with the cookie of that session', async () => {
  const vcenter = await TestVcenter.start();
  const kmip = await KmipServer.start();
  try {
    await vcenter.login();
    await vcenter.connect('acme', kmip);
    await vcenter.connect('other', kmip);
    await vcenter.admin('POST', '/inventory', { machines: 1 });
    await vcenter.admin('POST', '/inventory/encrypt', { provider: 'acme' });
    const found = await askVsanByPyVmomi({
      port: Number(new URL(vcenter.vcenter.url).port),
      user: 'administrator@vsphere.local',
      password: PASSWORD,
      clusters: ['domain-c11', 'domain-c10'],
      provider: 'other',
    });
    const { kekId, hostKeyId } = [...vcenter.vcenter.center.store.list('cluster')].at(-1)!.vsanEncryption!;
    expect(found.login).toBe('VSPHERE.LOCAL\\administrator');
    const unset = { provider: null, kekId: null, hostKeyId: null, dekGenerationId: null };
    expect(found.configs).toMatchObject([
      {
        type: 'VsanConfigInfoEx',
        enabled: true,
        encryption: { encryptionEnabled: true, changing: false, provider: 'acme', dekGenerationId: 1 },
      },
      { type: 'VsanConfigInfoEx', enabled: false, encryption: { encryptionEnabled: false, changing: false, ...unset } },
    ]);
    expect([kekId, hostKeyId]).toEqual([expect.any(String), expect.any(String)]);
    const { error, state } = await vcenter.ended({ value: found.task });
    expect([state, error]).toEqual(['success', undefined]);
    expect(found.faults).toEqual([
      ['ManagedObjectNotFound', expect.stringContaining('has already been deleted') as string],
      ['NotAuthenticated', 'The session is not authenticated.'],
    ]);
  } finally {
    await vcenter.close();
    await kmip.close();
  }
});
