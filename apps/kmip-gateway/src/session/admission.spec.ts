import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { toInstanceId } from '@lib/kernel';
import { ResultReason } from '@lib/kmip-protocol';
import { type PeerDescription } from '@lib/kmip-transport';
import { type DirectoryEntry } from '@lib/tenancy';
import { reasonName } from '@lib/testing';

import { AllowListJudge, type Refusal, REFUSALS, REFUSAL_TEXTS, reasonOf } from './admission';
import { alone, days, entry, FINGERPRINT, NOW, nobody, peer, stranger } from './session.fixture';

const withDates = (validFrom: Date, validTo: Date): PeerDescription => {
  const { certificate } = peer();
  if (certificate === undefined) throw new Error('the fixture has a certificate');
  return peer({ certificate: { ...certificate, validFrom, validTo } });
};

const judgeAll = (current: readonly DirectoryEntry[]) =>
  new AllowListJudge(
    { lookup: () => ({ current, former: [] }), stale: false },
    { now: () => NOW, monotonicMs: () => 0 },
  ).judge(peer());

const judge = (who: PeerDescription, known = entry(), stale = false) =>
  new AllowListJudge(
    { lookup: (fingerprint) => (fingerprint === FINGERPRINT ? alone(known) : undefined), stale },
    { now: () => NOW, monotonicMs: () => 0 },
  ).judge(who);

describe('AllowListJudge', () => {
  it('lets in a certificate of the list while it is valid', () => {
    const served = { client: entry(), owner: entry().instanceId, registrations: alone(entry()) };
    expect(judge(peer())).toEqual(served);
    expect(judge(withDates(NOW, NOW))).toEqual(served);
  });

  it.each<[string, PeerDescription, DirectoryEntry, boolean]>([
    ['no_certificate', nobody(), entry(), false],
    ['certificate_unknown', stranger(), entry(), false],
    ['certificate_not_yet_valid', withDates(days(1), days(2)), entry(), true],
    ['certificate_expired', withDates(days(-2), days(-1)), entry(), true],
    ['instance_disabled', peer(), entry({ instanceEnabled: false }), true],
    ['instance_removing', peer(), entry({ instanceState: 'removing' }), true],
  ])('refuses: %s', (refusal, who, known, ownerKnown) => {
    const verdict = judge(who, known);
    expect(verdict).toMatchObject({ refusal });
    expect('known' in verdict ? verdict.known : undefined).toEqual(ownerKnown ? known : undefined);
  });

  it.each<[string, PeerDescription, DirectoryEntry | undefined]>([
    ['who is on it', peer(), entry()],
    ['who is not', stranger(), undefined],
    ['who would be refused otherwise', withDates(days(-2), days(-1)), entry()],
  ])('refuses by an old list %s, as a trouble of ours', (_who, who, known) => {
    expect(judge(who, entry(), true)).toEqual({
      refusal: 'allow_list_outdated',
      message: REFUSAL_TEXTS.allow_list_outdated(''),
      ...(known && { known }),
    });
    expect(reasonOf('allow_list_outdated')).toBe(ResultReason.GeneralFailure);
  });

  it('has all its refusals in docs/errors.md, with reason and text', () => {
    const page = readFileSync(join(__dirname, '../../../../docs/errors.md'), 'utf8');
    const section = page.split(/^## /m).find((part) => part.startsWith('KMIP connections\n')) ?? '';
    const rows = section.split('\n').filter((line) => line.startsWith('| `'));
    const details: Partial<Record<Refusal, string>> = { certificate_unknown: '<fingerprint>' };
    expect(rows.map((row) => row.replaceAll(/ +\|/g, ' |'))).toEqual(
      REFUSALS.map((refusal) => {
        const text = REFUSAL_TEXTS[refusal](details[refusal] ?? '<date>, and the clock of this server says <date>');
        return `| \`${refusal}\` | ${reasonName(reasonOf(refusal)) ?? ''} | ${text} |`;
      }),
    );
  });

  it('lets the clock of a client be five minutes ahead, and names both clocks beyond that', () => {
    const ahead = (ms: number): Date => new Date(NOW.getTime() + ms);
    expect(judge(withDates(ahead(300_000), days(1)))).toHaveProperty('client');
    const verdict = judge(withDates(ahead(300_001), days(1)));
    expect(verdict).toMatchObject({ refusal: 'certificate_not_yet_valid' });
    const message = 'refusal' in verdict ? verdict.message : '';
    expect(message).toContain(ahead(300_001).toISOString());
    expect(message).toContain(NOW.toISOString());
  });

  it('lets in where keys are born, and without an owner where nothing shows whose it is', () => {
    const other = entry({ instanceId: toInstanceId('99999999-2222-4333-8444-555555555555'), accountId: 'a2' });
    const { registeredAt } = other.standing;
    const proven = {
      ...other,
      standing: { registeredAt, issued: false, proof: { kind: 'operator', at: NOW } },
    } as const;
    expect(judgeAll([entry(), other])).toMatchObject({ client: entry() });
    expect(judgeAll([entry(), other])).not.toHaveProperty('owner');
    expect(judgeAll([entry(), proven])).toMatchObject({ client: proven, owner: proven.instanceId });
    const disabled = { ...proven, instanceEnabled: false };
    expect(judgeAll([entry(), disabled])).toMatchObject({ client: entry() });
    expect(judgeAll([disabled])).toMatchObject({ refusal: 'instance_disabled' });
  });

  it('judges the certificate that was presented, whatever the list says of its dates', () => {
    expect(judge(withDates(days(-2), days(-1)), entry({ notAfter: days(10) }))).toHaveProperty('refusal');
  });

  it('tells a stranger its own fingerprint and nothing of anybody else', () => {
    const verdict = judge(stranger());
    expect('refusal' in verdict && verdict.message).toContain('CD:'.repeat(31) + 'CD');
    expect(JSON.stringify(verdict)).not.toContain(entry().instanceId);
  });
});
