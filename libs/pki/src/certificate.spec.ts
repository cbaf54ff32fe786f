import {
  assertAcceptableCertificate,
  type CertificateDescription,
  CertificateError,
  type CertificateFault,
  colonForm,
  describeCertificate,
  issueClientCertificate,
  type KeyKind,
} from './index';

/** Made once with OpenSSL, since nothing in this lib issues them. */
const RSA_1024 = `-----BEGIN CERTIFICATE-----
MIIB+jCCAWOgAwIBAgIUU1AfwojWLrNjxXYf9lHtbExgHIIwDQYJKoZIhvcNAQEL
BQAwDjEMMAoGA1UEAwwDb2xkMCAXDTI2MTEyNDIyMjQxOVoYDzIxMjYxMDMxMjIy
NDE5WjAOMQwwCgYDVQQDDANvbGQwgZ8wDQYJKoZIhvcNAQEBBQADgY0AMIGJAoGB
ALz3gcwdZQgQNhDT+ZlahC3ehBXC8atOJfdNNhRkWwCYNyyACmkyWEnJlWLRBJr8
X/2La4szJJE4h/Se8Xaarc8uaJkCXOQ6D6CgLp46+gvA5z4uKcEE/ont82RyqVnD
y0taueUvOSmhlAiHC4IVVAIL7B8scCpCWU5IeUzHyc7PAgMBAAGjUzBRMB0GA1Ud
DgQWBBTffL2wIT7LjjSaT6wlDtfi9f7NnTAfBgNVHSMEGDAWgBTffL2wIT7LjjSa
T6wlDtfi9f7NnTAPBgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBCwUAA4GBAK0b
7+JSUXk4of0I6Sueq4oetAhrxPxieqo/oRIaqQAXBzEzypDm61Rxv3dbJ7ygKkWk
PZnl/THr8Ky/ydD/Ru/w397x2BBiDDDMlRIH6gXDoclf9Op2OEunkyl/S+R9EK6b
d0gybHLMSsmyXYdUP5jSXXTPbrc1LAFztN5oj6o+
-----END CERTIFICATE-----`;

const SIGNED_WITH_SHA_1 = `-----BEGIN CERTIFICATE-----
MIIC/zCCAeegAwIBAgIUUoE3tlErKbmcY2v9c4krGKrXL50wDQYJKoZIhvcNAQEF
BQAwDjEMMAoGA1UEAwwDb2xkMCAXDTI2MTEyNDIyMjQxOVoYDzIxMjYxMDMxMjIy
NDE5WjAOMQwwCgYDVQQDDANvbGQwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEK
AoIBAQClkz4nwIjHQSg+nbmdtAn3gLt6NLNUyISD04TnW6MpxIFuuowvcWbXQ1mL
A2dYJum7vy47T+Gf6Vn98voJC00WxSmoKVMHdCdBMC+XULq5HyGJQFrWSSp9N31q
MMK/yt4ZpKCO6Qeg7Dl0eT1bTrZuXTnvTPREAV+xvUx4pyD9v6JyiDuUOxKd+KGl
SH+/Mtt+WaWr5weflo5hCReuDLXeevOvWw4pJQJpVbCz6HtXwqdgOh4KNvrcML6l
OlFMuEiYjdXls8q7LHEPXeuXho2oC8eIb8kd82/qiGVCLsKpqO3L1eyL9KS1IM0p
eITtkUHlM/lEkkDcAAaRGyAgryT/AgMBAAGjUzBRMB0GA1UdDgQWBBRoMyJEFXas
qWldMCTnVYMsz4KbpzAfBgNVHSMEGDAWgBRoMyJEFXasqWldMCTnVYMsz4KbpzAP
BgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBBQUAA4IBAQBorDoGWZ1GFISg7ssU
pSGqeTq1UwJqM7wOL2ZVZbYVmUgi4eLk9q9zV4+5Sv2Z/59MI1ICiEoiDFPbDOIA
y+zDLKjn8/smhvDytaYnWAa6WDR2jWCxnTxcISUt6nyxjCkcyHszSVSYYQmT/5+Y
duMpb6Htd9z5JT/TNCyHDBFHnw8QZLqxIEuLi7rR3IJEmyMIjDfoPr4Pkwf3NRXa
CZQSllyZPzfKrUFDwFEXjlwJ4j+2TFLyXe2OXyVxrvK5pl/S68+Jivtl5NuJzgPV
EVI9jrRIAhhKSBvBoMYgVbNNMA9hVqhh6cYuNvjBMVTtJCYVMC8SWpEs+lhOsjyR
KE/8
-----END CERTIFICATE-----`;

