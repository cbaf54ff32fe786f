import { createHash, randomUUID } from 'node:crypto';

import {
  type CertificateSighting,
  type ConnectionAttemptRetention,
  type ConnectionAttempts,
  type ConnectionReports,
  type CountedSighting,
  type PresentedCertificate,
} from '@lib/diagnosis';
import { type InstanceId } from '@lib/kernel';
import { type ClaimKind, type UnitOfWork } from '@lib/tenancy';

import { putInstance } from '../tenancy/tenancy.fixture';

/** What the gateways of a region saw, under test. */
export interface DiagnosisHarness {
  /** By which claims are made. */
  readonly unitOfWork: UnitOfWork;
  readonly attempts: ConnectionAttempts & ConnectionReports & ConnectionAttemptRetention;
}

const AT = new Date('2026-11-24T12:00:00.000Z');
const after = (seconds: number): Date => new Date(AT.getTime() + seconds * 1_000);

function aPresentedCertificate(changes: Partial<PresentedCertificate> = {}): PresentedCertificate {
  const id = randomUUID();
  return {
    fingerprint: createHash('sha256').update(id).digest('hex'),
    sha1Fingerprint: createHash('sha1').update(id).digest('hex'),
    subject: `CN=${id}`,
    issuer: 'CN=vc',
    serialNumber: '01',
    notBefore: after(-1),
    notAfter: after(1),
    pem: 'pem',
    ...changes,
  };
}

/** What every place that gateways report to must do: run in memory and by Postgres. */
export function describeDiagnosisContract(
  name: string,
  make: () => Promise<DiagnosisHarness> | DiagnosisHarness,
): void {
  describe(`${name} keeps connection attempts`, () => {
    let harness: DiagnosisHarness;
    let id: InstanceId;
    beforeEach(async () => {
      harness = await make();
      ({ id } = await putInstance(harness.unitOfWork));
    });
    const region: Region = {
      id: () => id,
      attempts: () => harness.attempts,
      another: async () => (await putInstance(harness.unitOfWork)).id,
      report: (...sightings) =>
        harness.attempts.report(
          sightings.map((sighting) => ({
            verdict: 'unknown_certificate',
            address: '192.0.2.1',
            endpoint: 'kmip-1',
            at: AT,
            occurrences: 1,
            ...sighting,
          })),
        ),
      claim: async (kind, value, instanceId = id) => {
        const claim = { id: randomUUID(), kind, value, createdAt: AT };
        await harness.unitOfWork.forTenant(instanceId, ({ claims }) => claims.insert(claim));
        return claim.id;
      },
    };

    describeOwnClients(region);
    describeStrangers(region);
    describeHostileCertificates(region);
    describeClaimedRefusals(region);
    describeRetention(region);
  });
}

interface Region {
  id(): InstanceId;
  attempts(): ConnectionAttempts & ConnectionAttemptRetention;
  another(): Promise<InstanceId>;
  report(...sightings: readonly Partial<CountedSighting>[]): Promise<void>;
  claim(kind: ClaimKind, value: string, instanceId?: InstanceId): Promise<string>;
}

