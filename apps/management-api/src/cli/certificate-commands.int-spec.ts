import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type PresentedCertificate } from '@lib/diagnosis';
import { type InstanceId, newCorrelationId, Secret, systemClock } from '@lib/kernel';
import { PostgresConnectionAttempts, PostgresRegionDirectory, PostgresUnitOfWork } from '@lib/persistence';
import { describeCertificate, issueClientCertificate } from '@lib/pki';
import {
  type ActionContext,
  CertificateProofService,
  ClientCertificateService,
  InstanceService,
  KmipCredentialService,
  KmipPasswords,
} from '@lib/tenancy';
import { recordedEvents, startTestPostgres, type TestDatabase } from '@lib/testing';

import { argumentsOf } from './arguments';
import { Births } from './births';
import { CertificateAdd } from './commands/certificate-add.command';
import { CertificateHandOver } from './commands/certificate-hand-over.command';
import { CertificateTakeOver } from './commands/certificate-take-over.command';
import { KmipCredentialIssue } from './commands/kmip-credential-issue.command';
import { KmipCredentialList } from './commands/kmip-credential-list.command';
import { KmipCredentialOutdated } from './commands/kmip-credential-outdated.command';
import { KmipCredentialRemove } from './commands/kmip-credential-remove.command';
import { ServerCertificateUnaccepted } from './commands/server-certificate-unaccepted.command';

jest.setTimeout(60_000);

const context: ActionContext = {
  initiator: { kind: 'system', component: 'admin/test' },
  correlationId: newCorrelationId(),
  observer: 'admin',
};
const config = { clientCertificateProof: 'offered' } as const;

