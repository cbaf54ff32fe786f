import { type InstanceId } from '@lib/kernel';
import { type CertificateDescription, describeCertificate, issueClientCertificate } from '@lib/pki';
import { FakeIam, FakeKeyManager, startTestPostgres, type TestDatabase } from '@lib/testing';
import { type Role } from '@lib/tenancy';

import { type Answer, OTHER_ACCOUNT, TenantApiApp } from '../../../test/tenant-api-app';

jest.setTimeout(60_000);

interface Attempts {
  readonly connection_attempts: readonly { readonly id: string; readonly certificate?: object }[];
}

describe('strangers', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;
  let mine: InstanceId;
  let foreign: InstanceId;
  let stranger: CertificateDescription & { readonly pem: string };

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    api = await TenantApiApp.start(await database.openDataSource(), iam, new FakeKeyManager(), {});
  });

  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop()]);
  });

  beforeEach(async () => {
    [mine, foreign] = await Promise.all([api.newInstance(), api.newInstance(OTHER_ACCOUNT)]);
    const commonName = `vc-${mine}`;
    const { certificatePem: pem } = await issueClientCertificate('self-signed', { commonName, validDays: 30 });
    stranger = { ...describeCertificate(pem, new Date()), pem };
    await report('certificate_unknown', 3);
  });

  afterEach(() => {
    expect(api.failures).toEqual([]);
  });

  const report = (verdict: string, occurrences: number, instanceId?: InstanceId): Promise<void> =>
    api.attempts.report([
      {
        verdict,
        address: '198.51.100.7',
        endpoint: 'kmip-1',
        at: new Date(),
        certificate: stranger,
        occurrences,
        ...(instanceId !== undefined && { instanceId }),
      },
    ]);

  const base = (): string => `/v1/instances/${mine}`;
  const claim = (kind: string, value: string): Promise<Answer> =>
    api.send('POST', `${base()}/certificate_claims`, { body: { kind, value } });
  const attempts = async (): Promise<Attempts['connection_attempts']> => {
    const { status, body } = await api.send<Attempts>('GET', `${base()}/connection_attempts`);
    expect(status).toBe(200);
    return body.connection_attempts;
  };
  const adopt = (id: string | undefined): Promise<Answer> =>
    api.send('POST', `${base()}/client_certificates`, { body: { name: 'adopted', connection_attempt: { id } } });

  it.each<[string, () => string]>([
    ['SHA-256', () => stranger.fingerprint],
    ['SHA-1', () => stranger.sha1Fingerprint],
    ['SHA-256 with colons in capitals', () => (stranger.fingerprint.match(/../g) ?? []).join(':').toUpperCase()],
    ['the certificate', () => stranger.pem],
  ])('are shown to who has %s of theirs, and can be adopted', async (_name, value) => {
    expect(await attempts()).toEqual([]);
    const claimed = await claim('fingerprint', value());
    expect([claimed.status, claimed.body]).toMatchObject([
      201,
      { refused_connections: 3, message: '3 refused connections with this certificate; read the connection attempts.' },
    ]);
    const [attempt] = await attempts();
    expect(attempt).toMatchObject({ occurrences: 3, certificate: { sha256_fingerprint: stranger.fingerprint } });
    const adopted = await adopt(attempt?.id);
    expect([adopted.status, adopted.body['sha256_fingerprint']]).toEqual([201, stranger.fingerprint]);
    // To have seen it proves no more than to have pasted it.
    expect(adopted.body).not.toHaveProperty('proof');
    const href = String(claimed.headers['location']);
    expect((await api.send('DELETE', href)).status).toBe(204);
    expect(await attempts()).toEqual([]);
  });

  it.each<[string, () => string, string]>([
    ['address_range', () => '198.51.100.0/24', 'from your range'],
    ['subject', () => stranger.subject, 'with this subject'],
  ])('are counted, and nothing else, for a claim by %s', async (kind, value, words) => {
    // Whatever is found by guessing must lead to nobody: neither to who it is nor to its certificate.
    await api.attempts.report([
      { verdict: 'no_certificate', address: '198.51.100.9', endpoint: 'kmip-2', at: new Date(), occurrences: 2 },
    ]);
    const claimed = await claim(kind, value());
    expect(claimed.status).toBe(201);
    const path = String(claimed.headers['location']);
    for (const { text, body } of [claimed, await api.send('GET', path)]) {
      expect(body['message']).toMatch(new RegExp(`^\\d+ refused connections ${words}; paste the certificate`));
      expect(body['refusals']).toContainEqual(
        expect.objectContaining({ verdict: 'certificate_unknown', message: expect.any(String) as string }),
      );
      for (const secret of [stranger.fingerprint, stranger.sha1Fingerprint, '198.51.100.7', 'BEGIN'])
        expect(text).not.toContain(secret);
    }
    expect(await attempts()).toEqual([]);
    const { rows } = await (await database.openAdmin()).query<{ id: string }>('SELECT id FROM connection_attempts');
    expect(rows.length).toBeGreaterThan(0);
    for (const { id } of rows) {
      expect((await api.send('GET', `${base()}/connection_attempts/${id}`)).status).toBe(404);
      expect((await adopt(id)).status).toBe(400);
    }
  });

  it('stay unseen when another instance allows them, whatever is claimed', async () => {
    await report('accepted', 1, foreign);
    await claim('fingerprint', stranger.fingerprint);
    expect(await attempts()).toMatchObject([{ verdict: 'certificate_unknown', occurrences: 3 }]);
  });

  it.each<Role>(['viewer', 'operator', 'editor', 'administrator', 'reader', 'writer'])(
    'are neither claimed nor read by a %s, who may not add certificates',
    async (as) => {
      const { headers } = await claim('fingerprint', stranger.fingerprint);
      const [attempt] = await attempts();
      for (const [method, path, body] of [
        ['GET', `${base()}/connection_attempts`],
        ['GET', `${base()}/connection_attempts/${attempt?.id}`],
        ['GET', `${base()}/certificate_claims`],
        ['GET', String(headers['location'])],
        ['POST', `${base()}/certificate_claims`, { kind: 'subject', value: 'CN=vc' }],
        ['DELETE', String(headers['location'])],
      ] as const) {
        expect([path, (await api.send(method, path, { as, body })).status]).toEqual([path, 403]);
      }
    },
  );
});