const SIGNED_WITH_MD5 = `-----BEGIN CERTIFICATE-----
MIIC/zCCAeegAwIBAgIUWxKAKgEImODYYvBMjrqE/SSCTWUwDQYJKoZIhvcNAQEE
BQAwDjEMMAoGA1UEAwwDb2xkMCAXDTI2MTEyNDIyMjQyMFoYDzIxMjYxMDMxMjIy
NDIwWjAOMQwwCgYDVQQDDANvbGQwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEK
AoIBAQCump3Tpgrl21OZEVCcQ0InBEnIFRbuNGjnYvwJ07rCQoiij8qGDz8QUERE
BHj9rl4lgh6rA03PHFsQikZ8b8ueiebzpGh/EkwAUzx8GD07ONo6PfdKakVOhRli
SLvgbxiodqXcd7KV0agUhXd8Ja75JZGv4kvSIz9rnuy442hVR6RSiOnbnu5X6RZw
Zitgmhn3Alqb23Hd3TYv0Yum5BekTqbrD3oUdftE2s3rBvuk2uL2mpcC7+WZ5aXd
cUUeCKO/hnJeIs9UF/WDbSNBZwt7JQZ6Oetk6Q27N6AEODmHM55h1rXgBR8WJc3j
ZFKBItJnte0+WJMaH2NeW1nOj3WJAgMBAAGjUzBRMB0GA1UdDgQWBBRt7N+AjHLZ
CDChGRAYub5Y6/S+PzAfBgNVHSMEGDAWgBRt7N+AjHLZCDChGRAYub5Y6/S+PzAP
BgNVHRMBAf8EBTADAQH/MA0GCSqGSIb3DQEBBAUAA4IBAQB9LGKbyp3+/IAY1Swn
FQZErumpGSp2QyCyWaFtVtQsBvSe9m+TDu6s95UKxb3Y4Oo2rMgrE7w51YM3s2Zk
0vBHATapnRXnksAT2MjpZy2K9njgLEYZk3SWZBqGFr/m9O43fZZ4xNvAJHCs/EER
25UPE0xFlT0F72jnTXxtvdQ7dam/oeuU1WED0Kir/vaNrbVkBp1BszNXXPojdxen
OGd/xVSRPLbcsFrsNzZY32ha+kIfGFnVp8ZSAeKZozqsLH2JHXXfeHpxxWoTjkxZ
eMeM0e2RTgqoP8/Y25vqr6gV8VBplVgiwYYUKTJhmKA/uBY0VXBNdcw1NeYVU25U
WKSh
-----END CERTIFICATE-----`;

const EC_P224 = `-----BEGIN CERTIFICATE-----
MIIBYDCCAQ6gAwIBAgIUCJVu0HNbmAKxgCrbQ5y61CetpOAwCgYIKoZIzj0EAwIw
DjEMMAoGA1UEAwwDb2xkMCAXDTI2MTEyNDIyMjQyMFoYDzIxMjYxMDMxMjIyNDIw
WjAOMQwwCgYDVQQDDANvbGQwTjAQBgcqhkjOPQIBBgUrgQQAIQM6AATRiVLilEDx
eijzuA6QkYsRgBYw+/riZgae8GlYN1a8BQ/m3Pe9jqYW3jFuSeFr6okW94pYO4dm
T6NTMFEwHQYDVR0OBBYEFJrzOSJYNxB+8g0r9E4OWtU913B7MB8GA1UdIwQYMBaA
FJrzOSJYNxB+8g0r9E4OWtU913B7MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0E
AwIDQAAwPQIcfp2QUb4hhDMk3C6VTe/dJ1Zic1owyEAlT5KtVQIdANHuaz9TxCAW
jCH76XEDquACmx1YQscL3olGj+4=
-----END CERTIFICATE-----`;

const now = new Date('2026-11-24T12:00:00Z');
const later = (days: number): Date => new Date(now.getTime() + days * 24 * 60 * 60 * 1000);

function faultOf(act: () => unknown): CertificateFault | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof CertificateError) return error.code;
    throw error;
  }
}

let client: string;

beforeAll(async () => {
  const issued = await issueClientCertificate('self-signed', {
    commonName: 'kmipClient20261124',
    validDays: 365,
    notBefore: now,
    keyKind: 'ec-p256',
  });
  client = issued.certificatePem;
});

