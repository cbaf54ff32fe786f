import { type InstanceId, newCorrelationId } from '@lib/kernel';
import { describeCertificate, issueClientCertificate } from '@lib/pki';
import { type ActionContext, type Role } from '@lib/tenancy';
import { aManagedObject, FakeIam, FakeKeyManager, putObject, startTestPostgres, type TestDatabase } from '@lib/testing';

import { type Answer, OTHER_ACCOUNT, TenantApiApp, type Replaced } from '../../../test/tenant-api-app';
import { type Authorizer } from '../../auth/authorizer.port';

jest.setTimeout(60_000);

const context: ActionContext = {
  initiator: { kind: 'system', component: 'test' },
  correlationId: newCorrelationId(),
  observer: 'test',
};
const OTHERS: readonly Role[] = ['viewer', 'operator', 'editor', 'administrator', 'reader', 'writer'];

describe('whose a certificate is', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;
  let mine: InstanceId;
  let second: InstanceId;
  let foreign: InstanceId;
  let pem: string;
  let permitted: (action: string, instanceId: string) => boolean = () => true;
  const authorizer: Authorizer = {
    decide: (questions) =>
      Promise.resolve(
        questions.map(({ action, resource, principal }) => {
          const manager = principal.iamId === 'IBMid-manager';
          return action === 'instance.read' || (manager && permitted(action, resource.instanceId));
        }),
      ),
  };
  const start = async (other: Replaced = {}): Promise<TenantApiApp> =>
    TenantApiApp.start(await database.openDataSource(), iam, new FakeKeyManager(), {}, { authorizer, ...other });

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    api = await start();
  });

  afterAll(async () => {
    await api.close();
    await Promise.all([database.close(), iam.stop()]);
  });

  beforeEach(async () => {
    permitted = () => true;
    [mine, second, foreign] = await Promise.all([api.newInstance(), api.newInstance(), api.newInstance(OTHER_ACCOUNT)]);
    ({ certificatePem: pem } = await issueClientCertificate('self-signed', { commonName: 'vc', validDays: 30 }));
  });

  afterEach(() => {
    expect(api.failures).toEqual([]);
  });

  const path = (instanceId: InstanceId = mine): string => `/v1/instances/${instanceId}/client_certificates`;
  const register = (instanceId: InstanceId = mine, name = 'vc', certificate = pem): Promise<Answer> =>
    api.send('POST', path(instanceId), { body: { name, certificate } });
  const again = (answer: Answer): Promise<Answer> => api.send('GET', String(answer.headers['location']));
  /** As a tenant of another account, which this API's callers are not. */
  const stranger = () => api.services.certificates.add(foreign, { name: 'taken', pem }, context);
  const fingerprint = () => describeCertificate(pem, new Date()).fingerprint;
  const prove = (instanceId: InstanceId) => api.services.proofs.prove(instanceId, fingerprint(), 'credential', context);
  const births = (place: string, reason: string): object => ({
    births: { place, reason, message: expect.any(String) as string },
  });

  it('is offered to be proven with the first registration', async () => {
    const added = await register();
    expect(added.body).toMatchObject({ ...births('here', 'only_registration'), established: false });
    expect(added.body).not.toHaveProperty('proof');
    expect((added.body['births'] as { message: string }).message).toContain('issue a KMIP password');
  });

  it('is open while two register it, and told to neither who the other is', async () => {
    const added = await register();
    await stranger();
    const disputed = await again(added);
    expect(disputed.body).toMatchObject(births('refused', 'certificate_unproven'));
    expect(disputed.text).not.toContain(foreign);
    expect(disputed.text).not.toContain('taken');
    await prove(foreign);
    const lost = await again(added);
    expect(lost.body).toMatchObject(births('elsewhere', 'known_elsewhere'));
    expect(lost.text).not.toContain(foreign);
    await prove(mine);
    expect((await again(added)).body).toMatchObject({ ...births('here', 'proven'), proof: { kind: 'credential' } });
  });

  it('shows keys that were made elsewhere to nobody but who has proven it', async () => {
    await stranger();
    await putObject(api.stores.forInstance(foreign), foreign, aManagedObject({ createdBy: fingerprint() }));
    const added = await register();
    expect(added.body).not.toHaveProperty('keys_elsewhere');
    await prove(mine);
    expect((await again(added)).body).toMatchObject({ keys_elsewhere: 1 });
    const list = await api.send<{ client_certificates: object[] }>('GET', path());
    expect(list.body.client_certificates[0]).not.toHaveProperty('keys_elsewhere');
  });

  it('lists what is in use and not proven', async () => {
    await register(
      mine,
      'idle',
      (await issueClientCertificate('self-signed', { commonName: 'i', validDays: 9 })).certificatePem,
    );
    await register(mine, 'used');
    await api.send('POST', `/v1/instances/${mine}/client_key_pairs`, { body: { name: 'pair' } });
    const described = describeCertificate(pem, new Date());
    const seen = { verdict: 'accepted', address: '192.0.2.9', endpoint: 'kmip-1', at: new Date(), occurrences: 1 };
    await api.attempts.report([{ ...seen, certificate: { ...described, pem }, instanceId: mine }]);
    const listed = async (proof: string): Promise<string[]> => {
      const { body } = await api.send<{ client_certificates: { name: string }[] }>('GET', `${path()}?proof=${proof}`);
      return body.client_certificates.map(({ name }) => name).sort();
    };
    expect(await listed('unproven_in_use')).toEqual(['used']);
    expect(await listed('unproven')).toEqual(['idle', 'used']);
    expect(await listed('proven')).toEqual(['pair']);
  });

  it('is recorded when the service makes it, for that instance alone', async () => {
    const pair = await api.send<{ certificate: string }>('POST', `/v1/instances/${mine}/client_key_pairs`, {
      body: { name: 'pair' },
    });
    const made = await again(pair);
    expect(made.body).toMatchObject({ ...births('here', 'proven'), proof: { kind: 'issued' } });
    const refused = await register(second, 'copied', pair.body.certificate);
    expect([refused.status, refused.body.errors[0]?.code]).toEqual([409, 'certificate_issued_elsewhere']);
    expect(refused.text).not.toContain(mine);
  });

  it('is demanded of newcomers where the operator demands it', async () => {
    const strict = await start({ proofPolicy: { requiredSince: new Date(0) } });
    const added = await strict.send('POST', path(), { body: { name: 'vc', certificate: pem } });
    expect(added.body).toMatchObject(births('refused', 'proof_required'));
    await strict.close();
  });

  describe('is handed over', () => {
    const handOver = (certificate: Answer, to: string): Promise<Answer> =>
      api.send('POST', `${String(certificate.headers['location'])}/hand_over`, { body: { instance: { id: to } } });

    it('to another instance of the owner, as often as asked, keys and registration staying', async () => {
      const given = await register();
      await prove(mine);
      await stranger();
      for (let times = 0; times < 2; times += 1) {
        const received = await handOver(given, second);
        expect([received.status, received.body]).toMatchObject([
          200,
          { ...births('here', 'proven'), proof: { kind: 'hand_over' }, name: 'vc' },
        ]);
        expect(received.body['href']).toContain(second);
      }
      expect((await again(given)).body).toMatchObject(births('elsewhere', 'known_elsewhere'));
    });

    it.each([true, false])(
      'to nobody while it is not proven, a stranger registering it or not (%s)',
      async (disputed) => {
        const given = await register();
        if (disputed) await stranger();
        const { status, body, text } = await handOver(given, second);
        expect([status, body.errors[0]?.code]).toEqual([409, 'invalid_state']);
        expect(text).toMatch(/proven in this instance.*KMIP user name and password/i);
        expect(await api.services.certificates.list(second)).toEqual([]);
      },
    );

    it('with the record that the service made it', async () => {
      const pair = await api.send('POST', `/v1/instances/${mine}/client_key_pairs`, { body: { name: 'pair' } });
      expect(await handOver(pair, second)).toMatchObject({ status: 200, body: births('here', 'proven') });
      const made = await again(pair);
      await api.send('DELETE', String(pair.headers['location']));
      const back = await register(mine, 'back', String(made.body['certificate']));
      expect([back.status, back.body.errors[0]?.code]).toEqual([409, 'certificate_issued_elsewhere']);
    });

    it('to no instance of which the caller may not know, with one answer for all of those', async () => {
      const given = await register();
      permitted = (action, instanceId) => instanceId !== second || action !== 'certificate.create';
      const absent = '5b0f3c1e-7d2a-4c52-9c0b-0d8e9b5f3a77';
      const told = new Set<string>();
      for (const to of [absent, foreign, second, mine, 'no-id-of-ours']) {
        const { status, body } = await handOver(given, to);
        told.add(JSON.stringify([status, body.errors]));
      }
      expect([...told]).toEqual([expect.stringMatching(/^\[400,.*"invalid_field".*"instance\.id"/)]);
      for (const other of [foreign, second]) expect(await api.services.certificates.list(other)).toEqual([]);
    });

    it.each(['certificate.create', 'certificate.delete'])('by nobody without %s in the giving one', async (missing) => {
      const given = await register();
      permitted = (action, instanceId) => instanceId !== mine || action !== missing;
      const { status, body } = await handOver(given, second);
      expect([status, body.errors[0]?.code]).toEqual([403, 'forbidden']);
      expect(await api.services.certificates.list(second)).toEqual([]);
    });

    it('to none that is disabled', async () => {
      const given = await register();
      await api.instances.setEnabled(second, false, undefined, context);
      const { status, body } = await handOver(given, second);
      expect([status, body.errors[0]?.code]).toEqual([403, 'instance_disabled']);
    });
  });

  describe('KMIP credentials', () => {
    const credentials = (): string => `/v1/instances/${mine}/kmip_credentials`;

    it('are two at a time, and the password is shown once', async () => {
      const issued = await Promise.all([1, 2, 3].map(() => api.send('POST', credentials())));
      expect(issued.map(({ status }) => status).sort()).toEqual([201, 201, 409]);
      expect(issued.find(({ status }) => status === 409)?.body.errors).toMatchObject([{ code: 'quota_exceeded' }]);
      const [one, other] = issued.filter(({ status }) => status === 201);
      if (one === undefined || other === undefined) throw new Error('two were issued');
      expect(one.body['username']).toBe(other.body['username']);
      expect(one.body['password']).not.toBe(other.body['password']);
      const list = await api.send<{ kmip_credentials: object[] }>('GET', credentials());
      expect(list.body.kmip_credentials).toHaveLength(2);
      const read = await again(one);
      expect(read.body).toMatchObject({ username: one.body['username'] });
      for (const { text } of [list, read]) expect(text).not.toContain(String(one.body['password']));
      expect((await api.send('DELETE', String(one.headers['location']))).status).toBe(204);
      expect((await again(one)).status).toBe(404);
      expect((await api.send('POST', credentials())).status).toBe(201);
    });

    it.each(OTHERS)('are nothing of which a %s learns', async (as) => {
      const issued = await api.send('POST', credentials());
      const one = String(issued.headers['location']);
      for (const [method, target] of [
        ['GET', credentials()],
        ['POST', credentials()],
        ['GET', one],
        ['DELETE', one],
      ] as const) {
        expect([method, (await api.send(method, target, { as })).status]).toEqual([method, 403]);
      }
    });

    it('are demanded or ignored as the instance says', async () => {
      const instance = `/v1/instances/${mine}`;
      const read = await api.send('GET', instance);
      expect(read.body).toMatchObject({ credential_policy: 'ignore' });
      const change = (as: string): Promise<Answer> =>
        api.send('PATCH', instance, {
          as,
          body: { credential_policy: 'enforce' },
          headers: { 'if-match': `"${read.body.etag}"` },
        });
      expect((await change('writer')).status).toBe(403);
      expect((await change('manager')).body).toMatchObject({ credential_policy: 'enforce' });
      expect((await change('manager')).status).toBe(412);
      expect((await api.send('GET', instance)).body).toMatchObject({ credential_policy: 'enforce' });
    });
  });
});
