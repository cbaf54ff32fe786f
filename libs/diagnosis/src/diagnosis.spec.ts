import { randomUUID } from 'node:crypto';

import { type Clock, type InstanceId } from '@lib/kernel';
import { describeCertificate, issueClientCertificate } from '@lib/pki';
import { type CertificateClaim, type ClaimKind } from '@lib/tenancy';
import {
  anActionContext,
  InMemoryConnectionAttempts,
  InMemoryRegion,
  InMemoryUnitOfWork,
  putInstance,
} from '@lib/testing';

import { CertificateClaimService } from './certificate-claim.service';
import { ConnectionJournal } from './connection-journal';
import { type ConnectionSighting, type CountedSighting } from './connection-attempt';

const clock: Clock = { now: () => new Date('2026-11-24T12:00:00Z'), monotonicMs: () => 0 };
const context = anActionContext();

describe('CertificateClaimService', () => {
  let region: InMemoryRegion;
  let unitOfWork: InMemoryUnitOfWork;
  let service: CertificateClaimService;
  let id: InstanceId;
  const add = (kind: ClaimKind, value: string): Promise<CertificateClaim> => service.add(id, { kind, value }, context);

  beforeEach(async () => {
    region = new InMemoryRegion(clock);
    unitOfWork = new InMemoryUnitOfWork(region);
    service = new CertificateClaimService(unitOfWork, clock, randomUUID);
    ({ id } = await putInstance(unitOfWork));
  });

  it.each<[ClaimKind, string, string]>([
    ['fingerprint', 'AB:'.repeat(31) + 'AB', 'ab'.repeat(32)],
    ['fingerprint', `SHA256 Fingerprint=${'AB:'.repeat(31)}AB`, 'ab'.repeat(32)],
    ['fingerprint', `sha256 Fingerprint=${'AB:'.repeat(31)}AB\n`, 'ab'.repeat(32)],
    ['fingerprint', `SHA-256: ${'ab '.repeat(32)}`, 'ab'.repeat(32)],
    ['fingerprint', `\u200e${'ab'.repeat(20)}`, 'ab'.repeat(20)],
    ['fingerprint', `SHA1 Thumbprint ${'AB:'.repeat(19)}AB`, 'ab'.repeat(20)],
    ['subject', ' CN=vc ', 'CN=vc'],
    ['address_range', '192.0.2.0/24', '192.0.2.0/24'],
    ['address_range', '192.0.2.7', '192.0.2.7/32'],
    ['address_range', '2001:DB8::/48', '2001:db8::/48'],
    ['address_range', '::1', '::1/128'],
    ['address_range', '1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8/128'],
  ])('takes %s %s', async (kind, given, kept) => {
    expect((await add(kind, given)).value).toBe(kept);
  });

  it.each<[ClaimKind, string]>([
    ['fingerprint', 'ab'.repeat(16)],
    ['fingerprint', `SHA256:${'x'.repeat(43)}`],
    ['fingerprint', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'],
    ['subject', '  '],
    ['subject', 'CN=vc\nCN=other'],
    ['subject', 'x'.repeat(1_025)],
    ['address_range', '0.0.0.0/0'],
    ['address_range', '10.0.0.0/8'],
    ['address_range', '2001:db8::/32'],
    ['address_range', '192.0.2.0/33'],
    ['address_range', '192.0.2.256'],
    ['address_range', '192.0.2'],
    ['address_range', '1::2::3'],
    ['address_range', '1:2:3:4:5:6:7:8:9'],
    ['address_range', ':1'],
    ['address_range', '192.0.2.0/24/1'],
    ['address_range', "1.2.3.4'; --"],
  ])('refuses %s %s', async (kind, given) => {
    await expect(add(kind, given)).rejects.toMatchObject({ code: 'invalid_claim' });
  });

  it('takes a certificate and keeps its fingerprint', async () => {
    const { certificatePem } = await issueClientCertificate('self-signed', {
      commonName: 'vc',
      validDays: 30,
      keyKind: 'ec-p256',
    });
    const { value } = await add('fingerprint', certificatePem);
    expect(value).toBe(describeCertificate(certificatePem, clock.now()).fingerprint);
  });

  it('has an end, also for those who add at once', async () => {
    for (let n = 0; n < 49; n++) await add('subject', `CN=${n}`);
    const last = await Promise.allSettled([add('subject', 'CN=last'), add('subject', 'CN=more')]);
    expect(last).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'claim_quota_exceeded' } }]);
  });

  it('is made once, recorded, and taken back', async () => {
    const claim = await add('subject', 'CN=vc');
    await expect(add('subject', ' CN=vc ')).rejects.toMatchObject({ code: 'duplicate_claim' });
    expect(await service.list(id)).toEqual([claim]);
    expect(await service.get(id, claim.id)).toEqual(claim);
    await service.remove(id, claim.id, context);
    await expect(service.remove(id, claim.id, context)).rejects.toMatchObject({ code: 'claim_not_found' });
    const details = { kind: 'subject', claim: claim.id };
    expect(region.recorded(id)).toMatchObject([
      { action: 'vmware-solutions.claim.create', details },
      { action: 'vmware-solutions.claim.delete', details },
    ]);
  });

  it('lets nobody in, and so tells no gateway', async () => {
    await add('fingerprint', 'ab'.repeat(32));
    expect(region.notices).toEqual([]);
  });

  it('is of one instance, which has to be there', async () => {
    const { id: theirs } = await add('subject', 'CN=vc');
    ({ id } = await putInstance(unitOfWork));
    await expect(service.get(id, theirs)).rejects.toMatchObject({ code: 'claim_not_found' });
    await unitOfWork.forTenant(id, ({ instance }) => instance.remove());
    await expect(add('subject', 'CN=vc')).rejects.toMatchObject({ code: 'instance_not_found' });
    await expect(service.list(id)).rejects.toMatchObject({ code: 'instance_not_found' });
  });

  it('says how many strangers it fits, and shows those whose fingerprint it is', async () => {
    const attempts = new InMemoryConnectionAttempts(region);
    const { certificatePem } = await issueClientCertificate('self-signed', {
      commonName: 'vc',
      validDays: 30,
      keyKind: 'ec-p256',
    });
    const { fingerprint, sha1Fingerprint, subject, issuer, serialNumber, notBefore, notAfter } = describeCertificate(
      certificatePem,
      clock.now(),
    );
    const dates = { notBefore, notAfter };
    const certificate = { fingerprint, sha1Fingerprint, subject, issuer, serialNumber, ...dates, pem: certificatePem };
    const log = () => undefined;
    const journal = new ConnectionJournal({ reports: attempts, log, schedule: () => log });
    journal.note({
      verdict: 'unknown_certificate',
      address: '192.0.2.1',
      endpoint: 'kmip-1',
      at: clock.now(),
      certificate,
    });
    await journal.flush();
    await add('subject', 'CN=vc');
    expect(await attempts.claimedRefusals(id)).toMatchObject([{ verdict: 'unknown_certificate', occurrences: 1 }]);
    expect(await attempts.list(id, { limit: 10 })).toEqual([]);
    await add('fingerprint', certificatePem);
    expect(await attempts.list(id, { limit: 10 })).toMatchObject([{ certificate }]);
  });
});

