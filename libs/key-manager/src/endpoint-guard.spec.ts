import { EndpointGuard } from './endpoint-guard';

const GUID = '0d8e1b3a-6d7e-4e51-9c38-6f1f2ad20b55';
const OTHER = '11111111-2222-4333-8444-555555555555';
const refused = expect.objectContaining({ fault: 'refused' }) as Error;
const guard = new EndpointGuard({
  templates: [
    'https://{region}.kms.cloud.ibm.com',
    'https://{instance}.api.{region}.kms.appdomain.cloud',
    'https://api.{region}.hs-crypto.cloud.ibm.com:{port}',
    'http://127.0.0.1:7070/kms/{region}',
  ],
  regions: ['us-south', 'eu-de'],
});

describe('EndpointGuard', () => {
  it.each([
    'https://us-south.kms.cloud.ibm.com',
    'https://eu-de.kms.cloud.ibm.com',
    `https://${GUID}.api.us-south.kms.appdomain.cloud`,
    'https://api.us-south.hs-crypto.cloud.ibm.com:8000',
    'https://api.eu-de.hs-crypto.cloud.ibm.com:19999',
    'http://127.0.0.1:7070/kms/us-south',
  ])('allows %s', (address) => {
    expect(() => guard.check(address, GUID)).not.toThrow();
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
    'https://moon-1.kms.cloud.ibm.com',
    'https://{region}.kms.cloud.ibm.com',
    'https://us-south.kms.cloud.ibm.com/',
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
  it.each([
    ...tricks,
    'https://api.us-south.hs-crypto.cloud.ibm.com:7999',
    'https://api.us-south.hs-crypto.cloud.ibm.com:20000',
    'https://api.us-south.hs-crypto.cloud.ibm.com:08000',
    'https://api.us-south.hs-crypto.cloud.ibm.com:8000@evil.example',
    'https://api.us-south.hs-crypto.cloud.ibm.com:',
    'https://api.us-south.hs-crypto.cloud.ibm.com:8e3',
    'https://api.us-south.hs-crypto.cloud.ibm.com:8000\n',
    'http://127.0.0.1:7070/kms/../admin',
    'http://127.0.0.1:7071/kms/us-south',
  ])('refuses %j', (address) => {
    expect(() => guard.check(address, GUID)).toThrow(refused);
  });

  it.each(['', 'evil.example#', `${GUID}\r\n`, GUID.toUpperCase()])(
    'refuses everything for instance %j',
    (instance) => {
      for (const address of [
        `https://${instance}.api.us-south.kms.appdomain.cloud`,
        'https://us-south.kms.cloud.ibm.com',
      ]) {
        expect(() => guard.check(address, instance)).toThrow(refused);
      }
    },
  );
});
