import { type CertificateFingerprint, type InstanceId, toFingerprint } from '@lib/kernel';
import { propertyRuns } from '@lib/testing';
import fc from 'fast-check';

import { CREDENTIAL_POLICIES, INSTANCE_STATES } from '../instance';
import { type Listing } from '../ports';
import { kmipUserNameOf } from '../proof/kmip-credential';
import {
  admitted,
  type DirectoryEntry,
  type FormerRegistration,
  PROOF_KINDS,
  type Registrations,
} from '../proof/registration';
import { RegistrationTable } from './registration-table';

const uuid = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const instanceOf = (n: number): InstanceId => uuid(n) as InstanceId;
/** They differ in their last bytes alone, or in their first. */
const fingerprintOf = (n: number): CertificateFingerprint => {
  const text = n.toString(16).padStart(8, '0');
  return toFingerprint(n % 2 === 0 ? text.padStart(64, '0') : text.padEnd(64, '0'));
};

const date = fc.date({ min: new Date('1950-01-01'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true });
const optional = (name: 'establishedAt' | 'recognizedAt') =>
  fc.option(date).map((at) => (at === null ? {} : { [name]: at }));
const standing = fc
  .tuple(date, fc.boolean(), fc.option(fc.record({ kind: fc.constantFrom(...PROOF_KINDS), at: date })))
  .chain(([registeredAt, issued, proof]) =>
    fc.tuple(optional('establishedAt'), optional('recognizedAt')).map(([established, recognized]) => {
      return { registeredAt, issued, ...(proof && { proof }), ...established, ...recognized };
    }),
  );
const terms = fc.record({
  instanceEnabled: fc.boolean(),
  instanceState: fc.constantFrom(...INSTANCE_STATES),
  maximumKeys: fc.nat(),
  credentialPolicy: fc.constantFrom(...CREDENTIAL_POLICIES),
});
const certificate = fc.record({
  certificateId: fc.uuid(),
  certificateName: fc.string({ unit: 'grapheme', maxLength: 20 }),
  notBefore: date,
  notAfter: date,
});
const registration = fc.tuple(fc.nat({ max: 40 }), standing, fc.option(certificate));

/** What an instance has from now on: each certificate once, all under the same terms. */
const listing = (instance: number) =>
  fc
    .tuple(terms, fc.uniqueArray(registration, { maxLength: 6, selector: ([n]) => n }), fc.boolean())
    .map(([ownTerms, all, hasPassword]): Listing => {
      const instanceId = instanceOf(instance);
      const entries = all.map(([n, own, whole]) => {
        const former = {
          fingerprint: fingerprintOf(n),
          instanceId,
          accountId: `account ${instance % 3}`,
          standing: own,
        };
        return whole === null ? former : { ...former, ...whole, ...ownTerms };
      });
      const credential = { instanceId, id: 'c1', passwordHmac: Buffer.from([instance]), serviceKeyVersion: 1 };
      return {
        current: entries.filter((entry): entry is DirectoryEntry => 'certificateId' in entry),
        former: entries.filter((entry) => !('certificateId' in entry)),
        credentials: hasPassword ? [credential] : [],
      };
    });

const nothing: Listing = { current: [], former: [], credentials: [] };
const INSTANCES = 30;
const step = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: INSTANCES }).chain((n) => fc.record({ n: fc.constant(n), own: listing(n) })) },
  { weight: 2, arbitrary: fc.record({ n: fc.nat({ max: INSTANCES }), own: fc.constant(nothing) }) },
  // A whole reading that finds some of them as they were.
  { weight: 1, arbitrary: fc.record({ found: fc.uniqueArray(fc.nat({ max: INSTANCES })) }) },
);

/** The same as plain maps. */
class Model {
  readonly shelves = new Map<InstanceId, Listing>();

  find(fingerprint: CertificateFingerprint): Registrations | undefined {
    const all = <T extends FormerRegistration>(of: (listing: Listing) => readonly T[]): T[] =>
      [...this.shelves.values()]
        .flatMap((own) => of(own).filter((entry) => entry.fingerprint === fingerprint))
        .sort((a, b) => +a.standing.registeredAt - +b.standing.registeredAt || (a.instanceId < b.instanceId ? -1 : 1));
    const [current, former] = [all((own) => own.current), all((own) => own.former)];
    return current.length + former.length === 0 ? undefined : { current, former };
  }