function describeOwnClients(region: Region): void {
  const list = (query: object = {}) => region.attempts().list(region.id(), { limit: 100, ...query });

  it('of equal sightings as one, from the first to the last', async () => {
    const certificate = aPresentedCertificate();
    const own = { instanceId: region.id(), certificate, verdict: 'accepted' };
    await region.report({ ...own, at: after(1), occurrences: 2 }, { ...own, endpoint: 'kmip-2' });
    await region.report({ ...own, at: after(5), occurrences: 0 });
    await region.report({ ...own, at: after(3) });
    const [latest, other] = await list();
    expect(latest).toStrictEqual({
      id: latest?.id,
      verdict: 'accepted',
      address: '192.0.2.1',
      endpoint: 'kmip-1',
      certificate,
      occurrences: 3,
      firstAt: after(1),
      lastAt: after(5),
    });
    expect(other).toMatchObject({ endpoint: 'kmip-2', occurrences: 1 });
    expect(await region.attempts().find(region.id(), latest!.id)).toStrictEqual(latest);
  });

  it('without a certificate, when none was presented', async () => {
    await region.report({ instanceId: region.id(), verdict: 'certificate_missing' });
    expect((await list())[0]).not.toHaveProperty('certificate');
  });

  it('with the latest first, page by page, and by verdict', async () => {
    const instanceId = region.id();
    await region.report(
      { instanceId, address: '192.0.2.1', at: after(1), verdict: 'accepted' },
      { instanceId, address: '192.0.2.2', at: after(2) },
      { instanceId, address: '192.0.2.3', at: after(2) },
      { instanceId, address: '192.0.2.4', at: after(3), verdict: 'accepted' },
    );
    const all = await list();
    expect(all.map(({ lastAt }) => lastAt)).toEqual([after(3), after(2), after(2), after(1)]);
    const pages = [];
    for (let last = all[0]; last !== undefined;) {
      const [next] = await list({ limit: 1, after: { at: last.lastAt, id: last.id } });
      if (next !== undefined) pages.push(next);
      last = next;
    }
    expect(pages).toEqual(all.slice(1));
    expect((await list({ verdict: 'accepted' })).map(({ address }) => address)).toEqual(['192.0.2.4', '192.0.2.1']);
  });

  it('for the instance that allows the certificate, and for no other', async () => {
    await region.report({ instanceId: region.id(), certificate: aPresentedCertificate(), verdict: 'accepted' });
    const [own] = await list();
    const other = await region.another();
    expect(await region.attempts().list(other, { limit: 100 })).toEqual([]);
    expect(await region.attempts().find(other, own!.id)).toBeUndefined();
    expect(await region.attempts().lastAccepted(other)).toEqual(new Map());
    expect(await region.attempts().find(region.id(), 'no id')).toBeUndefined();
  });

  it('and says when each certificate was last accepted', async () => {
    const instanceId = region.id();
    const [one, other] = [aPresentedCertificate(), aPresentedCertificate()];
    await region.report(
      { instanceId, certificate: one, verdict: 'accepted', at: after(9) },
      { instanceId, certificate: one, verdict: 'accepted', at: after(2), address: '192.0.2.2' },
      { instanceId, certificate: one, verdict: 'certificate_expired', at: after(20) },
      { instanceId, certificate: other, verdict: 'accepted', address: '2001:db8::1', endpoint: 'kmip-2' },
      { instanceId, verdict: 'accepted', at: after(30) },
    );
    const expected: readonly (readonly [string, CertificateSighting])[] = [
      [one.fingerprint, { at: after(9), address: '192.0.2.1', endpoint: 'kmip-1' }],
      [other.fingerprint, { at: AT, address: '2001:db8::1', endpoint: 'kmip-2' }],
    ];
    expect(await region.attempts().lastAccepted(instanceId)).toEqual(new Map(expected));
  });

  describe('and says which certificate of an endpoint a client accepted', () => {
    const [former, next] = [{ fingerprint: 'f0'.repeat(32) }, { fingerprint: 'e1'.repeat(32) }];
    const trust = async (instanceId = region.id()) => await region.attempts().endpointTrust(instanceId);

    it('last, at each endpoint, by the beginning of its connection', async () => {
      const [certificate, instanceId] = [aPresentedCertificate(), region.id()];
      const own = { instanceId, certificate, verdict: 'accepted' };
      await region.report({ ...own, server: { ...former, at: AT } });
      await region.report({ ...own, endpoint: 'kmip-2', server: { ...former, at: after(1) } });
      await region.report({ ...own, server: { ...next, at: after(5) }, at: after(5) });
      // Open for a minute, and seen again.
      await region.report({ ...own, server: { ...former, at: AT }, at: after(60), occurrences: 0 });
      await region.report({ ...own, at: after(61), occurrences: 0 });
      // Of another machine with the same certificate, that was there before.
      await region.report({ ...own, address: '192.0.2.2', server: { ...former, at: after(4) } });
      expect((await trust()).get(certificate.fingerprint)).toEqual([
        { endpoint: 'kmip-1', server: { ...next, at: after(5) } },
        { endpoint: 'kmip-2', server: { ...former, at: after(1) } },
      ]);
      const [first] = await list();
      expect(first).toMatchObject({ server: { ...next, at: after(5) }, lastAt: after(61) });
    });

    it('and nothing where it was refused, asked for nothing, or is of another instance', async () => {
      const [certificate, other] = [aPresentedCertificate(), await region.another()];
      const server = { ...next, at: AT };
      await region.report(
        { instanceId: region.id(), certificate, verdict: 'certificate_expired', server },
        { instanceId: region.id(), certificate, verdict: 'accepted' },
        { instanceId: other, certificate, verdict: 'accepted', server },
        { certificate, server },
      );
      expect(await trust()).toEqual(new Map());
      expect([...(await trust(other)).keys()]).toEqual([certificate.fingerprint]);
    });
  });
}

/** What a certificate may say that a database cannot hold: whoever presents it must not hide who came with it. */
const HOSTILE: readonly (readonly [what: string, changes: Partial<PresentedCertificate>])[] = [
  [
    'a name that is cut off within a character',
    { subject: `CN=${'x'.repeat(3_996)}\u{1F600}`, issuer: 'y'.repeat(9_000) },
  ],
  ['a name that is half a character', { subject: 'CN=\uD83D', issuer: 'CN=\uDE00' }],
  ['a name with a zero in it', { subject: 'CN=a\0b' }],
  ['dates that nobody can read', { notBefore: new Date(8.64e15), notAfter: new Date(0) }],
  ['dates before all years', { notBefore: new Date('0000-01-01T00:00:00Z'), notAfter: new Date(-8.64e15) }],
];

function describeHostileCertificates(region: Region): void {
  it.each(HOSTILE)('of everybody who comes at the same time as %s', async (_what, changes) => {
    const [certificate, other] = [aPresentedCertificate(changes), aPresentedCertificate()];
    for (const { fingerprint } of [certificate, other]) await region.claim('fingerprint', fingerprint);
    await region.report({ certificate }, { certificate: other });
    const found = await region.attempts().list(region.id(), { limit: 10 });
    expect(found.map((attempt) => attempt.certificate?.fingerprint).sort()).toEqual(
      [certificate.fingerprint, other.fingerprint].sort(),
    );
  });
}

