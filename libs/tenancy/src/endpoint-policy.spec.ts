import { hpcs, keyProtect } from '@lib/key-protect';

import { EndpointPolicy } from './endpoint-policy';

const guid = '3f0d2a9e-0a35-4e0f-9d5c-1f2e3d4c5b6a';
const crnOf = (service: string, region: string, instance = guid) =>
  `crn:v1:bluemix:public:${service}:${region}:a/acc:${instance}::`;

const dedicated = (region: string) => `https://${guid}.api.${region}.kms.appdomain.cloud`;

describe('EndpointPolicy', () => {
  const policy = new EndpointPolicy({ keyProtect, hpcs });

  it.each([
    ['kms', 'public', 'https://eu-de.kms.cloud.ibm.com'],
    ['kms', 'private', 'https://private.eu-de.kms.cloud.ibm.com'],
    ['hs-crypto', 'public', `https://${guid}.api.eu-de.hs-crypto.appdomain.cloud`],
    ['hs-crypto', 'private', `https://${guid}.api.private.eu-de.hs-crypto.appdomain.cloud`],
  ] as const)('builds the %s %s address', (service, visibility, url) => {
    expect(policy.build(crnOf(service, 'eu-de'), visibility)).toBe(url);
  });

  const regions = ['us-south', 'eu-de', 'eu-es'];
  const kinds = [
    ['kms', 'public', (region: string) => [`https://${region}.kms.cloud.ibm.com`, dedicated(region)]],
    [
      'kms',
      'private',
      (region: string) => [`https://private.${region}.kms.cloud.ibm.com`, dedicated(`private.${region}`)],
    ],
    ['hs-crypto', 'public', (region: string) => [`https://${guid}.api.${region}.hs-crypto.appdomain.cloud`]],
    ['hs-crypto', 'private', (region: string) => [`https://${guid}.api.private.${region}.hs-crypto.appdomain.cloud`]],
  ] as const;
  it.each(kinds.flatMap((kind) => regions.map((region) => [...kind, region] as const)))(
    'knows every host that a %s instance can have on the %s network',
    (service, visibility, hosts, region) => {
      expect(policy.addresses(crnOf(service, region), visibility)).toEqual(hosts(region));
      for (const host of hosts(region)) expect(policy.accept(crnOf(service, region), host)).toBe(host);
    },
  );

  it('builds nothing where only a port that nobody knows is missing', () => {
    const endpoints = { regions, templates: { public: ['https://api.{region}.hs-crypto.cloud.ibm.com:{port}'] } };
    const onlyPorts = new EndpointPolicy({ hpcs: { ...hpcs, endpoints } });
    expect(() => onlyPorts.addresses(crnOf('hs-crypto', 'eu-de'), 'public')).toThrow(
      expect.objectContaining({ code: 'endpoint_not_allowed' }) as Error,
    );
  });

  it.each([
    ['hs-crypto', 'https://api.eu-de.hs-crypto.cloud.ibm.com:9730'],
    ['hs-crypto', 'https://api.private.eu-de.hs-crypto.cloud.ibm.com:19999'],
    ['kms', `https://${guid}.api.eu-de.kms.appdomain.cloud`],
    ['kms', 'https://eu-de.kms.cloud.ibm.com'],
  ])('accepts an address that a %s instance can have: %s', (service, url) => {
    expect(policy.accept(crnOf(service, 'eu-de'), url)).toBe(url);
    expect(policy.accept(crnOf(service, 'eu-de'), `${url}/api/v2`)).toBe(url);
  });

  it.each([
    'http://eu-de.kms.cloud.ibm.com',
    'https://us-south.kms.cloud.ibm.com',
    'https://eu-de.kms.cloud.ibm.com:8443',
    'https://eu-de.kms.cloud.ibm.com@127.0.0.1',
    'https://user@eu-de.kms.cloud.ibm.com',
    'https://eu-de.kms.cloud.ibm.com.evil.example',
    'https://eu-de.kms.cloud.ibm.com/../admin',
    'https://eu-de.kms.cloud.ibm.com?x=',
    'https://eu-de.kms.cloud.ibm.com#',
    'https://eu-de.kms.cloud.ibm.com\r\nHost: x',
    'https://eu-de.kms.cloud.ibm.com%2f.evil.example',
    'https://EU-DE.kms.cloud.ibm.com',
    'https://eu-de%2ekms.cloud.ibm.com',
    '//eu-de.kms.cloud.ibm.com',
    'https:\\\\eu-de.kms.cloud.ibm.com',
    'https://127.0.0.1',
    'https://2130706433',
    'https://0x7f.1',
    'https://[::1]',
    'https://[::ffff:127.0.0.1]',
    'https://169.254.169.254/latest/meta-data',
    'https://localhost',
    'https://0a0a0a0a-0a35-4e0f-9d5c-1f2e3d4c5b6a.api.eu-de.kms.appdomain.cloud',
    'https://api.eu-de.hs-crypto.cloud.ibm.com:9730',
    'file:///etc/passwd',
    'gopher://eu-de.kms.cloud.ibm.com',
    '',
  ])('refuses %j for a Key Protect instance', (url) => {
    expect(() => policy.accept(crnOf('kms', 'eu-de'), url)).toThrow(
      expect.objectContaining({ code: 'endpoint_not_allowed' }) as Error,
    );
  });

  it.each(['80', '443', '7999', '20000', '65536', '009730'])('refuses port %s for an HPCS instance', (port) => {
    const url = `https://api.eu-de.hs-crypto.cloud.ibm.com:${port}`;
    expect(() => policy.accept(crnOf('hs-crypto', 'eu-de'), url)).toThrow();
  });

  it.each([
    ['a region that is not in the list', 'kms', 'evil.example', guid],
    ['a region that is a path', 'kms', 'eu-de/..', guid],
    ['an instance that is not a GUID', 'hs-crypto', 'eu-de', 'evil.example/x'],
  ])('builds nothing from %s', (_, service, region, instance) => {
    expect(() => policy.build(crnOf(service, region, instance), 'public')).toThrow(
      expect.objectContaining({ code: 'endpoint_not_allowed' }) as Error,
    );
  });

  it.each(['kmip', 'constructor', '__proto__'])('knows no key manager called %s', (service) => {
    expect(() => policy.kindOf(crnOf(service, 'eu-de'))).toThrow(
      expect.objectContaining({ code: 'invalid_crn' }) as Error,
    );
  });
});
