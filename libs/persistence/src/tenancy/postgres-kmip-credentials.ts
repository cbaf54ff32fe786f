import { type InstanceId, isUuid } from '@lib/kernel';
import { type KmipCredential, type KmipCredentialRepository } from '@lib/tenancy';
import { type EntityManager } from 'typeorm';

import { KmipCredentialEntity } from '../entities/kmip-credential.entity';

export class PostgresKmipCredentials implements KmipCredentialRepository {
  constructor(
    private readonly manager: EntityManager,
    private readonly instanceId: InstanceId,
  ) {}

  async list(): Promise<readonly (KmipCredential & { readonly createdAt: Date })[]> {
    const rows = await this.manager.find(KmipCredentialEntity, {
      where: { instanceId: this.instanceId },
      order: { createdAt: 'ASC', id: 'ASC' },
    });
    return rows.map(({ id, passwordHmac, serviceKeyVersion, createdAt }) => {
      return { instanceId: this.instanceId, id, passwordHmac, serviceKeyVersion, createdAt };
    });
  }

  async count(): Promise<number> {
    return this.manager.countBy(KmipCredentialEntity, { instanceId: this.instanceId });
  }

  async insert(credential: KmipCredential & { readonly createdAt: Date }): Promise<void> {
    await this.manager.insert(KmipCredentialEntity, { ...credential, instanceId: this.instanceId });
  }

  async remove(id: string): Promise<void> {
    if (isUuid(id)) await this.manager.delete(KmipCredentialEntity, { instanceId: this.instanceId, id });
  }
}