function describeStrangers(region: Region): void {
  it.each(['fingerprint', 'sha1Fingerprint'] as const)('of a stranger whose %s is claimed', async (known) => {
    const certificate = aPresentedCertificate();
    await region.report({ certificate }, { certificate: aPresentedCertificate() });
    const seen = () => region.attempts().list(region.id(), { limit: 100 });
    expect(await seen()).toEqual([]);
    await region.claim('fingerprint', certificate[known]);
    expect(await seen()).toMatchObject([{ certificate, verdict: 'unknown_certificate' }]);
  });

  it('of no stranger at whom a claim only guesses, and of none that another instance allows', async () => {
    const certificate = aPresentedCertificate();
    await region.report({ certificate }, { certificate, instanceId: await region.another(), endpoint: 'kmip-9' });
    await region.claim('subject', certificate.subject);
    await region.claim('address_range', '192.0.2.1/32');
    expect(await region.attempts().list(region.id(), { limit: 100 })).toEqual([]);
    await region.claim('fingerprint', certificate.fingerprint);
    expect(await region.attempts().list(region.id(), { limit: 100 })).toMatchObject([{ endpoint: 'kmip-1' }]);
  });
}

function describeClaimedRefusals(region: Region): void {
  describe('and counts strangers', () => {
    const refusals = (claimId?: string) => region.attempts().claimedRefusals(region.id(), claimId);
    /** A network of its own for each test: the database is shared. */
    const network = () => `2001:db8:${randomUUID().slice(0, 4)}:${randomUUID().slice(0, 4)}`;

    it('that fit a claim, by verdict, the latest first', async () => {
      const [certificate, second] = [aPresentedCertificate(), aPresentedCertificate()];
      const { subject } = certificate;
      await region.report(
        { certificate, occurrences: 2, at: after(1) },
        { certificate: { ...second, subject }, occurrences: 3, at: after(2) },
        { certificate, verdict: 'certificate_expired', at: after(9) },
        { certificate: aPresentedCertificate() },
      );
      const claimId = await region.claim('subject', subject);
      expect(await refusals()).toStrictEqual([
        { claimId, verdict: 'certificate_expired', occurrences: 1, lastAt: after(9) },
        { claimId, verdict: 'unknown_certificate', occurrences: 5, lastAt: after(2) },
      ]);
    });

    it('of a network, and not of the one beside it', async () => {
      const [inside, beside] = [network(), network()];
      await region.report(
        { address: `${inside}::1`, occurrences: 2 },
        { address: `${inside}:1::1` },
        { address: `${beside}::1` },
      );
      const claimId = await region.claim('address_range', `${inside}::/64`);
      expect(await refusals()).toMatchObject([{ claimId, occurrences: 3 }]);
    });

    it('of one claim or of all, and none that an instance allows', async () => {
      const certificate = aPresentedCertificate();
      await region.report({ certificate }, { certificate, instanceId: await region.another(), occurrences: 50 });
      const claims = [
        await region.claim('fingerprint', certificate.fingerprint),
        await region.claim('fingerprint', certificate.sha1Fingerprint),
      ];
      expect(new Set((await refusals()).map(({ claimId }) => claimId))).toEqual(new Set(claims));
      expect(await refusals(claims[0])).toMatchObject([{ claimId: claims[0], occurrences: 1 }]);
      expect(await region.attempts().claimedRefusals(await region.another())).toEqual([]);
      expect(await region.attempts().claimedRefusals(await region.another(), claims[0])).toEqual([]);
    });
  });
}

function describeRetention(region: Region): void {
  describe('and forgets', () => {
    /** Later than what any other test reports: the database is shared. */
    const year = (number: number): Date => new Date(Date.UTC(2100 + number, 0));

    it('what was last seen before, and beyond the maximum the oldest, strangers first', async () => {
      const [instanceId, certificate] = [region.id(), aPresentedCertificate()];
      await region.claim('fingerprint', certificate.fingerprint);
      await region.report(
        { instanceId, endpoint: 'own 0', at: year(0) },
        { instanceId, endpoint: 'own 1', at: year(1) },
        { instanceId, endpoint: 'own 3', at: year(3) },
        { certificate, endpoint: 'stranger 2', at: year(2) },
        { certificate, endpoint: 'stranger 4', at: year(4) },
      );
      const left = async () =>
        (await region.attempts().list(instanceId, { limit: 100 })).map(({ endpoint }) => endpoint);
      await region.attempts().prune(year(1), 100_000);
      expect(await left()).toEqual(['stranger 4', 'own 3', 'stranger 2', 'own 1']);
      await region.attempts().prune(year(1), 3);
      expect(await left()).toEqual(['stranger 4', 'own 3', 'own 1']);
      await region.attempts().prune(year(1), 1);
      expect(await left()).toEqual(['own 3']);
    });
  });
}
