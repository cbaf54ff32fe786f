import { createPublicKey, X509Certificate } from 'node:crypto';

import {
  type CertificateAuthority,
  describeCertificate,
  issueCertificateAuthority,
  issueClientCertificate,
  issueServerCertificate,
  signCertificateRequest,
  SigningRequestError,
} from './index';

/** By OpenSSL; asks for a CA certificate. */
const EC_REQUEST = `-----BEGIN CERTIFICATE REQUEST-----
MIIBFTCBuwIBADA3MRAwDgYDVQQDDAd2Y2VudGVyMRYwFAYDVQQKDA1FeGFtcGxl
LCBJbmMuMQswCQYDVQQGEwJERTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFBn
d+np5nLhZ7lyA+YaECbJlpaZzXP92vJyKx0bLKyfLulpw+JG6OAyerMoefC4KXpc
GTpMTaM+V1qDveYOPGegIjAgBgkqhkiG9w0BCQ4xEzARMA8GA1UdEwEB/wQFMAMB
Af8wCgYIKoZIzj0EAwIDSQAwRgIhALmRYpGO1MdR4ojzo4mvIjd+y0R3n93FUB5/
pe/nqK9+AiEAu2/hdtE7wtPouRRKihSKKTvWvCN/O2Rqma5XErJ6Y/E=
-----END CERTIFICATE REQUEST-----`;

const WEAK_REQUEST = `-----BEGIN CERTIFICATE REQUEST-----
MIIBUTCBuwIBADASMRAwDgYDVQQDDAd2Y2VudGVyMIGfMA0GCSqGSIb3DQEBAQUA
A4GNADCBiQKBgQCzE6vKpS/+v6WhNMMv0gg/F5/YU6zK3fpmKVve4yHgFBWinK29
gyvf/B69yrWhfyr5GbLQNr5rCZw4n46hwEPg2FqpPNFb6Z01Tek5hqYFrolCZNyJ
1B26FYyQ3g7W9eomqWbuOU3967GDVApnA4xmxASVn1Au5z0zhLW/Ui0fRwIDAQAB
oAAwDQYJKoZIhvcNAQELBQADgYEAZZDV53XqONpj1F22M1o9Mu9tg5qEdX8uIn0A
oXc+5jbjY5W4FYqM1CkCZpfr0417TEvINPc/fmDl5eaXnLDXyou+6xVTl0Q59kHw
XBeZubJlH0tlYZI7+pxlD85ncZ/AoevV+VgZHmUm1pNLQcqDK/m4HLeazAz6Yc8X
9qQAqKM=
-----END CERTIFICATE REQUEST-----`;

let ca: CertificateAuthority;

beforeAll(async () => {
  ca = await issueCertificateAuthority({ commonName: 'Test CA', validDays: 10 });
});

const parse = (pem: string): X509Certificate => new X509Certificate(pem);

describe('issuing', () => {
  it('makes a CA that may sign leaves only', () => {
    const certificate = parse(ca.certificatePem);
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
  });

  it('makes a server certificate with RSA key and every name', async () => {
    const issued = await issueServerCertificate(ca, {
      commonName: 'kmip.example.com',
      dnsNames: ['kmip.example.com', 'localhost'],
      ipAddresses: ['127.0.0.1', '::1'],
      validDays: 5,
    });
    const certificate = parse(issued.certificatePem);

    expect(certificate.checkIssued(parse(ca.certificatePem))).toBe(true);
    expect(certificate.verify(createPublicKey(ca.certificatePem))).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
    for (const name of ['kmip.example.com', 'localhost']) expect(certificate.checkHost(name)).toBe(name);
    for (const address of ['127.0.0.1', '::1']) expect(certificate.checkIP(address)).toBe(address);
    expect(certificate.checkHost('other.example.com')).toBeUndefined();
  });

  it('keeps a name with separators in one attribute', async () => {
    const { certificatePem } = await issueClientCertificate(ca, {
      commonName: 'a, O=forged + b',
      validDays: 1,
      keyKind: 'ec-p256',
    });
    expect(parse(certificatePem).subject.split('\n')).toHaveLength(1);
    expect(parse(certificatePem).toLegacyObject().subject).toMatchObject({ CN: 'a, O=forged + b' });
  });

  it.each(['said "so" to', '#12', '#zz', ' "', '\\"<>;+,='])(
    'keeps the name %j as it is written',
    async (commonName) => {
      const { certificatePem } = await issueClientCertificate('self-signed', { commonName, validDays: 1 });
      const { subject } = new X509Certificate(certificatePem).toLegacyObject() as { subject: { CN: string } };
      expect(subject.CN).toBe(commonName);
    },
  );

  it('numbers certificates with 16 random positive bytes', async () => {
    const serials = new Set<string>();
    for (let count = 0; count < 8; count += 1) {
      const { certificatePem } = await issueClientCertificate(ca, {
        commonName: 'c',
        validDays: 1,
        keyKind: 'ec-p256',
      });
      serials.add(describeCertificate(certificatePem, new Date()).serialNumber);
    }
    expect(serials.size).toBe(8);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9a-f]{31}$/);
  });

  it('prints no private key', () => {
    expect(JSON.stringify(ca)).not.toContain('PRIVATE KEY');
    expect(ca.privateKeyPem.exposeText()).toContain('BEGIN PRIVATE KEY');
  });
});

describe('signCertificateRequest', () => {
  it('takes subject and key from the request but no extensions', async () => {
    const { certificatePem, request } = await signCertificateRequest(ca, EC_REQUEST, { validDays: 365 });
    const certificate = parse(certificatePem);

    expect(request.publicKey).toEqual({ type: 'ec', curve: 'prime256v1', bits: 256 });
    expect(certificate.toLegacyObject().subject).toMatchObject({ CN: 'vcenter', O: 'Example, Inc.', C: 'DE' });
    expect(certificate.verify(createPublicKey(ca.certificatePem))).toBe(true);
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });

  it('takes the label older tools write', async () => {
    const request = EC_REQUEST.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST');
    await expect(signCertificateRequest(ca, request, { validDays: 1 })).resolves.toBeDefined();
  });

  it.each([
    ['a changed subject', forged(EC_REQUEST), 'signing_request_signature_invalid'],
    ['RSA-1024', WEAK_REQUEST, 'signing_request_key_too_weak'],
    ['no PEM', 'hello', 'signing_request_malformed'],
    ['two requests', `${EC_REQUEST}\n${EC_REQUEST}`, 'signing_request_not_single'],
    ['a private key', `${EC_REQUEST}\n-----BEGIN PRIVATE KEY-----`, 'signing_request_private_key_included'],
    ['megabytes', EC_REQUEST + ' '.repeat(1024 * 1024), 'signing_request_too_large'],
    [
      'garbage',
      '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----',
      'signing_request_malformed',
    ],
  ])('refuses %s', async (_name, request, code) => {
    const attempt = signCertificateRequest(ca, request, { validDays: 1 });
    await expect(attempt).rejects.toBeInstanceOf(SigningRequestError);
    await expect(attempt).rejects.toMatchObject({ code });
  });
});

/** The same request for another name, under the old signature. */
function forged(pem: string): string {
  const der = Buffer.from(pem.split('\n').slice(1, -1).join(''), 'base64');
  der.write('w', der.indexOf('vcenter'));
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----`;
}
