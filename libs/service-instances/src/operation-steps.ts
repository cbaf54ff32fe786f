import { type AuditAction, type AuditEvent } from '@lib/audit';
import { assertNever, type Clock } from '@lib/kernel';
import { HOUR_MS, recordUsage, startOfHour } from '@lib/metering';
import { assertAcceptableCertificate, describeCertificate } from '@lib/pki';
import {
  checkedName,
  insertWithinQuota,
  madeState,
  secondPersonRecorded,
  successEvent,
  toClientCertificate,
} from '@lib/tenancy';

import { type ServiceInstance, type InstanceOperation, type OperationStep } from './service-instance';
import { ERASE_BATCH, eraseInstance } from './erasure';
import { describeKeysLeftBehind } from './keys-left-behind';
import { closeOperation } from './operation-log';
import { type ServiceInstanceScope } from './provisioning.ports';

export interface OperationStepOptions {
  readonly newId: () => string;
  /** How long until every gateway of the region has surely heard of a change. */
  readonly settleMs: number;
}

/** What happens in each step. Every step may run again after it was done: it then finds nothing left to do. */
export class OperationSteps {
  constructor(
    private readonly clock: Clock,
    private readonly options: OperationStepOptions,
  ) {}

  /** Within a transaction that holds the instance and has found the operation in progress. */
  async run(
    scope: ServiceInstanceScope,
    instance: ServiceInstance,
    operation: InstanceOperation,
  ): Promise<InstanceOperation> {
    switch (operation.step) {
      case 'certificates':
        await this.addCertificates(scope, instance, operation);
        return operation.background ? this.settle(scope, operation) : this.next(scope, operation, 'finish');
      case 'settle':
        if (operation.notBefore > this.clock.now()) return operation;
        return this.next(scope, operation, operation.kind === 'deprovision' ? 'count' : 'finish');
      case 'finish':
        return this.finish(scope, instance, operation);
      case 'count':
        return this.count(scope, instance, operation);
      case 'keys':
        if ((await scope.keys.erase(ERASE_BATCH)) === ERASE_BATCH) return operation;
        return this.next(scope, operation, 'rows');
      case 'rows':
        return this.end(scope, instance, operation);
      case 'done':
        return operation;
      default:
        return assertNever(operation.step);
    }
  }

  /** When a change that was just made will be known everywhere. */
  settledAt(): Date {
    return new Date(this.clock.now().getTime() + this.options.settleMs);
  }

  private async addCertificates(
    scope: ServiceInstanceScope,
    { attributes }: ServiceInstance,
    { context }: InstanceOperation,
  ): Promise<void> {
    await scope.instance.lock();
    const present = await scope.certificates.fingerprints();
    const now = this.clock.now();
    for (const { name, certificate } of attributes.parameters.client_certificates ?? []) {
      const description = describeCertificate(certificate, now);
      assertAcceptableCertificate(description, now);
      if (present.has(description.fingerprint)) continue;
      const row = toClientCertificate(scope.instanceId, this.options.newId(), checkedName(name), description, now);
      await insertWithinQuota(scope, row);
      const { id, fingerprint } = row;
      this.record(scope, 'vmware-solutions.certificate.create', context, {
        target: { kind: 'certificate', id, name: row.name },
        details: { fingerprint },
      });
    }
    scope.invalidate();
  }

  private async finish(
    scope: ServiceInstanceScope,
    instance: ServiceInstance,
    operation: InstanceOperation,
  ): Promise<InstanceOperation> {
    const now = this.clock.now();
    const present = await scope.instance.lock();
    if (present?.state === 'installing') {
      const state = await madeState(scope);
      await scope.instance.update({ ...present, state, updatedAt: now, revision: present.revision + 1 });
      scope.invalidate();
    }
    await scope.serviceInstance.update({ ...instance, status: 'ready', updatedAt: now });
    const done =
      operation.kind === 'update'
        ? 'The service instance was updated.'
        : 'The service instance is there. Bind a root key to make it serve keys.';
    return closeOperation(scope, operation, 'succeeded', now, done);
  }

  /** Counted after the clients were cut off and before the first key is forgotten. */
  private async count(
    scope: ServiceInstanceScope,
    instance: ServiceInstance,
    operation: InstanceOperation,
  ): Promise<InstanceOperation> {
    const now = this.clock.now();
    const keysLeftBehind = await scope.custody.storedKeys();
    // The hour that the instance ends in is a used hour too.
    const hourEnd = new Date(startOfHour(now).getTime() + HOUR_MS);
    const metered = await scope.meter.lock();
    if (metered !== undefined) await recordUsage(scope, metered, hourEnd, now);
    await scope.serviceInstance.update({ ...instance, attributes: { ...instance.attributes, keysLeftBehind } });
    return this.next(scope, operation, 'keys');
  }

  private async end(
    scope: ServiceInstanceScope,
    instance: ServiceInstance,
    operation: InstanceOperation,
  ): Promise<InstanceOperation> {
    const now = this.clock.now();
    const { keysLeftBehind = [] } = instance.attributes;
    const served = await scope.instance.lock();
    await eraseInstance(scope);
    const attributes = { parameters: {}, context: {}, keysLeftBehind };
    await scope.serviceInstance.update({ ...instance, status: 'deleted', attributes, updatedAt: now });
    const wrappedKeysLeft = keysLeftBehind.reduce((sum, { count }) => sum + count, 0);
    const keyManagers = keysLeftBehind.map(({ keyManagerCrn }) => keyManagerCrn).join(' ');
    this.record(scope, 'vmware-solutions.instance.delete', operation.context, {
      target: { kind: 'instance', id: scope.instanceId },
      details: {
        wrappedKeysLeft,
        ...(keyManagers === '' ? {} : { keyManagers }),
        ...(served && secondPersonRecorded(served, now)),
      },
    });
    return closeOperation(scope, operation, 'succeeded', now, describeKeysLeftBehind(keysLeftBehind));
  }

  private async settle(scope: ServiceInstanceScope, operation: InstanceOperation): Promise<InstanceOperation> {
    const moved: InstanceOperation = { ...operation, step: 'settle', attempts: 0, notBefore: this.settledAt() };
    await scope.operations.update(moved);
    return moved;
  }

  private async next(
    scope: ServiceInstanceScope,
    operation: InstanceOperation,
    step: OperationStep,
  ): Promise<InstanceOperation> {
    const moved = { ...operation, step, attempts: 0 };
    await scope.operations.update(moved);
    return moved;
  }

  private record(
    scope: ServiceInstanceScope,
    action: AuditAction,
    context: InstanceOperation['context'],
    facts: Pick<AuditEvent, 'target' | 'details'>,
  ): void {
    scope.record(successEvent(context, this.clock, scope.instanceId, action, facts));
  }
}
