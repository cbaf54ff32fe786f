import { registeredActions } from '@lib/tenancy';

import { DEMO_ROLES, iamIdOf, STRANGER } from './demo-users';
import { type DemoTenant, type Provider } from './demo-tenant';

/** What the stand-in cloud told of the tenant's own things. */
export interface SeededCloud {
  readonly keyProtectCrn: string;
  readonly keyProtectUrl: string;
}

export const SERVICE_NAME = 'kmip-for-vmware';
/** For which people sign in. */
export const CONSOLE_CLIENT_ID = 'kmip-for-vmware-console';
export const CATALOG_SERVICE_ID = '5d1c7f0e-3b0e-4e63-9f43-2a7a3d4f9c10';

/**
 * Orders, in the stand-in cloud, what a tenant of the real one has ordered: an account, a Key Protect instance with a
 * CRK, a service ID that may write there, and a user for each role. Repeating it changes nothing.
 */
export async function seedLocalCloud(
  adminUrl: string,
  tenant: DemoTenant,
  region: string,
  consoleUrl: string,
): Promise<SeededCloud> {
  const post: Post = async (path, body) => {
    const response = await fetch(`${adminUrl}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`the local cloud answered ${response.status} to ${path}`);
    return await response.json();
  };
  const { instance } = (await post('/seed', {
    account: { id: tenant.accountId, name: 'Demo account' },
    instance: { id: tenant.keyProtectInstanceId, region, name: 'demo-key-protect' },
    rootKey: { id: tenant.rootKeyId, name: 'demo-root-key' },
    serviceId: { id: tenant.serviceId, name: 'kmip-for-vmware' },
    apiKey: { apikey: tenant.apiKey, name: 'kmip-for-vmware' },
    // Writer is enough to serve vCenter; Manager adds KMIP Destroy and the clean-up after a rotation.
    roles: ['Viewer', 'Manager'],
  })) as { instance: { crn: string; endpoints: { public: string } } };
  await seedProvider(post, tenant.provider);
  // The KMIP instance itself, so that policies can name it and the resource controller knows it.
  await post('/instances', {
    id: tenant.instanceId,
    accountId: tenant.accountId,
    serviceName: SERVICE_NAME,
    region,
    name: 'demo-kmip',
  });
  for (const role of DEMO_ROLES) {
    const iamId = iamIdOf(role);
    await post('/users', { iamId, accountId: tenant.accountId, name: `Demo ${role}` });
    await post('/policies', {
      iamId,
      roles: [role],
      resource: { serviceName: SERVICE_NAME, serviceInstance: tenant.instanceId },
    });
  }
  // The demo's security officer also manages the CRK and the stored keys.
  await post('/policies', {
    iamId: iamIdOf('Manager'),
    roles: ['Viewer', 'Manager'],
    resource: { serviceName: 'kms', serviceInstance: tenant.keyProtectInstanceId },
  });
  await post('/accounts', { id: tenant.strangerAccountId, name: 'Another account' });
  await post('/users', { iamId: STRANGER, accountId: tenant.strangerAccountId, name: 'Demo Stranger' });
  await post('/clients', {
    id: CONSOLE_CLIENT_ID,
    secret: tenant.provider.consoleSecret,
    redirectUris: [`${consoleUrl}/callback`],
  });
  return { keyProtectCrn: instance.crn, keyProtectUrl: instance.endpoints.public };
}

type Post = (path: string, body: unknown) => Promise<unknown>;

/** Our own side: the service with its actions and roles as registered in IAM, and the identity with which it asks. */
async function seedProvider(post: Post, provider: Provider): Promise<void> {
  await post('/accounts', { id: provider.accountId, name: 'Service provider' });
  await post('/services', { name: SERVICE_NAME, actions: registeredActions(SERVICE_NAME) });
  // Metering knows a service by its id in the global catalog.
  await post('/services', { name: CATALOG_SERVICE_ID, actions: [] });
  const iamId = `iam-ServiceId-${provider.serviceId}`;
  await post('/service-ids', { id: provider.serviceId, accountId: provider.accountId, name: SERVICE_NAME });
  await post('/api-keys', { iamId, apikey: provider.apiKey, name: SERVICE_NAME });
}
