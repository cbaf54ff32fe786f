import { randomUUID } from 'node:crypto';

import { type CertificateFingerprint, type InstanceId } from '@lib/kernel';
import {
  aClientCertificate,
  anActionContext,
  InMemoryRegion,
  InMemoryRegionDirectory,
  InMemoryUnitOfWork,
  ManualClock,
  putInstance,
} from '@lib/testing';

import { type ClientCertificate } from '../client-certificate';
import { birthplaceOf } from './birthplace';
import { CertificateProofService } from './certificate-proof.service';
import { registrantsOf } from './registrants';

const context = anActionContext();

describe('CertificateProofService', () => {
  const clock = new ManualClock(new Date());
  let region: InMemoryRegion;
  let unitOfWork: InMemoryUnitOfWork;
  let directory: InMemoryRegionDirectory;
  let proofs: CertificateProofService;
  let one: InstanceId;
  let other: InstanceId;
  let certificate: ClientCertificate;
  let fingerprint: CertificateFingerprint;
  beforeEach(async () => {
    region = new InMemoryRegion(clock);
    unitOfWork = new InMemoryUnitOfWork(region);
    directory = new InMemoryRegionDirectory(region);
    proofs = new CertificateProofService(unitOfWork, clock, { newId: randomUUID, directory });
    [one, other] = [(await putInstance(unitOfWork)).id, (await putInstance(unitOfWork)).id];
    certificate = aClientCertificate(one);
    ({ fingerprint } = certificate);
    await register(certificate);
  });

  const register = (each: ClientCertificate) =>
    unitOfWork.forTenant(each.instanceId, ({ certificates }) => certificates.insert(each));
  const prove = (instanceId: InstanceId) => {
    clock.advance(1_000);
    return proofs.prove(instanceId, fingerprint, 'credential', context);
  };
  const setIssued = (instanceId: InstanceId) =>
    unitOfWork.forTenant(instanceId, ({ standings }) => standings.setIssued(fingerprint, true));
  const standing = (instanceId: InstanceId) =>
    unitOfWork.forTenant(instanceId, ({ standings }) => standings.get(fingerprint));
  const birthplace = async () => {
    const place = birthplaceOf(await registrantsOf(directory, fingerprint), {}, clock.now());
    return 'instance' in place ? place.instance.instanceId : place.refusal;
  };
  const recorded = (instanceId: InstanceId) =>
    region
      .recorded(instanceId)
      .map(({ action, initiator }) => [action.replace('vmware-solutions.', ''), initiator.kind]);

  it('lets the latest proof decide, and tells who had it before without saying by whom', async () => {
    await register(aClientCertificate(other, { fingerprint }));
    expect(await birthplace()).toBe('certificate_unproven');
    await prove(one);
    expect(await birthplace()).toBe(one);
    await prove(other);
    expect(await birthplace()).toBe(other);
    expect(recorded(one)).toEqual([
      ['certificate.prove', 'user'],
      ['certificate.displace', 'system'],
    ]);
    expect(recorded(other)).toEqual([['certificate.prove', 'user']]);
    expect(JSON.stringify(region.recorded(one))).not.toContain(other);
  });

  it('records no proof of a certificate that is not registered any more', async () => {
    await unitOfWork.forTenant(one, ({ certificates }) => certificates.removeAll());
    await prove(one);
    expect((await standing(one))?.proof).toBeUndefined();
    expect(recorded(one)).toEqual([]);
  });

  it("takes a certificate over at the operator's word, with what we made, and tells both", async () => {
    await setIssued(one);
    await prove(one);
    const taken = aClientCertificate(other, { fingerprint });
    const add = async () => {
      await register(taken);
      return taken;
    };
    clock.advance(1_000);
    await proofs.addTakenOver(other, fingerprint, add, context);
    expect(await birthplace()).toBe(other);
    expect([(await standing(one))?.issued, (await standing(other))?.issued]).toEqual([false, true]);
    expect((await standing(other))?.proof?.kind).toBe('operator');
    expect(recorded(one).at(-1)).toEqual(['certificate.displace', 'system']);
    expect(recorded(other)).toEqual([['certificate.prove', 'user']]);
  });

  it('leaves all as it was when the certificate cannot be added', async () => {
    await setIssued(one);
    const full = () => Promise.reject(new Error('full'));
    await expect(proofs.addTakenOver(other, fingerprint, full, context)).rejects.toThrow('full');
    expect((await standing(one))?.issued).toBe(true);
    expect(await birthplace()).toBe(one);
  });

  describe('hands over', () => {
    const handOver = () => {
      clock.advance(1_000);
      return proofs.handOver(one, certificate.id, other, context);
    };

    it('a certificate that is proven where it comes from, and registers it where it goes', async () => {
      await prove(one);
      const received = await handOver();
      expect(received).toMatchObject({ instanceId: other, fingerprint, name: certificate.name, revision: 1 });
      expect(await birthplace()).toBe(other);
      expect((await standing(other))?.proof?.kind).toBe('hand_over');
    });

    it('what was handed over already, when it is repeated', async () => {
      await setIssued(one);
      await prove(one);
      const first = await handOver();
      expect(await handOver()).toEqual(first);
      expect((await standing(other))?.issued).toBe(true);
    });

    it('no certificate that is not proven, or is proven later elsewhere', async () => {
      await expect(handOver()).rejects.toMatchObject({ code: 'hand_over_unproven' });
      await prove(one);
      const { id: third } = await putInstance(unitOfWork);
      await register(aClientCertificate(third, { fingerprint }));
      await prove(third);
      await expect(handOver()).rejects.toMatchObject({ code: 'hand_over_unproven' });
      expect(await birthplace()).toBe(third);
    });

    it('nothing to an instance that does not exist', async () => {
      await setIssued(one);
      await prove(one);
      await unitOfWork.forTenant(other, ({ instance }) => instance.remove());
      await expect(handOver()).rejects.toMatchObject({ code: 'instance_not_found' });
      expect((await standing(one))?.issued).toBe(true);
    });
  });
});
