import { toFingerprint, toInstanceId } from '@lib/kernel';
import fc from 'fast-check';

import { type Birthplace, birthplaceOf, type ProofPolicy } from './birthplace';
import {
  admitted,
  type DirectoryEntry,
  type FormerRegistration,
  PROOF_KINDS,
  type Registrations,
} from './registration';

const NOW = new Date('2026-12-01T00:00:00Z');
const FINGERPRINT = toFingerprint('ab'.repeat(32));
const at = (day: number): Date => new Date(NOW.getTime() + day * 86_400_000);
const instanceId = (letter: string) => toInstanceId(`${letter.repeat(8)}-1111-4111-8111-111111111111`);

interface Facts {
  readonly account?: string;
  readonly proof?: number;
  readonly established?: boolean;
  readonly recognized?: boolean;
  readonly enabled?: boolean;
  readonly registered?: number;
}

const former = (letter: string, facts: Facts = {}): FormerRegistration => ({
  fingerprint: FINGERPRINT,
  instanceId: instanceId(letter),
  accountId: facts.account ?? letter,
  standing: {
    registeredAt: at(facts.registered ?? -30),
    issued: false,
    ...(facts.proof !== undefined && { proof: { kind: 'credential', at: at(facts.proof) } }),
    ...(facts.established === true && { establishedAt: at(-10) }),
    ...(facts.recognized === true && { recognizedAt: at(-1) }),
  },
});

const current = (letter: string, facts: Facts = {}): DirectoryEntry => ({
  ...former(letter, facts),
  certificateId: `certificate-${letter}`,
  certificateName: letter,
  notBefore: at(-100),
  notAfter: at(100),
  instanceEnabled: facts.enabled ?? true,
  instanceState: 'installed',
  maximumKeys: 10,
  credentialPolicy: 'ignore',
});

const told = (birthplace: Birthplace): string =>
  'instance' in birthplace ? birthplace.instance.certificateName : birthplace.refusal;

const birth = (
  registrations: readonly DirectoryEntry[],
  before: readonly FormerRegistration[] = [],
  named?: string,
  policy: ProofPolicy = {},
): string =>
  told(
    birthplaceOf(
      { current: registrations, former: before },
      policy,
      NOW,
      named === undefined ? undefined : instanceId(named),
    ),
  );

describe('where keys are born', () => {
  it.each<[string, string, readonly DirectoryEntry[], readonly FormerRegistration[]]>([
    ['the only registration', 'a', [current('a')], []],
    ['nobody, of two that show nothing', 'certificate_unproven', [current('a'), current('b')], []],
    ['the one that is proven', 'b', [current('a'), current('b', { proof: -1 })], []],
    [
      'the one proven, not the one established',
      'b',
      [current('a', { established: true }), current('b', { proof: -1 })],
      [],
    ],
    ['the latest proof', 'a', [current('a', { proof: -1 }), current('b', { proof: -2 })], []],
    ['the one established', 'a', [current('a', { established: true }), current('b')], []],
    ['the one that recognizes a successor', 'b', [current('a'), current('b', { recognized: true })], []],
    [
      'nobody, where two recognize it',
      'certificate_unproven',
      [current('a', { recognized: true }), current('b', { recognized: true })],
      [],
    ],
    [
      'nobody, while the proven one is disabled',
      'registration_not_serving',
      [current('a', { proof: -1, enabled: false }), current('b')],
      [],
    ],
    [
      'nobody, after the proven one was removed',
      'registration_not_serving',
      [current('b')],
      [former('a', { proof: -1 })],
    ],
    ['nobody, after an older one was removed', 'certificate_unproven', [current('b')], [former('a')]],
    ['who proves itself after the removal', 'b', [current('b', { proof: 0 })], [former('a', { proof: -1 })]],
    [
      'the other instance of an owner that moves',
      'b',
      [current('b', { account: 'x' })],
      [former('a', { account: 'x', proof: -1 })],
    ],
    [
      'nobody, where an owner moves and a stranger waits',
      'registration_not_serving',
      [current('b', { account: 'x' }), current('c')],
      [former('a', { account: 'x', established: true })],
    ],
  ])('is %s', (_, expected, registrations, before) => {
    expect(birth(registrations, before)).toBe(expected);
  });

  it('is what the request names, of those that register the certificate', () => {
    const registrations = [current('a', { proof: -1 }), current('b'), current('c', { enabled: false })];
    expect(birth(registrations, [], 'b')).toBe('b');
    expect(birth(registrations, [], 'c')).toBe('registration_not_serving');
    expect(birth(registrations, [], 'd')).toBe('a');
  });

  it.each<[string, Facts, ProofPolicy, string]>([
    ['newcomers', { registered: -1 }, { requiredSince: at(-2) }, 'proof_required'],
    ['newcomers that have proven', { registered: -1, proof: 0 }, { requiredSince: at(-2) }, 'a'],
    ['older ones, before the date', { registered: -3 }, { requiredSince: at(-2), olderFrom: at(1) }, 'a'],
    ['older ones, after the date', { registered: -3 }, { requiredSince: at(-2), olderFrom: at(0) }, 'proof_required'],
    ['older ones without a date', { registered: -3, established: true }, { requiredSince: at(-2) }, 'a'],
    ['anybody, when nothing is required', { registered: -1 }, { olderFrom: at(-2) }, 'a'],
  ])('follows what the operator demands of %s', (_, facts, policy, expected) => {
    expect(birth([current('a', facts)], [], undefined, policy)).toBe(expected);
  });
});

