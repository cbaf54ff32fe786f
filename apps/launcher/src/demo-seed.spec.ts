import {
  type RootKeyBindingService,
  type ClientCertificateService,
  type EndpointPolicy,
  type InstanceService,
} from '@lib/tenancy';

import { DemoSeed } from './demo-seed';
import { type DemoTenant } from './demo-tenant';

it('says whose the API key of the demo is, as the API finds out of any other', async () => {
  const tenant = { instanceId: '11111111-1111-4111-8111-111111111111', serviceId: 'some', apiKey: 'k'.repeat(44) };
  const setCredential = jest.fn();
  const seed = new DemoSeed(
    { create: jest.fn() } as Partial<InstanceService> as InstanceService,
    {
      list: () => Promise.resolve([]),
      set: jest.fn(),
      setCredential,
    } as Partial<RootKeyBindingService> as RootKeyBindingService,
    { list: () => Promise.resolve([{}]) } as unknown as ClientCertificateService,
    {} as unknown as EndpointPolicy,
  );
  const files = { clientCertificate: '', clientKey: '' };
  await seed.addDemo(tenant as DemoTenant, 'crn', 'crn', files);
  expect(setCredential).toHaveBeenCalledWith(
    tenant.instanceId,
    expect.objectContaining({ serviceIdIamId: 'iam-ServiceId-some' }),
    expect.anything(),
  );
});
