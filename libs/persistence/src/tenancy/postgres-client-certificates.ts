import { type CertificateFingerprint, type InstanceId, isUuid, toFingerprint, toInstanceId } from '@lib/kernel';
import { type ClientCertificate, type ClientCertificateRepository, TenancyError } from '@lib/tenancy';
import { type EntityManager } from 'typeorm';

import { type Columns } from '../database/columns';
import { violatedConstraint } from '../database/persistence.error';
import { ClientCertificateEntity } from '../entities/client-certificate.entity';

export class PostgresClientCertificates implements ClientCertificateRepository {
  constructor(
    private readonly manager: EntityManager,
    private readonly instanceId: InstanceId,
  ) {}

  async list(): Promise<readonly ClientCertificate[]> {
    const rows = await this.manager.find(ClientCertificateEntity, {
      where: { instanceId: this.instanceId },
      order: { name: 'ASC' },
    });
    return rows.map(toClientCertificate);
  }

  async count(): Promise<number> {
    return this.manager.countBy(ClientCertificateEntity, { instanceId: this.instanceId });
  }

  async fingerprints(): Promise<ReadonlySet<CertificateFingerprint>> {
    const rows = await this.manager.find(ClientCertificateEntity, {
      select: { fingerprint: true },
      where: { instanceId: this.instanceId },
    });
    return new Set(rows.map(({ fingerprint }) => toFingerprint(fingerprint)));
  }

  async getByFingerprint(fingerprint: CertificateFingerprint): Promise<ClientCertificate | undefined> {
    const row = await this.manager.findOneBy(ClientCertificateEntity, { instanceId: this.instanceId, fingerprint });
    return row === null ? undefined : toClientCertificate(row);
  }

  async get(id: string): Promise<ClientCertificate | undefined> {
    if (!isUuid(id)) return undefined;
    const row = await this.manager.findOneBy(ClientCertificateEntity, { instanceId: this.instanceId, id });
    return row === null ? undefined : toClientCertificate(row);
  }

  async insert(certificate: ClientCertificate): Promise<void> {
    await explainConflicts(() =>
      this.manager.insert(ClientCertificateEntity, { ...certificate, instanceId: this.instanceId }),
    );
  }

  async update(certificate: ClientCertificate): Promise<void> {
    const { name, updatedAt, revision } = certificate;
    const key = { instanceId: this.instanceId, id: certificate.id };
    await explainConflicts(() => this.manager.update(ClientCertificateEntity, key, { name, updatedAt, revision }));
  }

  async remove(id: string): Promise<void> {
    await this.manager.delete(ClientCertificateEntity, { instanceId: this.instanceId, id });
  }

  async removeAll(): Promise<void> {
    await this.manager.delete(ClientCertificateEntity, { instanceId: this.instanceId });
  }
}

/** The database judges while it inserts: nothing that comes in between is overlooked. */
async function explainConflicts(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    switch (violatedConstraint(error)) {
      case 'ux_client_certificates_fingerprint':
        throw new TenancyError('duplicate_certificate', 'the instance has registered this certificate already');
      case 'ck_client_certificates_issued_here':
        throw new TenancyError(
          'certificate_issued_elsewhere',
          'this certificate was made by the service for another instance; have it handed over, or have one made here',
        );
      case 'ux_client_certificates_name':
        throw new TenancyError('certificate_name_taken', 'the instance has a certificate of that name already');
      default:
        throw error;
    }
  }
}

function toClientCertificate(row: Columns<ClientCertificateEntity>): ClientCertificate {
  return { ...row, instanceId: toInstanceId(row.instanceId), fingerprint: toFingerprint(row.fingerprint) };
}
