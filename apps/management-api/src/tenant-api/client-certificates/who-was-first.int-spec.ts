import { randomUUID, webcrypto } from 'node:crypto';

import { type CertificateFingerprint, type InstanceId } from '@lib/kernel';
import { PostgresRegionDirectory } from '@lib/persistence';
import { describeCertificate, issueClientCertificate } from '@lib/pki';
import { birthplaceOf } from '@lib/tenancy';
import { Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { FakeIam, FakeKeyManager, startTestPostgres, type TestDatabase } from '@lib/testing';

import { type BrokerApp, OFFER, PASSWORD, startBrokerApp, USERNAME } from '../../../test/broker-app';
import { type Answer, OTHER_ACCOUNT, TenantApiApp } from '../../../test/tenant-api-app';

jest.setTimeout(120_000);

/** What a registration is made of: all that a stranger needs to know is in the public certificate. */
interface Certificate {
  readonly pem: string;
  readonly fingerprint: CertificateFingerprint;
}

/** A way to register; returns the instance that the certificate is in now. */
type Way = (certificate: Certificate) => Promise<InstanceId>;

describe('who was first', () => {
  let database: TestDatabase;
  let iam: FakeIam;
  let api: TenantApiApp;
  let broker: BrokerApp;
  let directory: PostgresRegionDirectory;

  beforeAll(async () => {
    [database, iam] = await Promise.all([startTestPostgres(), FakeIam.start()]);
    const dataSource = await database.openDataSource();
    directory = new PostgresRegionDirectory(dataSource);
    api = await TenantApiApp.start(dataSource, iam, new FakeKeyManager(), {});
    broker = await startBrokerApp(dataSource, iam, { settleMs: 1 });
  });

  afterAll(async () => {
    await Promise.all([api.close(), broker.close()]);
    await Promise.all([database.close(), iam.stop()]);
  });

  afterEach(() => {
    expect([api.failures, broker.failures]).toEqual([[], []]);
  });

  const post = (instanceId: InstanceId, what: string, body: object): Promise<Answer> =>
    api.send('POST', `/v1/instances/${instanceId}/${what}`, { body });

  const pasted: Way = async ({ pem }) => {
    const mine = await api.newInstance();
    const { status } = await post(mine, 'client_certificates', { name: 'vc', certificate: pem });
    expect(status).toBe(201);
    return mine;
  };

  const adopted: Way = async ({ pem, fingerprint }) => {
    const mine = await api.newInstance();
    const certificate = { ...describeCertificate(pem, new Date()), pem };
    const seen = { address: '198.51.100.7', endpoint: 'kmip-1', at: new Date(), occurrences: 1 };
    await api.attempts.report([{ ...seen, verdict: 'certificate_unknown', certificate }]);
    expect((await post(mine, 'certificate_claims', { kind: 'fingerprint', value: fingerprint })).status).toBe(201);
    const { body } = await api.send<{ connection_attempts: { id: string }[] }>(
      'GET',
      `/v1/instances/${mine}/connection_attempts`,
    );
    const [attempt] = body.connection_attempts;
    const { status } = await post(mine, 'client_certificates', { name: 'vc', connection_attempt: { id: attempt?.id } });
    expect(status).toBe(201);
    return mine;
  };

  /** @returns status and text that the platform is told in the end */
  const order = async (id: string, { pem }: Certificate): Promise<[number | string, string]> => {
    const crn = `crn:v1:bluemix:public:kmip-for-vmware:us-south:a/${OTHER_ACCOUNT}:${id}::`;
    const headers = {
      'content-type': 'application/json',
      'x-broker-api-version': '2.12',
      authorization: `Basic ${Buffer.from(`${USERNAME}:${PASSWORD}`).toString('base64')}`,
    };
    const url = `${broker.url}/v2/service_instances/${encodeURIComponent(crn)}`;
    const made = await fetch(`${url}?accepts_incomplete=true`, {
      method: 'PUT',
      headers,
      body: JSON.stringify({
        service_id: OFFER.serviceId,
        plan_id: OFFER.plans[0]?.id,
        context: { platform: 'ibmcloud', account_id: OTHER_ACCOUNT, crn, name: 'ordered' },
        parameters: { client_certificates: [{ name: 'vc', certificate: pem }] },
      }),
    });
    const answer = await made.text();
    if (made.status !== 202) return [made.status, answer];
    for (;;) {
      const text = await (await fetch(`${url}/last_operation`, { headers })).text();
      const { state } = JSON.parse(text) as { state: string };
      if (state !== 'in progress') return [state, text];
      await new Promise(setImmediate);
    }
  };

  const ordered: Way = async (certificate) => {
    const id = randomUUID();
    const [outcome] = await order(id, certificate);
    expect([201, 'succeeded']).toContain(outcome);
    return id as InstanceId;
  };

  const births = async ({ fingerprint }: Certificate): Promise<string> => {
    const registrations = (await directory.registrants([fingerprint])).get(fingerprint) ?? { current: [], former: [] };
    const place = birthplaceOf(registrations, {}, new Date());
    return 'instance' in place ? place.instance.instanceId : place.refusal;
  };

  const ways: [string, Way][] = [
    ['a pasted PEM', pasted],
    ['an adopted connection', adopted],
    ['an order of the catalog', ordered],
  ];
  const pairs = ways.flatMap(([one, first]) => ways.map(([other, second]) => [one, other, first, second] as const));

  it.each(pairs)('decides nothing: %s, then %s', async (_one, _other, first, second) => {
    const certificate = await newCertificate();
    const instances = [await first(certificate)];
    expect(await births(certificate)).toBe(instances[0]);
    instances.push(await second(certificate));
    expect(await births(certificate)).toBe('certificate_unproven');
  });

  describe('has it who had it made', () => {
    const made: [string, (instanceId: InstanceId) => Promise<string>][] = [
      [
        'from a signing request',
        async (mine) => {
          const request = await signingRequest();
          const { status, body } = await post(mine, 'client_certificates', {
            name: 'vc',
            certificate_signing_request: request,
          });
          expect(status).toBe(201);
          return String(body['certificate']);
        },
      ],
      [
        'as a key pair',
        async (mine) => {
          const { status, body } = await post(mine, 'client_key_pairs', { name: 'vc' });
          expect(status).toBe(201);
          return String(body['certificate']);
        },
      ],
    ];

    it.each(made)('%s: another instance adds it by none of the ways', async (_how, make) => {
      const mine = await api.newInstance();
      const pem = await make(mine);
      const certificate = { pem, fingerprint: describeCertificate(pem, new Date()).fingerprint };
      const other = await api.newInstance();
      const refused = await post(other, 'client_certificates', { name: 'copied', certificate: pem });
      expect([refused.status, refused.body.errors[0]?.code]).toEqual([409, 'certificate_issued_elsewhere']);
      const [outcome, told] = await order(randomUUID(), certificate);
      expect([409, 400, 'failed']).toContain(outcome);
      expect(told).toContain('another instance');
      expect(told).not.toContain(mine);
      expect(await births(certificate)).toBe(mine);
    });
  });
});

async function newCertificate(): Promise<Certificate> {
  const { certificatePem: pem } = await issueClientCertificate('self-signed', {
    commonName: `vc ${randomUUID()}`,
    validDays: 30,
    keyKind: 'ec-p256',
  });
  return { pem, fingerprint: describeCertificate(pem, new Date()).fingerprint };
}

async function signingRequest(): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const wish = { name: 'CN=vc', keys, signingAlgorithm: algorithm };
  return (await Pkcs10CertificateRequestGenerator.create(wish, webcrypto)).toString('pem');
}
