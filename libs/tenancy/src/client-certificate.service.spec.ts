import { randomUUID } from 'node:crypto';

import { type InstanceId } from '@lib/kernel';
import { describeCertificate, issueClientCertificate } from '@lib/pki';
import {
  anActionContext,
  InMemoryRegion,
  InMemoryRegionDirectory,
  InMemoryUnitOfWork,
  ManualClock,
  putInstance,
} from '@lib/testing';

import { ClientCertificateService, type NewClientCertificate } from './client-certificate.service';

const MAXIMUM = 3;
const context = anActionContext();
const newPem = async (): Promise<string> => {
  const request = { commonName: 'vcenter', validDays: 90, keyKind: 'ec-p256' } as const;
  return (await issueClientCertificate('self-signed', request)).certificatePem;
};

describe('ClientCertificateService', () => {
  const clock = new ManualClock(new Date());
  let region: InMemoryRegion;
  let unitOfWork: InMemoryUnitOfWork;
  let certificates: ClientCertificateService;
  let id: InstanceId;
  let pem: string;
  beforeAll(async () => {
    pem = await newPem();
  });
  beforeEach(async () => {
    region = new InMemoryRegion(clock);
    unitOfWork = new InMemoryUnitOfWork(region);
    const directory = new InMemoryRegionDirectory(region);
    const options = { newId: randomUUID, directory, maximumPerInstance: MAXIMUM };
    certificates = new ClientCertificateService(unitOfWork, clock, options);
    ({ id } = await putInstance(unitOfWork));
  });

  const add = (changes: Partial<NewClientCertificate> = {}, instanceId = id) =>
    certificates.add(instanceId, { name: 'vc', pem, ...changes }, context);
  const proofOf = async (instanceId = id) => {
    const { fingerprint } = describeCertificate(pem, clock.now());
    return (await unitOfWork.forTenant(instanceId, ({ standings }) => standings.get(fingerprint)))?.proof?.kind;
  };

  it('keeps a certificate under its name, written anew', async () => {
    const added = await add({ name: ' vcenter ', pem: `\n${pem}\n` });
    expect(added).toMatchObject({ name: 'vcenter', subject: 'CN=vcenter', keyType: 'ec-prime256v1', revision: 1 });
    expect(added.pem.trim()).toBe(pem.trim());
    expect(await certificates.get(id, added.id)).toEqual(added);
    expect(region.recorded(id)).toMatchObject([
      {
        action: 'vmware-solutions.certificate.create',
        target: { kind: 'certificate', id: added.id, name: 'vcenter' },
        details: { fingerprint: added.fingerprint },
      },
    ]);
    expect(region.notices).toEqual([id]);
  });

  it('allows no more than the quota to those who add at once', async () => {
    const pems = await Promise.all(Array.from({ length: MAXIMUM + 2 }, newPem));
    const added = await Promise.allSettled(pems.map((each, n) => add({ name: `vc-${String(n)}`, pem: each })));
    const refused = added.filter(({ status }) => status === 'rejected');
    const refusal = { reason: { code: 'certificate_quota_exceeded' } };
    expect(refused).toMatchObject([refusal, refusal]);
    expect(await certificates.list(id)).toHaveLength(MAXIMUM);
  });

  it.each<[string, Partial<NewClientCertificate>, string]>([
    ['a second time', { name: 'again' }, 'duplicate_certificate'],
    ['without a name', { name: '\u0000' }, 'invalid_name'],
  ])('does not take a certificate %s', async (_how, changes, code) => {
    await add();
    await expect(add(changes)).rejects.toMatchObject({ code });
  });

  it('does not take a certificate that has ended', async () => {
    clock.advance(91 * 86_400_000);
    await expect(add()).rejects.toThrow();
    clock.advance(-91 * 86_400_000);
    expect(await certificates.list(id)).toEqual([]);
  });

  describe('of a certificate', () => {
    it.each<[NonNullable<NewClientCertificate['origin']>, string | undefined]>([
      ['presented', undefined],
      ['operator', 'operator'],
      ['issued', 'issued'],
    ])('that is %s, it is proven by %s', async (origin, proof) => {
      await add({ origin });
      expect(await proofOf()).toBe(proof);
      expect(region.recorded(id)[0]?.details?.['proof']).toBe(proof);
    });

    it("the operator's word alone proves nothing where others register it, or did", async () => {
      const other = await putInstance(unitOfWork);
      const { id: theirs } = await add({}, other.id);
      await certificates.remove(other.id, theirs, context);
      await add({ origin: 'operator' });
      expect(await proofOf()).toBeUndefined();
    });

    it('that we made for one instance, no other takes it', async () => {
      const other = await putInstance(unitOfWork);
      await add({ origin: 'issued' }, other.id);
      await expect(add()).rejects.toMatchObject({ code: 'certificate_issued_elsewhere' });
    });
  });

  it('changes and removes what the caller has seen, and nothing that changed meanwhile', async () => {
    const { id: certificateId } = await add();
    const attempts = await Promise.allSettled([
      certificates.rename(id, certificateId, 'one', context, 1),
      certificates.rename(id, certificateId, 'other', context, 1),
      certificates.remove(id, certificateId, context, 1),
    ]);
    const late = { reason: { code: 'revision_mismatch' } };
    expect(attempts).toMatchObject([{ value: { name: 'one', revision: 2 } }, late, late]);
    await certificates.remove(id, certificateId, context, 2);
    await expect(certificates.get(id, certificateId)).rejects.toMatchObject({ code: 'certificate_not_found' });
    expect(region.recorded(id).map(({ action }) => action)).toEqual([
      'vmware-solutions.certificate.create',
      'vmware-solutions.certificate.update',
      'vmware-solutions.certificate.delete',
    ]);
    expect(region.notices).toEqual([id, id, id]);
  });

  it('says of a certificate of another instance what it says of none', async () => {
    const { id: theirs } = await add({}, (await putInstance(unitOfWork)).id);
    const foreign = [
      certificates.get(id, theirs),
      certificates.rename(id, theirs, 'x', context),
      certificates.remove(id, theirs, context),
    ];
    for (const attempt of foreign) await expect(attempt).rejects.toMatchObject({ code: 'certificate_not_found' });
  });
});
