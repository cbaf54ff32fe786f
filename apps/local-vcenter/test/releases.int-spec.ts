import { type RetrieveResult } from '@lib/vi-json';

import { JSON_RELEASES } from '../src/http/releases';
import { TestVcenter } from './test-vcenter';

const CLUSTER = 'ClusterComputeResource/domain-c10';

/** Which members there are in each release of the path, of those that came after the first one. */
const SINCE = {
  'CryptoManagerHostKeyStatus.accessGranted': '8.0.3.0',
  'ClusterConfigInfoExCryptoConfig.policy': '8.0.3.0',
};

describe('what an older release in the path does not have', () => {
  let vcenter: TestVcenter;

  beforeAll(async () => {
    vcenter = await TestVcenter.start();
    await vcenter.admin('POST', '/inventory', { machines: 4, seed: 1 });
    await vcenter.login();
    await vcenter.call(`${CLUSTER}/SetCryptoMode`, { cryptoMode: 'onDemand', policy: { providerId: { id: 'kp' } } });
  });
  afterAll(() => vcenter.close());

  const has = (member: keyof typeof SINCE, release: string): boolean => release >= SINCE[member];
  const retrieve = (release: string) =>
    vcenter.post(
      'PropertyCollector/propertyCollector/RetrievePropertiesEx',
      {
        specSet: [
          {
            propSet: [{ type: 'ClusterComputeResource', pathSet: ['configurationEx'] }],
            objectSet: [{ obj: { type: 'ClusterComputeResource', value: 'domain-c10' } }],
          },
        ],
        options: {},
      },
      release,
    );

  describe.each(JSON_RELEASES)('%s', (release) => {
    const policy = has('ClusterConfigInfoExCryptoConfig.policy', release);

    it('is not shown by a property', async () => {
      const { body } = await vcenter.get(`${CLUSTER}/configurationEx`, release);
      const { cryptoConfig } = body as { cryptoConfig: object };
      expect(cryptoConfig).toMatchObject({ cryptoMode: 'onDemand' });
      expect(Object.keys(cryptoConfig).includes('policy')).toBe(policy);
    });

    it('nor in a box of the property collector', async () => {
      const { body } = await retrieve(release);
      const [cluster] = (body as RetrieveResult).objects;
      expect(JSON.stringify(cluster?.propSet).includes('"policy"')).toBe(policy);
    });

    it('nor can it be said', async () => {
      const body = { cryptoMode: 'onDemand', policy: { providerId: { id: 'kp' } } };
      const expected = policy ? { status: 204 } : { status: 500, body: { _typeName: 'InvalidRequest' } };
      expect(await vcenter.post(`${CLUSTER}/SetCryptoMode`, body, release)).toMatchObject(expected);
    });

    it('nor does an array have it', async () => {
      const { hosts } = await vcenter.admin<{ hosts: readonly { readonly id: string }[] }>('GET', '/inventory');
      const path = `CryptoManagerHostKMS/crypto-${hosts[0]?.id ?? ''}/GetCryptoKeyStatus`;
      const { body } = await vcenter.post(path, { keys: [{ keyId: 'k' }] }, release);
      const [status] = body as readonly object[];
      expect(status).toMatchObject({ present: false });
      expect(Object.keys(status ?? {}).includes('accessGranted')).toBe(
        has('CryptoManagerHostKeyStatus.accessGranted', release),
      );
    });
  });
});
