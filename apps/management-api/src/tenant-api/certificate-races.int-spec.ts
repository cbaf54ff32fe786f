import { type InstanceId } from '@lib/kernel';
import { issueClientCertificate } from '@lib/pki';
import { FakeIam, FakeKeyManager, startTestPostgres, type TestDatabase } from '@lib/testing';

import { type Answer, TenantApiApp } from '../../test/tenant-api-app';

jest.setTimeout(60_000);

const TENANTS = 100;

describe('parallel registrations', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    api = await TenantApiApp.start(await database.openDataSource({ role: 'api' }), iam, new FakeKeyManager(), {});
  });

  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop()]);
  });

  const newCertificate = async (): Promise<string> =>
    (await issueClientCertificate('self-signed', { commonName: 'vc', validDays: 30 })).certificatePem;

  const register = (instanceId: InstanceId, name: string, certificate: string): Promise<Answer> =>
    api.send('POST', `/v1/instances/${instanceId}/client_certificates`, { body: { name, certificate } });

  it(`of one certificate by ${TENANTS} tenants: each has it, keys are born nowhere, and nobody learns who else`, async () => {
    const instances = await Promise.all(Array.from({ length: TENANTS }, () => api.newInstance()));
    const certificate = await newCertificate();
    const answers = await Promise.all(instances.map((id) => register(id, 'vc', certificate)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    for (const [number, id] of instances.entries()) {
      const { text, body } = await api.send('GET', String(answers[number]?.headers['location']));
      expect(body).toMatchObject({ births: { place: 'refused', reason: 'certificate_unproven' } });
      for (const other of instances) if (other !== id) expect(text).not.toContain(other);
    }
    expect(api.failures).toEqual([]);
  });

  it('of one name in an instance: one wins', async () => {
    const instance = await api.newInstance();
    const certificates = await Promise.all(Array.from({ length: 10 }, newCertificate));
    const answers = await Promise.all(certificates.map((certificate) => register(instance, 'same', certificate)));
    const codes = answers.map(({ status, body }) => (status === 201 ? 'added' : body.errors[0]?.code)).toSorted();
    expect(codes).toEqual(['added', ...Array.from({ length: 9 }, () => 'reserved_value')]);
    expect(api.failures).toEqual([]);
  });
});
