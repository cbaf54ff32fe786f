import { EndpointAllowList, type EndpointChoice, type EndpointTemplate } from './endpoints';

const GUID = '0d8e1b3a-6d7e-4e51-9c38-6f1f2ad20b55';
const OTHER = '11111111-2222-4333-8444-555555555555';
const choice = (changes: Partial<EndpointChoice> = {}): EndpointChoice => ({
  kind: 'key_protect',
  network: 'public',
  region: 'us-south',
  instanceGuid: GUID,
  ...changes,
});
const withCode = (code: string): Error => expect.objectContaining({ code }) as Error;
const list = new EndpointAllowList();

describe('EndpointAllowList.build', () => {
  it.each<[Partial<EndpointChoice>, string]>([
    [{}, 'https://us-south.kms.cloud.ibm.com'],
    [{ network: 'private', region: 'eu-de' }, 'https://private.eu-de.kms.cloud.ibm.com'],
    [{ kind: 'hpcs' }, `https://${GUID}.api.us-south.hs-crypto.appdomain.cloud`],
    [{ kind: 'hpcs', network: 'private' }, `https://${GUID}.api.private.us-south.hs-crypto.appdomain.cloud`],
  ])('%j', (changes, expected) => {
    expect(list.build(choice(changes))).toBe(expected);
  });

  it.each<[string, Partial<EndpointChoice>, string]>([
    ['an unlisted region', { region: 'moon-1' }, 'key_manager_region_unknown'],
    ['a region with a host in it', { region: 'us-south.evil.example' }, 'key_manager_region_unknown'],
    ['a region with userinfo', { region: 'x@evil.example/' }, 'key_manager_region_unknown'],
    ['a region in capitals', { region: 'US-SOUTH' }, 'key_manager_region_unknown'],
    ['an empty region', { region: '' }, 'key_manager_region_unknown'],
    [
      'an instance with a host in it',
      { kind: 'hpcs', instanceGuid: 'evil.example#' },
      'key_manager_instance_malformed',
    ],
    ['an instance with a line break', { kind: 'hpcs', instanceGuid: `${GUID}\r\n` }, 'key_manager_instance_malformed'],
  ])('refuses %s', (_what, changes, code) => {
    expect(() => list.build(choice(changes))).toThrow(withCode(code));
  });
});

