import { type AuditAction } from '@lib/audit';
import { type Clock, counted, type InstanceId, type Secret } from '@lib/kernel';

import { type ActionContext, successEvent } from '../action-context';
import { requireConfirmation } from '../confirmation';
import { lockedInstance, missingInstance } from '../guards';
import { type TenantScope, type UnitOfWork } from '../ports';
import { TenancyError } from '../tenancy.error';
import { type KmipCredential, type KmipPasswords, kmipUserNameOf } from './kmip-credential';

/** Two, so that one can be replaced without a moment in which none is right. */
const MAXIMUM = 2;

export interface IssuedKmipCredential {
  readonly id: string;
  readonly userName: string;
  readonly createdAt: Date;
}

/** The user name and passwords that an instance's clients may send, and by which they prove whose they are. */
export class KmipCredentialService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly passwords: KmipPasswords,
    private readonly clock: Clock,
    private readonly newId: () => string,
  ) {}

  /**
   * The password is shown here and never again; the caller wipes it.
   * @throws TenancyError `kmip_credential_quota_exceeded`, `instance_not_found`
   */
  async issue(
    instanceId: InstanceId,
    context: ActionContext,
  ): Promise<IssuedKmipCredential & { readonly password: Secret }> {
    const { password, ...stored } = this.passwords.make(instanceId);
    const id = this.newId();
    const createdAt = this.clock.now();
    try {
      await this.unitOfWork.forTenant(instanceId, async (scope) => {
        await lockedInstance(scope);
        if ((await scope.kmipCredentials.count()) >= MAXIMUM) {
          const message = `an instance has at most ${MAXIMUM} KMIP passwords; delete the one that is no longer used`;
          throw new TenancyError('kmip_credential_quota_exceeded', message);
        }
        await scope.kmipCredentials.insert({ instanceId, id, createdAt, ...stored });
        this.finish(scope, id, 'vmware-solutions.kmip-credential.create', context);
      });
    } catch (error) {
      password.wipe();
      throw error;
    }
    return { id, userName: kmipUserNameOf(instanceId), createdAt, password };
  }

  /** @throws TenancyError('instance_not_found') */
  async list(instanceId: InstanceId): Promise<readonly IssuedKmipCredential[]> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => {
      if ((await scope.instance.get()) === undefined) missingInstance();
      return (await scope.kmipCredentials.list()).map(issuedOf);
    });
  }

  /** @throws TenancyError('kmip_credential_not_found') */
  async get(instanceId: InstanceId, id: string): Promise<IssuedKmipCredential> {
    return this.unitOfWork.forTenant(instanceId, async (scope) => issuedOf(await existing(scope, id)));
  }

  /**
   * What was proven with it stays proven. Who uses it is not recorded, and nobody can bring it back.
   * @param confirm name of the instance, when it has live keys
   * @throws TenancyError `kmip_credential_not_found`, `confirmation_needed`
   */
  async remove(instanceId: InstanceId, id: string, context: ActionContext, confirm?: string): Promise<void> {
    await this.unitOfWork.forTenant(instanceId, async (scope) => {
      const { name } = await lockedInstance(scope);
      await existing(scope, id);
      const liveKeys = await scope.keys.countLive();
      const stops = `Clients that still send this password get none of the ${counted(liveKeys, 'key')} of the instance any more`;
      requireConfirmation(liveKeys === 0 ? undefined : { name, stops }, confirm);
      await scope.kmipCredentials.remove(id);
      this.finish(scope, id, 'vmware-solutions.kmip-credential.delete', context);
    });
  }

  private finish(scope: TenantScope, id: string, action: AuditAction, context: ActionContext): void {
    const { instanceId } = scope;
    const facts = { target: { kind: 'kmip-credential', id, name: kmipUserNameOf(instanceId) } } as const;
    scope.record(successEvent(context, this.clock, instanceId, action, facts));
    scope.invalidate();
  }
}

async function existing(scope: TenantScope, id: string): Promise<KmipCredential & { readonly createdAt: Date }> {
  const found = (await scope.kmipCredentials.list()).find((credential) => credential.id === id);
  if (found === undefined)
    throw new TenancyError('kmip_credential_not_found', 'the instance has no such KMIP password');
  return found;
}

const issuedOf = ({
  instanceId,
  id,
  createdAt,
}: KmipCredential & { readonly createdAt: Date }): IssuedKmipCredential => ({
  id,
  userName: kmipUserNameOf(instanceId),
  createdAt,
});
