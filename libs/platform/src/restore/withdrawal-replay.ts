import { type AuditAction, type AuditEvent } from '@lib/audit';
import { type Clock, type InstanceId, newCorrelationId, toUniqueIdentifier } from '@lib/kernel';
import { isDestroyed, type ManagedObject, type ManagedObjectStore } from '@lib/kmip-engine';
import { type DatabaseRole } from '@lib/persistence';
import {
  type ActionContext,
  type CertificateProofService,
  type ClientCertificate,
  type ClientCertificateService,
  type InstanceOptions,
  type InstanceService,
  type KmipCredentialService,
  type RootKeyBindingService,
  TenancyError,
} from '@lib/tenancy';

import { type WithdrawalKind } from './access-effects';
import { type ReplayOutcome } from './restore-watch';
import { type Withdrawal } from './withdrawal-record';

const COMPONENT = 'restore-watch';
const AGAIN = 'in force again after a restore';
/** What the word is about is not there: an instance, or a certificate that was registered after the backup. */
const ABSENT: ReadonlySet<string> = new Set(['instance_not_found', 'certificate_not_found']);

/** What tenants set up is not a gateway's to change, in its own login's rights either (migrations/grants.ts). */
const OF_THE_API: ReadonlySet<WithdrawalKind> = new Set([
  'instance_disabled',
  'instance_removed',
  'credential_policy_enforced',
  'second_person_demanded',
  'kmip_password_deleted',
  'credential_removed',
]);

export interface WithdrawalReplayParts {
  /** Of this process: it does what its login may. */
  readonly role: DatabaseRole;
  readonly clock: Clock;
  readonly instances: Pick<InstanceService, 'get' | 'setEnabled' | 'setOptions'>;
  readonly certificates: Pick<ClientCertificateService, 'list' | 'remove'>;
  readonly proofs: Pick<CertificateProofService, 'takeOver'>;
  readonly kmipCredentials: Pick<KmipCredentialService, 'list' | 'remove'>;
  readonly rootKeys: Pick<RootKeyBindingService, 'unsetCredential'>;
  readonly objectStores: { forInstance(instanceId: InstanceId): ManagedObjectStore };
}

type Replay = (withdrawal: Withdrawal) => Promise<ReplayOutcome>;

/** What was given back is the operator's to give back again. */
const LEFT: Replay = () => Promise.resolve('left');