describe('EndpointAllowList.accept', () => {
  it.each<[Partial<EndpointChoice>, string]>([
    [{}, 'https://us-south.kms.cloud.ibm.com'],
    [{}, 'https://us-south.kms.cloud.ibm.com/'],
    [{}, `https://${GUID}.api.us-south.kms.appdomain.cloud`],
    [{ kind: 'hpcs' }, `https://${GUID}.api.us-south.hs-crypto.appdomain.cloud`],
    [{ kind: 'hpcs' }, 'https://api.us-south.hs-crypto.cloud.ibm.com:8000'],
    [{ kind: 'hpcs', network: 'private' }, 'https://api.private.us-south.hs-crypto.cloud.ibm.com:19999'],
  ])('%j accepts %s', (changes, address) => {
    expect(list.accept(choice(changes), address)).toBe(address.replace(/\/$/, ''));
  });

  const tricks: readonly string[] = [
    'http://us-south.kms.cloud.ibm.com',
    'https://user@us-south.kms.cloud.ibm.com',
    'https://us-south.kms.cloud.ibm.com@evil.example',
    'https://us-south.kms.cloud.ibm.com:secret@evil.example',
    'https://us-south.kms.cloud.ibm.com.evil.example',
    'https://evil.example/us-south.kms.cloud.ibm.com',
    'https://evil.example#us-south.kms.cloud.ibm.com',
    'https://evil.example?us-south.kms.cloud.ibm.com',
    'https://evil.example\\.kms.cloud.ibm.com',
    'https://us-south.kms.cloud.ibm.com:8443',
    'https://us-south.kms.cloud.ibm.com:443',
    'https://us-south.kms.cloud.ibm.com:0',
    'https://us-south.kms.cloud.ibm.com/../',
    'https://us-south.kms.cloud.ibm.com/%2e%2e/',
    'https://us-south.kms.cloud.ibm.com//',
    'https://us-south.kms.cloud.ibm.com?x=1',
    'https://us-south.kms.cloud.ibm.com#x',
    'https://us-south.kms.cloud.ibm.com.',
    'https://US-SOUTH.kms.cloud.ibm.com',
    'HTTPS://us-south.kms.cloud.ibm.com',
    ' https://us-south.kms.cloud.ibm.com',
    'https://us-south.kms.cloud.ibm.com ',
    'https://us-south.kms.cloud.ibm.com\r\nhost: evil.example',
    'https://us-south.kms.cloud.ibm.com\n',
    'https://us-south.kms.cloud.ibm.com\t',
    'https://us-south.kms.cloud.ibm.com\u0000',
    'https://us-south.kms.cloud.ibm\u3002com',
    'https://us-south\uFF0Ekms.cloud.ibm.com',
    'https://us\u2010south.kms.cloud.ibm.com',
    'https:us-south.kms.cloud.ibm.com',
    'https:///us-south.kms.cloud.ibm.com',
    '//us-south.kms.cloud.ibm.com',
    'us-south.kms.cloud.ibm.com',
    'https://eu-de.kms.cloud.ibm.com',
    'https://private.us-south.kms.cloud.ibm.com',
    'https://127.0.0.1',
    'https://127.1',
    'https://0x7f000001',
    'https://2130706433',
    'https://[::1]',
    'https://[::ffff:127.0.0.1]',
    'https://localhost',
    'https://169.254.169.254/latest/meta-data',
    'https://us-south.kms.cloud.ibm.com.127.0.0.1.nip.io',
    'file:///etc/passwd',
    'javascript:alert(1)',
    `https://${OTHER}.api.us-south.kms.appdomain.cloud`,
    '',
  ];
  it.each(tricks)('refuses %j', (address) => {
    expect(() => list.accept(choice(), address)).toThrow(withCode('key_manager_endpoint_refused'));
  });

  it.each([
    'https://api.us-south.hs-crypto.cloud.ibm.com:7999',
    'https://api.us-south.hs-crypto.cloud.ibm.com:20000',
    'https://api.us-south.hs-crypto.cloud.ibm.com:08000',
    'https://api.us-south.hs-crypto.cloud.ibm.com:8000@evil.example',
    'https://api.us-south.hs-crypto.cloud.ibm.com:',
    'https://api.us-south.hs-crypto.cloud.ibm.com:8e3',
    `https://${OTHER}.api.us-south.hs-crypto.appdomain.cloud`,
  ])('refuses %j for an HPCS instance', (address) => {
    expect(() => list.accept(choice({ kind: 'hpcs' }), address)).toThrow(withCode('key_manager_endpoint_refused'));
  });
});

describe('EndpointAllowList with configured forms', () => {
  const local: readonly EndpointTemplate[] = [
    { kind: 'key_protect', network: 'public', url: 'http://127.0.0.1:7070/kms/{region}' },
  ];

  it('builds the local form and nothing of the real cloud', () => {
    const localList = new EndpointAllowList(local, ['local']);
    const here = choice({ region: 'local' });
    expect(localList.build(here)).toBe('http://127.0.0.1:7070/kms/local');
    expect(localList.accept(here, 'http://127.0.0.1:7070/kms/local')).toBe('http://127.0.0.1:7070/kms/local');
    expect(() => localList.accept(here, 'http://127.0.0.1:7070/kms/../admin')).toThrow();
    expect(() => localList.build(choice({ region: 'local', kind: 'hpcs' }))).toThrow(
      withCode('key_manager_endpoint_refused'),
    );
  });
});
