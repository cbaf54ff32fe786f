import { type InstanceId, toInstanceId } from '@lib/kernel';
import { type CredentialRepository, type FormerCredential, type SealedCredential } from '@lib/tenancy';
import { type EntityManager } from 'typeorm';

import { type Columns } from '../database/columns';
import { CredentialEntity } from '../entities/credential.entity';
import { FormerCredentialEntity } from '../entities/former-credential.entity';

export class PostgresCredentials implements CredentialRepository {
  constructor(
    private readonly manager: EntityManager,
    private readonly instanceId: InstanceId,
  ) {}

  async get(): Promise<SealedCredential | undefined> {
    const row = await this.manager.findOneBy(CredentialEntity, { instanceId: this.instanceId });
    return row === null ? undefined : toCredential(row);
  }

  async put(credential: SealedCredential): Promise<void> {
    const { instanceId } = this;
    const { serviceIdIamId = null } = credential;
    await this.manager.delete(CredentialEntity, { instanceId });
    await this.manager.insert(CredentialEntity, { ...credential, serviceIdIamId, instanceId });
  }

  async former(): Promise<readonly FormerCredential[]> {
    const rows = await this.manager.findBy(FormerCredentialEntity, { instanceId: this.instanceId });
    return rows.map((row) => ({ ...toCredential(row), bindingId: row.bindingId }));
  }

  async putFormer(credential: FormerCredential): Promise<void> {
    const { instanceId } = this;
    const { bindingId, serviceIdIamId = null } = credential;
    await this.removeFormer(bindingId);
    await this.manager.insert(FormerCredentialEntity, { ...credential, serviceIdIamId, instanceId });
  }

  async removeFormer(bindingId: string): Promise<void> {
    await this.manager.delete(FormerCredentialEntity, { instanceId: this.instanceId, bindingId });
  }

  async remove(): Promise<void> {
    const { instanceId } = this;
    await this.manager.delete(CredentialEntity, { instanceId });
    await this.manager.delete(FormerCredentialEntity, { instanceId });
  }
}

function toCredential(row: Columns<CredentialEntity>): SealedCredential {
  const { id, serviceIdIamId, serviceKeyVersion, sealedApiKey, createdAt, revision } = row;
  return {
    instanceId: toInstanceId(row.instanceId),
    id,
    ...(serviceIdIamId === null ? {} : { serviceIdIamId }),
    serviceKeyVersion,
    sealedApiKey,
    createdAt,
    revision,
  };
}
