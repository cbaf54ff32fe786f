import { reference, ViSession } from '@lib/vi-json';

import { type RegisteredCertificate } from '../kmip-service';
import { FakeService } from './fake-service.fixture';
import { lostProvider, rebuildRemarks } from './rebuilt';

const certificate = (name: string): RegisteredCertificate => ({
  id: name,
  name,
  sha256: '',
  pem: '',
  expiresAt: '',
  serverTrust: [],
});

describe('a vCenter that was rebuilt', () => {
  it('is told which name it had, and what becomes of the certificate before', () => {
    const before = [certificate('acme-kp-0a1b2c'), certificate('tool')];
    expect(rebuildRemarks('acme-kp', true, before)[0]).toMatch(/acme-kp-0a1b2c.*certificate remove/);
    expect(rebuildRemarks('another', true, before)[0]).toMatch(/other names before: acme-kp\..*--provider/);
    expect(rebuildRemarks('acme-kp', false, before)).toEqual([]);
    expect(rebuildRemarks('acme-kp', true, [certificate('tool')])).toEqual([]);
  });

  const opened = async (): Promise<ViSession> => {
    const key = (keyId: string, id: string) => ({ name: 'config.keyId', val: { keyId, providerId: { id } } });
    const machines = [key('k-1', 'acme-kp'), key('k-2', 'known'), key('k-3', 'strange')].map((property, index) => ({
      obj: reference('VirtualMachine', `vm-${index}`),
      propSet: [property],
    }));
    const answers: Record<string, unknown> = {
      'system?action=hello': { api_release: '8.0.3.0' },
      content: {
        rootFolder: reference('Folder', 'f'),
        propertyCollector: reference('PropertyCollector', 'p'),
        viewManager: reference('ViewManager', 'v'),
        sessionManager: reference('SessionManager', 's'),
        cryptoManager: reference('CryptoManagerKmip', 'c'),
        about: { apiType: 'VirtualCenter', fullName: 'VMware vCenter Server 8.0.3', version: '8.0.3', build: '1' },
      },
      Login: { key: 'k' },
      CreateContainerView: reference('ContainerView', 'view'),
      RetrievePropertiesEx: { objects: machines },
    };
    const transport = {
      exchange: ({ path }: { readonly path: string }) =>
        Promise.resolve({
          status: 200,
          headers: { 'content-type': 'application/json', 'vmware-api-session-id': 't' },
          body: JSON.stringify(answers[path.split('/').at(-1) ?? ''] ?? null),
        }),
      close: () => Promise.resolve(),
    };
    return await ViSession.open({ transport, credentials: { userName: 'a', password: 'b' } });
  };

  it('is recognised by a key of ours whose provider it has no more', async () => {
    const service = new FakeService([], () => ({ pem: '', privateKeyPem: '' }));
    const known = [{ clusterId: { id: 'known' }, useAsDefault: false }];
    expect(await lostProvider(await opened(), service, known)).toBeUndefined();
    service.makeKey('k-2');
    expect(await lostProvider(await opened(), service, known)).toBeUndefined();
    service.makeKey('k-1');
    expect(await lostProvider(await opened(), service, known)).toBe('acme-kp');
  });
});
