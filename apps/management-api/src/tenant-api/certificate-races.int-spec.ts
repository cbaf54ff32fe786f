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
    api = await TenantApiApp.start(await database.openDataSource(), iam, new FakeKeyManager(), {});
  });

  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop()]);
  });

  const newCertificate = async (): Promise<string> =>
    (await issueClientCertificate('self-signed', { commonName: 'vc', validDays: 30 })).certificatePem;

  const register = (instanceId: InstanceId, name: string, certificate: string): Promise<Answer> =>
    api.send('POST', `/v1/instances/${instanceId}/client_certificates`, { body: { name, certificate } });

  const rows = async (): Promise<{ instance_id: string; name: string }[]> =>
    (await (await database.openAdmin()).query('SELECT instance_id, name FROM client_certificates')).rows as never;

  it(`of one certificate by ${TENANTS} tenants: one wins, and the others do not learn who`, async () => {
    const instances = await Promise.all(Array.from({ length: TENANTS }, () => api.newInstance()));
    const certificate = await newCertificate();
    const answers = await Promise.all(instances.map((id, number) => register(id, `tenant-${number}`, certificate)));
    const winners = answers.flatMap(({ status }, number) => (status === 201 ? [number] : []));
    expect(winners).toHaveLength(1);
    const [winner = -1] = winners;
    expect(await rows()).toEqual([{ instance_id: instances[winner], name: `tenant-${winner}` }]);
    for (const [number, { status, body, text }] of answers.entries()) {
      if (number === winner) continue;
      expect([status, body.errors.map(({ code }) => code)]).toEqual([409, ['duplicate_certificate']]);
      expect(text).not.toContain(instances[winner]);
      expect(text).not.toMatch(new RegExp(`tenant-${winner}\\b`));
    }
    // All say the same: how the race went tells nothing either.
    const told = answers.filter((_, number) => number !== winner).map(({ body }) => JSON.stringify(body.errors));
    expect(new Set(told).size).toBe(1);
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