describe('describeCertificate', () => {
  it('tells identity, names, dates and key', () => {
    const description = describeCertificate(client, now);

    expect(description.fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(description.sha1Fingerprint).toMatch(/^[0-9a-f]{40}$/);
    expect(description).toMatchObject({
      subject: 'CN=kmipClient20261124',
      issuer: 'CN=kmipClient20261124',
      selfIssued: true,
      notBefore: now,
      notAfter: later(365),
      publicKey: { type: 'ec', curve: 'prime256v1', bits: 256 },
      signatureHash: 'SHA-256',
      warnings: ['missing_subject_alternative_name'],
    });
  });

  it('gives one description for PEM and DER', () => {
    const description = describeCertificate(client, now);
    expect(describeCertificate(description.der, now)).toEqual(description);
  });

  it.each<[KeyKind, CertificateDescription['publicKey']]>([
    ['rsa-2048', { type: 'rsa', bits: 2048 }],
    ['ec-p384', { type: 'ec', bits: 384, curve: 'secp384r1' }],
    ['ed25519', { type: 'ed25519', bits: 256 }],
  ])('reads and accepts %s keys', async (keyKind, publicKey) => {
    const { certificatePem } = await issueClientCertificate('self-signed', {
      commonName: 'client',
      validDays: 1,
      notBefore: now,
      keyKind,
    });
    const description = describeCertificate(certificatePem, now);
    expect(description.publicKey).toEqual(publicKey);
    expect(faultOf(() => assertAcceptableCertificate(description, now))).toBeUndefined();
  });

  it('takes it as people have it', () => {
    const pasted = `\ufeffsubject=CN = vc\r\n${client.replaceAll('\n', '\r\n')}\r\n\t`;
    expect(describeCertificate(pasted, now).fingerprint).toBe(describeCertificate(client, now).fingerprint);
  });

  const body = (pem: string): string => pem.split('\n').slice(1, -2).join('\n');
  it.each<[string, (pem: string) => string, CertificateFault]>([
    ['two certificates', (pem) => pem + pem, 'certificate_not_single'],
    [
      'a private key beside',
      (pem) => `${pem}-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----`,
      'certificate_private_key_included',
    ],
    ['a request', (pem) => pem.replaceAll('CERTIFICATE', 'CERTIFICATE REQUEST'), 'certificate_malformed'],
    ['a missing tail', (pem) => pem.slice(0, -60), 'certificate_malformed'],
    ['half of the bytes', (pem) => wrap(Buffer.from(body(pem), 'base64').subarray(0, 100)), 'certificate_malformed'],
    [
      'bytes behind the certificate',
      (pem) => wrap(Buffer.concat([Buffer.from(body(pem), 'base64'), Buffer.of(0)])),
      'certificate_malformed',
    ],
    ['megabytes', (pem) => pem + ' '.repeat(1024 * 1024), 'certificate_too_large'],
  ])('refuses %s', (_name, change, fault) => {
    expect(faultOf(() => describeCertificate(change(client), now))).toBe(fault);
  });

  it.each([
    ['not_yet_valid', -1],
    ['expires_soon', 350],
  ] as const)('warns of %s', (warning, day) => {
    expect(describeCertificate(client, later(day)).warnings).toContain(warning);
  });

  it('tolerates five minutes between the clocks of who made it and ours', () => {
    expect(describeCertificate(client, later(-5 / (24 * 60))).warnings).not.toContain('not_yet_valid');
  });

  it('warns when extended key usage is missing', async () => {
    const { certificatePem } = await issueClientCertificate('self-signed', {
      commonName: 'kmipClient',
      validDays: 365,
      notBefore: now,
      extendedKeyUsage: false,
    });
    expect(describeCertificate(certificatePem, now).warnings).toContain('missing_extended_key_usage');
  });

  it('warns when a CA certificate is handed in', () => {
    expect(describeCertificate(SIGNED_WITH_SHA_1, now).warnings).toContain('certificate_authority');
  });
});

describe('assertAcceptableCertificate', () => {
  it.each<[string, string, CertificateFault]>([
    ['RSA-1024', RSA_1024, 'certificate_key_too_weak'],
    ['P-224', EC_P224, 'certificate_key_unsupported'],
    ['SHA-1', SIGNED_WITH_SHA_1, 'certificate_signature_too_weak'],
    ['MD5', SIGNED_WITH_MD5, 'certificate_signature_too_weak'],
  ])('refuses %s', (_name, pem, fault) => {
    expect(faultOf(() => assertAcceptableCertificate(describeCertificate(pem, now), now))).toBe(fault);
  });

  it.each([
    [365, undefined],
    [365 + 1 / 86_400_000, 'certificate_expired'],
    // Administrators prepare a change ahead of time.
    [-10, undefined],
  ])('on day %d answers %s', (day, fault) => {
    const description = describeCertificate(client, now);
    expect(faultOf(() => assertAcceptableCertificate(description, later(day)))).toBe(fault);
  });
});

it('colonForm writes a fingerprint as people compare it', () => {
  expect(colonForm('ab12ff')).toBe('AB:12:FF');
});

function wrap(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
}