describe('ConnectionJournal', () => {
  let written: (readonly CountedSighting[])[] = [];
  let down = false;
  let due: (() => void) | undefined;
  let delays: number[] = [];
  let journal: ConnectionJournal;
  const sighting = (address: string, verdict = 'accepted'): ConnectionSighting => ({
    verdict,
    address,
    endpoint: 'kmip-1',
    at: clock.now(),
  });

  beforeEach(() => {
    written = [];
    delays = [];
    down = false;
    journal = new ConnectionJournal({
      reports: {
        report: (sightings) => {
          if (down) return Promise.reject(new Error('down'));
          written.push(sightings);
          return Promise.resolve();
        },
      },
      log: () => undefined,
      capacity: 3,
      schedule: (work, delayMs) => {
        due = work;
        delays.push(delayMs);
        return () => (due = undefined);
      },
    });
  });

  it('counts equal sightings and writes them once', async () => {
    for (let n = 0; n < 5; n++) journal.note(sighting('192.0.2.1'));
    journal.note(sighting('192.0.2.1', 'certificate_expired'));
    due?.();
    await journal.flush();
    expect(written.map((batch) => batch.map(({ occurrences }) => occurrences))).toEqual([[5, 1]]);
  });

  it('writes at once after a quiet time, and then once a second while there is something', async () => {
    const elapse = async (): Promise<void> => {
      due?.();
      await new Promise(setImmediate);
    };
    journal.note(sighting('192.0.2.1'));
    await elapse();
    journal.note(sighting('192.0.2.2'));
    journal.note(sighting('192.0.2.2'));
    await elapse();
    await elapse();
    journal.note(sighting('192.0.2.3'));
    await elapse();
    expect(written.map((batch) => batch.map(({ occurrences }) => occurrences))).toEqual([[1], [2], [1]]);
    expect(delays).toEqual([50, 1_000, 1_000, 50, 1_000]);
  });

  it('keeps the time of a client that is still seen, without counting it again', async () => {
    journal.note(sighting('192.0.2.1'));
    const later = { ...sighting('192.0.2.1'), at: new Date(clock.now().getTime() + 60_000) };
    journal.note(later, 0);
    await journal.flush();
    expect(written).toEqual([[{ ...later, occurrences: 1 }]]);
  });

  it('keeps what the newest connection accepted, whichever is seen last', async () => {
    const [former, next] = [clock.now(), new Date(clock.now().getTime() + 500)];
    const seen = sighting('192.0.2.1');
    journal.note({ ...seen, server: { fingerprint: 'former', at: former } });
    journal.note({ ...seen, server: { fingerprint: 'next', at: next } });
    journal.note({ ...seen, server: { fingerprint: 'former', at: former } }, 0);
    journal.note(seen, 0);
    await journal.flush();
    expect(written).toEqual([[{ ...seen, occurrences: 2, server: { fingerprint: 'next', at: next } }]]);
  });

  it('drops what does not fit, and says how much', async () => {
    for (let n = 0; n < 10; n++) journal.note(sighting(`192.0.2.${n}`));
    await journal.stop();
    expect([written[0]?.length, journal.dropped]).toEqual([3, 7]);
  });

  it('goes on after an outage', async () => {
    down = true;
    journal.note(sighting('192.0.2.1'));
    await journal.flush();
    down = false;
    journal.note(sighting('192.0.2.2'));
    await journal.stop();
    expect(written.flat().map(({ address }) => address)).toEqual(['192.0.2.2']);
    expect(journal.dropped).toBe(1);
  });

  it('writes nothing when there is nothing', async () => {
    await journal.stop();
    expect(written).toEqual([]);
  });
});
