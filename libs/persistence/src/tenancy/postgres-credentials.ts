import { type InstanceId, toInstanceId } from '@lib/kernel';
import { type CredentialRepository, type SealedCredential } from '@lib/tenancy';
import { type EntityManager } from 'typeorm';

import { type Columns } from '../database/columns';
import { CredentialEntity } from '../entities/credential.entity';

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
    await this.remove();
    const { serviceIdIamId = null } = credential;
    await this.manager.insert(CredentialEntity, { ...credential, serviceIdIamId, instanceId: this.instanceId });
  }

  async remove(): Promise<void> {
    await this.manager.delete(CredentialEntity, { instanceId: this.instanceId });
  }
}

function toCredential({ serviceIdIamId, ...row }: Columns<CredentialEntity>): SealedCredential {
  return { ...row, instanceId: toInstanceId(row.instanceId), ...(serviceIdIamId === null ? {} : { serviceIdIamId }) };
}