describe('the operator', () => {
  let database: TestDatabase;
  let region: ReturnType<typeof regionOf>;
  let folder: string;
  let file: string;
  let first: InstanceId;
  let second: InstanceId;

  function regionOf(dataSource: ConstructorParameters<typeof PostgresUnitOfWork>[0]) {
    const unitOfWork = new PostgresUnitOfWork(dataSource);
    const directory = new PostgresRegionDirectory(dataSource);
    const options = { newId: randomUUID, directory };
    const key = (version: number) => [version, Secret.of(Buffer.alloc(32, version))] as const;
    const kmipPasswords = new KmipPasswords({ newest: 2, keys: new Map([key(1), key(2)]) });
    const certificates = new ClientCertificateService(unitOfWork, systemClock, options);
    const proofs = new CertificateProofService(unitOfWork, systemClock, options);
    const kmipCredentials = new KmipCredentialService(unitOfWork, kmipPasswords, systemClock, randomUUID);
    const attempts = new PostgresConnectionAttempts(dataSource);
    const births = new Births(config, directory, systemClock);
    return {
      directory,
      attempts,
      unaccepted: new ServerCertificateUnaccepted(attempts, systemClock),
      instances: new InstanceService(unitOfWork, directory, systemClock),
      certificates,
      add: new CertificateAdd(certificates, proofs, births, systemClock),
      takeOver: new CertificateTakeOver(proofs, births),
      handOver: new CertificateHandOver(proofs, births),
      issueCredential: new KmipCredentialIssue(kmipCredentials),
      listCredentials: new KmipCredentialList(kmipCredentials),
      removeCredential: new KmipCredentialRemove(kmipCredentials),
      outdatedCredentials: new KmipCredentialOutdated(directory, kmipPasswords, { newestVersion: 2 }),
    };
  }

  const newInstance = async (account: string): Promise<InstanceId> => {
    const crn = `crn:v1:bluemix:public:kmip:eu-de:a/${account}:${randomUUID()}::`;
    return (await region.instances.create({ crn, name: 'kmip' }, context)).id;
  };

  const actionsOf = async (instanceId: InstanceId): Promise<string[]> => {
    const admin = await database.openAdmin();
    const recorded = await recordedEvents(admin, instanceId);
    return recorded.map(({ event }) => event.action.replace('vmware-solutions.', ''));
  };

  beforeAll(async () => {
    [database, folder] = await Promise.all([startTestPostgres(), mkdtemp(join(tmpdir(), 'kmip-admin-'))]);
    region = regionOf(await database.openDataSource());
  });

  afterAll(async () => {
    await Promise.all([database.close(), rm(folder, { recursive: true })]);
  });

  beforeEach(async () => {
    [first, second] = [await newInstance('one'), await newInstance('two')];
    const { certificatePem } = await issueClientCertificate('self-signed', { commonName: 'vc', validDays: 30 });
    file = join(folder, `${first}.pem`);
    await writeFile(file, certificatePem);
  });

  const add = (instance: InstanceId, more: Record<string, string> = {}) =>
    region.add.run(argumentsOf({ instance, name: 'vc', file, ...more }));

  it('proves by his word whose a certificate is, and is told whether new keys go there', async () => {
    expect(await add(first)).toMatchObject({ instance: first, births: { place: 'here', reason: 'proven' } });
    // His word alone takes nothing from who has it already.
    expect(await add(second)).toMatchObject({ births: { place: 'elsewhere', reason: 'known_elsewhere' } });
  });

  it('takes a certificate over in so many words, and both are told', async () => {
    await add(first);
    const taken = await add(second, { 'take-over': 'true' });
    expect(taken).toMatchObject({ births: { place: 'here', reason: 'proven' } });
    expect(await actionsOf(second)).toContain('certificate.prove');
    expect(await actionsOf(first)).toContain('certificate.displace');
    const [back] = await region.certificates.list(first);
    const given = argumentsOf({ instance: first, certificate: back?.id ?? '' });
    expect(await region.takeOver.run(given)).toMatchObject({ births: { place: 'here' } });
    await expect(add(second, { 'take-over': 'yes' })).rejects.toThrow('--take-over is true or false');
  });

  it('takes over what the service made for another instance, which then is refused there', async () => {
    const made = await issueClientCertificate('self-signed', { commonName: 'made', validDays: 30 });
    const request = { name: 'vc', pem: made.certificatePem, origin: 'issued' } as const;
    const { id } = await region.certificates.add(first, request, context);
    await region.certificates.remove(first, id, context);
    await writeFile(file, made.certificatePem);
    await expect(add(second)).rejects.toMatchObject({ code: 'certificate_issued_elsewhere' });
    expect(await add(second, { 'take-over': 'true' })).toMatchObject({ births: { place: 'here', reason: 'proven' } });
    await expect(region.certificates.add(first, { ...request, origin: 'presented' }, context)).rejects.toMatchObject({
      code: 'certificate_issued_elsewhere',
    });
  });

  it('hands a certificate over between accounts, with the record that the service made it', async () => {
    const issued = await issueClientCertificate('self-signed', { commonName: 'made', validDays: 30 });
    const request = { name: 'made', pem: issued.certificatePem, origin: 'issued' } as const;
    const { id: certificate } = await region.certificates.add(first, request, context);
    const given = argumentsOf({ instance: first, certificate, to: second });
    expect(await region.handOver.run(given)).toMatchObject({
      instance: second,
      births: { place: 'here', reason: 'proven' },
    });
    expect(await actionsOf(first)).toContain('certificate.displace');
    const nowhere = argumentsOf({ instance: first, certificate, to: randomUUID() });
    await expect(region.handOver.run(nowhere)).rejects.toMatchObject({
      code: 'instance_not_found',
    });
  });

  it('is told who has not accepted a renewed server certificate at an endpoint', async () => {
    await add(first);
    await add(second);
    const certificate = aPresented(await readFile(file, 'utf8'));
    const server = { ...(await issueClientCertificate('self-signed', { commonName: 'kmip', validDays: 30 })) };
    const next = { fingerprint: describeCertificate(server.certificatePem, new Date()).fingerprint, at: new Date() };
    const former = { fingerprint: 'f0'.repeat(32), at: new Date(0) };
    const seen = {
      verdict: 'accepted',
      address: '192.0.2.1',
      endpoint: 'kmip-1',
      occurrences: 1,
      certificate,
    } as const;
    await region.attempts.report([
      { ...seen, instanceId: first, at: new Date(), server: next },
      { ...seen, instanceId: second, at: new Date(), server: former },
      { ...seen, endpoint: 'kmip-2', instanceId: first, at: new Date(), server: former },
    ]);
    const renewed = join(folder, 'server.crt');
    // With the CA behind it, as an endpoint has it.
    await writeFile(renewed, server.certificatePem + (await readFile(file, 'utf8')));
    const unaccepted = async (endpoint: string) =>
      (await region.unaccepted.run(argumentsOf({ endpoint, file: renewed }))).filter((one) =>
        [first, second].includes((one as { instance: InstanceId }).instance),
      );
    expect(await unaccepted('kmip-1')).toMatchObject([
      { instance: second, certificate: 'vc', accepted: former.fingerprint },
    ]);
    expect(await unaccepted('kmip-2')).toMatchObject([{ instance: first }]);
    await region.attempts.report([{ ...seen, instanceId: second, at: new Date(), server: next }]);
    expect(await unaccepted('kmip-1')).toEqual([]);
  });

  it('issues, lists and removes KMIP credentials, and sees a password once', async () => {
    const instance = argumentsOf({ instance: first });
    const issued = (await region.issueCredential.run(instance)) as { id: string; password: string };
    expect(issued.password).toMatch(/^([a-z2-7]{4}-){7}[a-z2-7]{4}$/);
    const listed = await region.listCredentials.run(instance);
    expect(listed).toMatchObject([{ id: issued.id }]);
    expect(JSON.stringify(listed)).not.toContain(issued.password);
    expect(await region.outdatedCredentials.run()).toEqual([]);
    const admin = await database.openAdmin();
    for (const [serviceKeyVersion, valid] of [
      [1, true],
      [7, false],
    ] as const) {
      await admin.query('UPDATE kmip_credentials SET service_key_version = $1', [serviceKeyVersion]);
      const outdated = { instanceId: first, id: issued.id, serviceKeyVersion, valid };
      expect(await region.outdatedCredentials.run()).toEqual([outdated]);
    }
    await region.removeCredential.run(argumentsOf({ instance: first, credential: issued.id }));
    expect(await region.listCredentials.run(instance)).toEqual([]);
  });
});

function aPresented(pem: string): PresentedCertificate {
  const { fingerprint, sha1Fingerprint, subject, issuer, serialNumber, notBefore, notAfter } = describeCertificate(
    pem,
    new Date(),
  );
  return { fingerprint, sha1Fingerprint, subject, issuer, serialNumber, notBefore, notAfter, pem };
}
