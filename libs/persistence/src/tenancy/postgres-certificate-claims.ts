import { type InstanceId, isUuid } from '@lib/kernel';
import { type CertificateClaim, type CertificateClaimRepository, TenancyError } from '@lib/tenancy';
import { type EntityManager } from 'typeorm';

import { type Columns } from '../database/columns';
import { violatedConstraint } from '../database/persistence.error';
import { CertificateClaimEntity } from '../entities/certificate-claim.entity';

export class PostgresCertificateClaims implements CertificateClaimRepository {
  constructor(
    private readonly manager: EntityManager,
    private readonly instanceId: InstanceId,
  ) {}

  async list(): Promise<readonly CertificateClaim[]> {
    const rows = await this.manager.find(CertificateClaimEntity, {
      where: { instanceId: this.instanceId },
      order: { id: 'ASC' },
    });
    return rows.map(toClaim);
  }

  async count(): Promise<number> {
    return this.manager.countBy(CertificateClaimEntity, { instanceId: this.instanceId });
  }

  async get(id: string): Promise<CertificateClaim | undefined> {
    if (!isUuid(id)) return undefined;
    const row = await this.manager.findOneBy(CertificateClaimEntity, { instanceId: this.instanceId, id });
    return row === null ? undefined : toClaim(row);
  }

  async insert(claim: CertificateClaim): Promise<void> {
    try {
      await this.manager.insert(CertificateClaimEntity, { ...claim, instanceId: this.instanceId });
    } catch (error) {
      if (violatedConstraint(error) !== 'ux_certificate_claims_value') throw error;
      throw new TenancyError('duplicate_claim', 'the instance has made this claim already');
    }
  }

  async remove(id: string): Promise<void> {
    await this.manager.delete(CertificateClaimEntity, { instanceId: this.instanceId, id });
  }
}

const toClaim = ({ id, kind, value, createdAt }: Columns<CertificateClaimEntity>): CertificateClaim => ({
  id,
  kind,
  value,
  createdAt,
});