  admitted(): Set<CertificateFingerprint> {
    const all = [...this.shelves.values()].flatMap(({ current }) => current.filter(admitted));
    return new Set(all.map(({ fingerprint }) => fingerprint));
  }

  replace(instanceId: InstanceId, own: Listing): CertificateFingerprint[] {
    const before = this.admitted();
    if (own.current.length + own.former.length + own.credentials.length === 0) this.shelves.delete(instanceId);
    else this.shelves.set(instanceId, own);
    const after = this.admitted();
    return [...before].filter((fingerprint) => !after.has(fingerprint));
  }
}

describe('RegistrationTable', () => {
  const all = Array.from({ length: 41 }, (_, n) => fingerprintOf(n));

  it('is what plain maps would be, whatever comes, changes, goes and is swept away', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const [table, model] = [new RegistrationTable(), new Model()];
        const replace = (instanceId: InstanceId, own: Listing): void => {
          expect(table.replace(instanceId, own).toSorted()).toEqual(model.replace(instanceId, own).sort());
        };
        for (const each of steps) {
          if ('own' in each) replace(instanceOf(each.n), each.own);
          else {
            table.beginReading();
            const found = each.found.map(instanceOf).filter((id) => model.shelves.has(id));
            for (const id of found) replace(id, model.shelves.get(id)!);
            expect([...table.unread()].sort()).toEqual(
              [...model.shelves.keys()].filter((id) => !found.includes(id)).sort(),
            );
            for (const id of table.unread()) replace(id, nothing);
          }
          // Some are asked for in between, so that answers are known when their rows change.
          for (const fingerprint of all.slice(0, 20)) expect(table.find(fingerprint)).toEqual(model.find(fingerprint));
        }
        for (const fingerprint of all) expect(table.find(fingerprint)).toEqual(model.find(fingerprint));
        expect(table.size).toBe(all.filter((each) => (model.find(each)?.current.length ?? 0) > 0).length);
        for (let n = 0; n <= INSTANCES; n += 1) {
          const own = model.shelves.get(instanceOf(n))?.credentials ?? [];
          expect(table.credentialsOf(kmipUserNameOf(instanceOf(n)))).toEqual(own);
        }
      }),
      propertyRuns(200),
    );
  });

  const alone = (n: number): Listing => ({
    current: [],
    former: [
      {
        fingerprint: fingerprintOf(n),
        instanceId: instanceOf(n),
        accountId: 'account',
        standing: { registeredAt: new Date(n), issued: false },
      },
    ],
    credentials: [],
  });

  it('finds each of many, and takes the places of those that went for those that come', () => {
    const table = new RegistrationTable();
    for (let n = 0; n < 5_000; n += 1) table.replace(instanceOf(n), alone(n));
    for (let n = 0; n < 5_000; n += 3) table.replace(instanceOf(n), nothing);
    for (let n = 5_000; n < 6_000; n += 1) table.replace(instanceOf(n), alone(n));
    const found = Array.from({ length: 6_000 }, (_, n) => table.find(fingerprintOf(n))?.former[0]?.instanceId);
    expect(found).toEqual(found.map((_, n) => (n < 5_000 && n % 3 === 0 ? undefined : instanceOf(n))));
  });

  it('goes through all instances in slices, each once a turn', () => {
    const table = new RegistrationTable();
    for (let n = 0; n < 50; n += 1) table.replace(instanceOf(n), alone(n));
    for (let n = 0; n < 50; n += 7) table.replace(instanceOf(n), nothing);
    const seen: InstanceId[] = [];
    let place = 0;
    do {
      const slice = table.instancesFrom(place, 20);
      seen.push(...slice.instances);
      place = slice.next;
    } while (place !== 0);
    expect(seen).toEqual(
      Array.from({ length: 50 }, (_, n) => n)
        .filter((n) => n % 7 !== 0)
        .map(instanceOf),
    );
  });

  it('knows nobody by half a fingerprint, and none that nobody can present', () => {
    const table = new RegistrationTable();
    const [entry] = alone(1).former;
    table.replace(instanceOf(1), { ...alone(1), former: [{ ...entry!, fingerprint: 'ab' as CertificateFingerprint }] });
    expect(['ab', '', 'x'.repeat(64)].map((text) => table.find(text as CertificateFingerprint))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
