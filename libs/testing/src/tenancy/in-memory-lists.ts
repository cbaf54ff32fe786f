import {
  type CertificateClaim,
  type CertificateClaimRepository,
  type KmipCredential,
  type KmipCredentialRepository,
  TenancyError,
} from '@lib/tenancy';

import { type OpenTransaction } from '../region/in-memory-region';
import { answered } from '../region/tenant-rows';

export class InMemoryCertificateClaims implements CertificateClaimRepository {
  constructor(private readonly transaction: OpenTransaction) {}

  list(): Promise<readonly CertificateClaim[]> {
    return answered(() => [...this.transaction.rows.claims.values()].sort((a, b) => (a.id < b.id ? -1 : 1)));
  }

  count(): Promise<number> {
    return answered(() => this.transaction.rows.claims.size);
  }

  get(id: string): Promise<CertificateClaim | undefined> {
    return answered(() => this.transaction.rows.claims.get(id));
  }

  insert(claim: CertificateClaim): Promise<void> {
    return answered(() => {
      const { claims } = this.transaction.rows;
      if ([...claims.values()].some(({ kind, value }) => kind === claim.kind && value === claim.value))
        throw new TenancyError('duplicate_claim', 'the instance has made this claim already');
      claims.set(claim.id, claim);
    });
  }

  remove(id: string): Promise<void> {
    return answered(() => void this.transaction.rows.claims.delete(id));
  }
}

type DatedCredential = KmipCredential & { readonly createdAt: Date };

export class InMemoryKmipCredentials implements KmipCredentialRepository {
  constructor(private readonly transaction: OpenTransaction) {}

  list(): Promise<readonly DatedCredential[]> {
    return answered(() =>
      [...this.transaction.rows.kmipCredentials.values()].sort(
        (a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1),
      ),
    );
  }

  count(): Promise<number> {
    return answered(() => this.transaction.rows.kmipCredentials.size);
  }

  insert(credential: DatedCredential): Promise<void> {
    return answered(() => void this.transaction.rows.kmipCredentials.set(credential.id, credential));
  }

  remove(id: string): Promise<void> {
    return answered(() => void this.transaction.rows.kmipCredentials.delete(id));
  }
}