const registrations: fc.Arbitrary<Registrations> = fc
  .array(
    fc.record({
      account: fc.constantFrom('x', 'y', 'z'),
      proof: fc.option(fc.integer({ min: -20, max: 0 }), { nil: undefined }),
      established: fc.boolean(),
      recognized: fc.boolean(),
      enabled: fc.boolean(),
      removed: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((all) => {
    const named = all.map(({ removed, proof, ...facts }, index) => ({
      removed,
      letter: 'abcde'.charAt(index),
      facts: { ...facts, ...(proof !== undefined && { proof }) },
    }));
    return {
      current: named.filter(({ removed }) => !removed).map(({ letter, facts }) => current(letter, facts)),
      former: named.filter(({ removed }) => removed).map(({ letter, facts }) => former(letter, facts)),
    };
  });

/** A stranger's, which shows nothing. */
const stranger = current('f', { account: 'stranger', registered: 0 });

describe('nobody takes anything by registering or by removing', () => {
  it('a registration without proof never becomes the birthplace where another instance serves', () => {
    fc.assert(
      fc.property(registrations, ({ current: before, former: gone }) => {
        const joined = birth([...before, stranger], gone);
        if (before.length > 0 || gone.length > 0) expect(joined).not.toBe('f');
      }),
    );
  });

  it('a registration without proof moves no birthplace that rests on more than being alone', () => {
    fc.assert(
      fc.property(registrations, (all) => {
        const firm = all.current.some(({ standing }) => standing.proof ?? standing.establishedAt);
        fc.pre(firm && all.former.length === 0);
        expect(birth([...all.current, stranger])).toBe(birth(all.current));
      }),
    );
  });

  it('removing or disabling one never makes an account the birthplace that was not', () => {
    fc.assert(
      fc.property(registrations, fc.nat(4), fc.boolean(), (all, index, disable) => {
        const target = all.current[index % Math.max(1, all.current.length)];
        fc.pre(target !== undefined);
        const before = birthplaceOf(all, {}, NOW);
        fc.pre('instance' in before && before.instance === target);
        const rest = all.current.filter((entry) => entry !== target);
        const after = disable
          ? { current: [...rest, { ...target, instanceEnabled: false }], former: all.former }
          : { current: rest, former: [...all.former, target as FormerRegistration].map(withoutCertificate) };
        const place = birthplaceOf(after, {}, NOW);
        if ('instance' in place) expect(place.instance.accountId).toBe(target.accountId);
      }),
    );
  });

  it('is always one that is registered and serves', () => {
    fc.assert(
      fc.property(registrations, (all) => {
        const place = birthplaceOf(all, {}, NOW);
        if ('instance' in place) expect(all.current.includes(place.instance) && admitted(place.instance)).toBe(true);
      }),
    );
  });

  it('knows every kind of proof', () => {
    for (const kind of PROOF_KINDS) {
      const proven = current('b');
      const entry = { ...proven, standing: { ...proven.standing, proof: { kind, at: NOW } } };
      expect(birth([current('a'), entry])).toBe('b');
    }
  });
});

function withoutCertificate({
  fingerprint,
  instanceId: id,
  accountId,
  standing,
}: FormerRegistration): FormerRegistration {
  return { fingerprint, instanceId: id, accountId, standing };
}