/** Withdraws again what a restored database has given back. Gives nothing back: that is the operator's. */
export class WithdrawalReplay {
  readonly #replays: Readonly<Record<WithdrawalKind, Replay>> = {
    certificate_removed: (each) => this.#removeCertificate(each),
    certificate_added: LEFT,
    certificate_proven: (each) => this.#proveAgain(each),
    instance_disabled: ({ instanceId, detail }) => this.#disable(instanceId, detail),
    instance_enabled: LEFT,
    // Its keys are not erased here: that is done by removing it again.
    instance_removed: ({ instanceId }) => this.#disable(instanceId, 'removed before the database was restored'),
    instance_created: LEFT,
    credential_policy_enforced: ({ instanceId }) => this.#choose(instanceId, 'credentialPolicy', 'enforce'),
    credential_policy_ignored: LEFT,
    second_person_demanded: ({ instanceId }) => this.#choose(instanceId, 'secondPersonToDestroy', true),
    second_person_waived: LEFT,
    kmip_password_deleted: (each) => this.#deletePassword(each),
    credential_removed: ({ instanceId }) => this.#unsetCredential(instanceId),
    credential_set: LEFT,
    suspended: (each) => this.#change(each, 'vmware-solutions.kmip-key.suspend', suspended),
    resumed: LEFT,
    deactivated: (each) => this.#change(each, 'vmware-solutions.kmip-key.revoke', deactivated),
    reactivated: LEFT,
    compromised: (each) => this.#change(each, 'vmware-solutions.kmip-key.revoke', compromised),
    // Carried out when the operator releases the instance; not served from now on.
    destruction_ordered: (each) => this.#change(each, 'vmware-solutions.kmip-key.destroy', ordered, 'requested'),
    destruction_withdrawn: LEFT,
  };

  constructor(private readonly parts: WithdrawalReplayParts) {}

  async run(withdrawal: Withdrawal): Promise<ReplayOutcome> {
    if (this.parts.role === 'gateway' && OF_THE_API.has(withdrawal.kind)) return 'waits_for_api';
    try {
      return await this.#replays[withdrawal.kind](withdrawal);
    } catch (error) {
      if (error instanceof TenancyError && ABSENT.has(error.code)) return 'absent';
      throw error;
    }
  }

  async #removeCertificate({ instanceId, subject }: Withdrawal): Promise<ReplayOutcome> {
    const found = await this.#registered(instanceId, subject);
    if (found === undefined) return 'in_force';
    await this.parts.certificates.remove(instanceId, found.id, context());
    return 'withdrawn_again';
  }

  /** A restore would let keys be born again where they were before the proof. */
  async #proveAgain({ instanceId, subject }: Withdrawal): Promise<ReplayOutcome> {
    const found = await this.#registered(instanceId, subject);
    if (found === undefined) return 'absent';
    await this.parts.proofs.takeOver(instanceId, found.id, context());
    return 'withdrawn_again';
  }

  async #registered(instanceId: InstanceId, fingerprint: string): Promise<ClientCertificate | undefined> {
    return (await this.parts.certificates.list(instanceId)).find((each) => each.fingerprint === fingerprint);
  }

  async #disable(instanceId: InstanceId, reason: string | undefined): Promise<ReplayOutcome> {
    const { enabled, state } = await this.parts.instances.get(instanceId);
    if (!enabled || state === 'removing') return 'in_force';
    await this.parts.instances.setEnabled(instanceId, false, reason, context());
    return 'withdrawn_again';
  }

  async #choose<Name extends keyof InstanceOptions>(
    instanceId: InstanceId,
    name: Name,
    value: InstanceOptions[Name],
  ): Promise<ReplayOutcome> {
    if ((await this.parts.instances.get(instanceId))[name] === value) return 'in_force';
    await this.parts.instances.setOptions(instanceId, { [name]: value }, context());
    return 'withdrawn_again';
  }

  async #deletePassword({ instanceId, subject }: Withdrawal): Promise<ReplayOutcome> {
    const present = await this.parts.kmipCredentials.list(instanceId);
    if (!present.some(({ id }) => id === subject)) return 'in_force';
    const { name } = await this.parts.instances.get(instanceId);
    await this.parts.kmipCredentials.remove(instanceId, subject, context(), name);
    return 'withdrawn_again';
  }

  async #unsetCredential(instanceId: InstanceId): Promise<ReplayOutcome> {
    const { name } = await this.parts.instances.get(instanceId);
    try {
      await this.parts.rootKeys.unsetCredential(instanceId, context(), { confirm: name });
      return 'withdrawn_again';
    } catch (error) {
      if (error instanceof TenancyError && error.code === 'credential_not_set') return 'in_force';
      throw error;
    }
  }

  async #change(
    { instanceId, subject }: Withdrawal,
    action: AuditAction,
    change: (object: ManagedObject, now: Date) => ManagedObject | undefined,
    step = AGAIN,
  ): Promise<ReplayOutcome> {
    const store = this.parts.objectStores.forInstance(instanceId);
    const id = toUniqueIdentifier(subject);
    const now = this.parts.clock.now();
    const current = await store.find(id);
    if (current === undefined) return 'absent';
    if (isDestroyed(current.state) || change(current, now) === undefined) return 'in_force';
    await store.mutate(id, (object) => {
      const changed = isDestroyed(object.state) ? undefined : change(object, now);
      const details = { step, state: (changed ?? object).state, cause: AGAIN };
      const audit = this.#event(instanceId, action, subject, details);
      return { ...(changed && { object: changed }), audit, result: undefined };
    });
    return 'withdrawn_again';
  }

  #event(
    instanceId: InstanceId,
    action: AuditAction,
    key: string,
    details: NonNullable<AuditEvent['details']>,
  ): AuditEvent {
    return {
      instanceId,
      action,
      occurredAt: this.parts.clock.now(),
      initiator: { kind: 'system', component: COMPONENT },
      outcome: 'success',
      target: { kind: 'key', id: key },
      correlationId: newCorrelationId(),
      observer: COMPONENT,
      details,
    };
  }
}

const context = (): ActionContext => ({
  initiator: { kind: 'system', component: COMPONENT },
  correlationId: newCorrelationId(),
  observer: COMPONENT,
});

const suspended = (object: ManagedObject): ManagedObject | undefined =>
  object.suspended ? undefined : { ...object, suspended: true };

function deactivated(object: ManagedObject, now: Date): ManagedObject | undefined {
  if (object.state !== 'PreActive' && object.state !== 'Active') return undefined;
  const { activationDate = now } = object;
  return { ...object, state: 'Deactivated', activationDate, deactivationDate: now, lastChangeDate: now };
}

const compromised = (object: ManagedObject, now: Date): ManagedObject | undefined =>
  object.state === 'Compromised'
    ? undefined
    : { ...object, state: 'Compromised', compromiseDate: now, lastChangeDate: now };

const ordered = (object: ManagedObject, now: Date): ManagedObject | undefined =>
  object.destroyRequestedAt === undefined ? { ...object, destroyRequestedAt: now } : undefined;
