import { type AuditAction, type AuditEvent } from '@lib/audit';
import { type Clock, type InstanceId, newCorrelationId, toUniqueIdentifier } from '@lib/kernel';
import { isDestroyed, type ManagedObject, type ManagedObjectStore } from '@lib/kmip-engine';
import { type ClientCertificateService, TenancyError } from '@lib/tenancy';

import { type ReplayOutcome } from './restore-watch';
import { type Withdrawal } from './withdrawal-record';

const COMPONENT = 'restore-watch';

export interface WithdrawalReplayParts {
  readonly clock: Clock;
  readonly certificates: Pick<ClientCertificateService, 'list' | 'remove'>;
  readonly objectStores: { forInstance(instanceId: InstanceId): ManagedObjectStore };
}

/** Withdraws again what a restored database has given back. Gives nothing back: that is the operator's. */
export class WithdrawalReplay {
  constructor(private readonly parts: WithdrawalReplayParts) {}

  async run(withdrawal: Withdrawal): Promise<ReplayOutcome> {
    switch (withdrawal.kind) {
      case 'certificate_removed':
        return this.#removeCertificate(withdrawal);
      case 'suspended':
        return this.#change(withdrawal, 'vmware-solutions.kmip-key.suspend', suspended);
      case 'deactivated':
        return this.#change(withdrawal, 'vmware-solutions.kmip-key.revoke', deactivated);
      case 'compromised':
        return this.#change(withdrawal, 'vmware-solutions.kmip-key.revoke', compromised);
      case 'resumed':
      case 'reactivated':
        return 'left';
    }
  }

  async #removeCertificate({ instanceId, subject }: Withdrawal): Promise<ReplayOutcome> {
    const { certificates } = this.parts;
    try {
      const found = (await certificates.list(instanceId)).find(({ fingerprint }) => fingerprint === subject);
      if (found === undefined) return 'in_force';
      const initiator = { kind: 'system', component: COMPONENT } as const;
      await certificates.remove(instanceId, found.id, {
        initiator,
        correlationId: newCorrelationId(),
        observer: COMPONENT,
      });
      return 'withdrawn_again';
    } catch (error) {
      if (error instanceof TenancyError && error.code === 'instance_not_found') return 'absent';
      throw error;
    }
  }

  async #change(
    { instanceId, subject }: Withdrawal,
    action: AuditAction,
    change: (object: ManagedObject, now: Date) => ManagedObject | undefined,
  ): Promise<ReplayOutcome> {
    const store = this.parts.objectStores.forInstance(instanceId);
    const id = toUniqueIdentifier(subject);
    const now = this.parts.clock.now();
    const current = await store.find(id);
    if (current === undefined) return 'absent';
    if (isDestroyed(current.state) || change(current, now) === undefined) return 'in_force';
    await store.mutate(id, (object) => {
      const changed = isDestroyed(object.state) ? undefined : change(object, now);
      const audit = this.#event(instanceId, action, subject, (changed ?? object).state);
      return { ...(changed && { object: changed }), audit, result: undefined };
    });
    return 'withdrawn_again';
  }

  #event(instanceId: InstanceId, action: AuditAction, key: string, state: string): AuditEvent {
    return {
      instanceId,
      action,
      occurredAt: this.parts.clock.now(),
      initiator: { kind: 'system', component: COMPONENT },
      outcome: 'success',
      target: { kind: 'key', id: key },
      correlationId: newCorrelationId(),
      observer: COMPONENT,
      details: { step: 'in force again after a restore', state },
    };
  }
}

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
