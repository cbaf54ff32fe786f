import { type CertificateFingerprint, type InstanceId } from '@lib/kernel';
import { omit, type Proof, type Standing, type StandingRepository } from '@lib/tenancy';

import { type OpenTransaction } from '../region/in-memory-region';
import { answered, type StandingRow, type TenantRows } from '../region/tenant-rows';

type Tenants = ReadonlyMap<InstanceId, TenantRows>;

/** What a certificate has shown, everywhere. */
export const standingsOf = (
  tenants: Tenants,
  fingerprint: CertificateFingerprint,
): readonly (readonly [InstanceId, StandingRow])[] =>
  [...tenants].flatMap(([instanceId, { standings }]) => {
    const standing = standings.get(fingerprint);
    return standing === undefined ? [] : [[instanceId, standing] as const];
  });

export const toStanding = (row: StandingRow): Standing => omit(row, 'accountId', 'notAfter', 'removedAt');

/** The registrants, present and former, that hold an object. */
export const holdersOf = (
  region: Pick<OpenTransaction, 'tenants' | 'storeOf'>,
  fingerprint: CertificateFingerprint,
  uniqueIdentifier: string,
): readonly { readonly instanceId: InstanceId; readonly own: boolean }[] =>
  standingsOf(region.tenants, fingerprint).flatMap(([instanceId]) => {
    const object = region
      .storeOf(instanceId)
      .objects()
      .find((each) => each.uniqueIdentifier === uniqueIdentifier);
    return object === undefined ? [] : [{ instanceId, own: object.createdBy === fingerprint }];
  });

export class InMemoryStandings implements StandingRepository {
  constructor(private readonly transaction: OpenTransaction) {}

  get(fingerprint: CertificateFingerprint): Promise<Standing | undefined> {
    return answered(() => {
      const row = this.transaction.rows.standings.get(fingerprint);
      return row && toStanding(row);
    });
  }

  prove(fingerprint: CertificateFingerprint, proof: Proof): Promise<void> {
    return answered(() => void this.#change(fingerprint, { proof }));
  }

  setIssued(fingerprint: CertificateFingerprint, issued: boolean): Promise<void> {
    return answered(() => void this.#change(fingerprint, { issued }));
  }

  recognize(fingerprint: CertificateFingerprint, uniqueIdentifier: string): Promise<boolean> {
    return answered(() => {
      const { rows, instanceId, clock } = this.transaction;
      const holders = holdersOf(this.transaction, fingerprint, uniqueIdentifier);
      const [holder, ...others] = holders;
      const successor = holder?.instanceId === instanceId && !holder.own && others.length === 0;
      if (!successor || rows.standings.get(fingerprint)?.recognizedAt !== undefined) return false;
      return this.#change(fingerprint, { recognizedAt: clock.now() });
    });
  }

  countKeysElsewhere(fingerprint: CertificateFingerprint): Promise<number> {
    return answered(() => {
      const { tenants, rows, instanceId, storeOf } = this.transaction;
      if (!rows.standings.has(fingerprint)) return 0;
      return standingsOf(tenants, fingerprint)
        .filter(([id]) => id !== instanceId)
        .flatMap(([id]) => storeOf(id).objects())
        .filter(({ createdBy }) => createdBy === fingerprint).length;
    });
  }

  #change(fingerprint: CertificateFingerprint, change: Partial<StandingRow>): boolean {
    const { standings } = this.transaction.rows;
    const current = standings.get(fingerprint);
    if (current !== undefined) standings.set(fingerprint, { ...current, ...change });
    return current !== undefined;
  }
}
