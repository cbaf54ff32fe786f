import { type Clock } from '@lib/kernel';
import { startOfHour } from '@lib/metering';
import { assertAcceptableCertificate, describeCertificate } from '@lib/pki';
import {
  type ActionContext,
  checkedName,
  DEFAULT_OPTIONS,
  insertInstanceWithinQuota,
  type Instance,
  successEvent,
  TenancyError,
} from '@lib/tenancy';

import {
  type ServiceInstance,
  type InstanceOperation,
  type RequestedAttributes,
  type ServicePlan,
} from './service-instance';
import { asyncRequired, ServiceInstanceError, concurrentOperation } from './service-instance.error';
import { orderFingerprint } from './fingerprint';
import { type OrderedInstance, sameCrn } from './instance-identity';
import { openOperation } from './operation-log';
import { type OperationRunner } from './operation-runner';
import { type ServiceInstanceScope, type ServiceInstanceUnitOfWork } from './provisioning.ports';

export interface Order extends OrderedInstance {
  readonly serviceId: string;
  readonly plan: ServicePlan;
  readonly attributes: RequestedAttributes;
  readonly acceptsIncomplete: boolean;
  readonly context: ActionContext;
}

/** `accepted`: go on asking for the operation. */
export type OrderOutcome =
  { readonly kind: 'created' | 'exists' } | { readonly kind: 'accepted'; readonly operation: InstanceOperation };

interface Begun {
  readonly kind: 'begun' | 'running' | 'exists';
  readonly operation?: InstanceOperation | undefined;
}

/** Birth of instances that a platform orders. Sending an order again is always safe. */
export class ProvisioningService {
  constructor(
    private readonly unitOfWork: ServiceInstanceUnitOfWork,
    private readonly runner: OperationRunner,
    private readonly clock: Clock,
    private readonly limits: { readonly maximumPerAccount?: number } = {},
  ) {}

  /**
   * @throws ServiceInstanceError `catalog_conflict`, `catalog_async_required`, `catalog_concurrent_operation`,
   *   `catalog_invalid_request`, `catalog_plan_limit` (of the account); CertificateError and TenancyError for certificates and names that cannot be taken
   */
  async provision(order: Order): Promise<OrderOutcome> {
    this.checkParameters(order.attributes);
    const begun = await this.unitOfWork.forTenant(order.instanceId, (scope) => this.begin(scope, order));
    const { kind, operation } = begun;
    if (kind === 'exists' || operation === undefined) return { kind: 'exists' };
    if (operation.background) return { kind: 'accepted', operation };
    const ended = await this.runner.drive(order.instanceId, operation.number);
    if (ended?.state === 'succeeded') return { kind: kind === 'begun' ? 'created' : 'exists' };
    if (ended?.state === 'failed' && ended.description !== HALTED) {
      throw new ServiceInstanceError(
        'catalog_invalid_request',
        ended.description ?? 'The service instance cannot be made.',
      );
    }
    // A deletion came in between and has halted it.
    throw concurrentOperation();
  }

  private checkParameters({ parameters }: RequestedAttributes): void {
    const now = this.clock.now();
    for (const { name, certificate } of parameters.client_certificates ?? []) {
      checkedName(name);
      assertAcceptableCertificate(describeCertificate(certificate, now), now);
    }
    if (parameters.name !== undefined) checkedName(parameters.name);
  }

  private async begin(scope: ServiceInstanceScope, order: Order): Promise<Begun> {
    const now = this.clock.now();
    const wanted = toServiceInstance(order, now);
    const meteredFrom = startOfHour(now);
    const { first, present } = await claim(scope, wanted, meteredFrom);
    if (!first && present.status !== 'deleted' && present.status !== 'failed') {
      return this.repeated(scope, order, wanted, present);
    }
    if (order.plan.asynchronous && !order.acceptsIncomplete) throw asyncRequired();
    if (!first) await this.orderAnew(scope, wanted, meteredFrom);
    await this.insertInstance(scope, toInstance(order, now));
    const { asynchronous: background } = order.plan;
    const { context } = order;
    const operation = await openOperation(scope, { kind: 'provision', step: 'certificates', background, context, now });
    const facts = { target: { kind: 'instance', id: order.instanceId }, details: { plan: order.plan.name } } as const;
    scope.record(successEvent(context, this.clock, order.instanceId, 'vmware-solutions.instance.create', facts));
    scope.invalidate();
    return { kind: 'begun', operation };
  }

  private async orderAnew({ serviceInstance, meter }: ServiceInstanceScope, wanted: ServiceInstance, from: Date) {
    await serviceInstance.update(wanted);
    await meter.advance(from);
  }

  private async repeated(
    scope: ServiceInstanceScope,
    order: Order,
    wanted: ServiceInstance,
    present: ServiceInstance,
  ): Promise<Begun> {
    const { status } = present;
    if (status === 'deprovisioning') throw concurrentOperation();
    if (!sameCrn(present.crn, wanted.crn) || present.fingerprint !== wanted.fingerprint) {
      throw new ServiceInstanceError(
        'catalog_conflict',
        'A service instance with this id exists with other attributes.',
      );
    }
    if (status === 'updating') throw concurrentOperation();
    if (status === 'ready') return { kind: 'exists' };
    const operation = await scope.operations.newest();
    if (operation?.background === true && !order.acceptsIncomplete) throw asyncRequired();
    return { kind: 'running', operation };
  }

  private async insertInstance(scope: ServiceInstanceScope, instance: Instance): Promise<void> {
    try {
      await insertInstanceWithinQuota(scope, instance, this.limits.maximumPerAccount);
    } catch (error) {
      if (error instanceof TenancyError && error.code === 'instance_quota_exceeded') {
        throw new ServiceInstanceError('catalog_plan_limit', sentence(error.message), { cause: error });
      }
      if (!(error instanceof TenancyError) || error.code !== 'instance_exists') throw error;
      throw new ServiceInstanceError(
        'catalog_conflict',
        'A service instance with this id exists that was not ordered here.',
      );
    }
  }
}

/** As users of the platform's console read it. */
const sentence = (message: string): string => `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;

/** Decides between orders that arrive together: one inserts, the others wait for it here. */
async function claim(scope: ServiceInstanceScope, wanted: ServiceInstance, meteredFrom: Date) {
  for (;;) {
    const first = await scope.serviceInstance.insertIfAbsent(wanted, meteredFrom);
    const present = await scope.serviceInstance.lock();
    // Otherwise the tombstone that was in the way has been forgotten in between.
    if (present !== undefined) return { first, present };
  }
}

/** What a provisioning says that was overtaken by a deletion. */
export const HALTED = 'The service instance was deleted while it was being made.';

function toServiceInstance({ instanceId, crn, serviceId, plan, attributes }: Order, now: Date): ServiceInstance {
  return {
    instanceId,
    crn: crn.text,
    serviceId,
    planId: plan.id,
    status: 'provisioning',
    attributes,
    fingerprint: orderFingerprint(serviceId, plan.id, attributes),
    createdAt: now,
    updatedAt: now,
  };
}

function toInstance({ instanceId, crn, plan, attributes }: Order, now: Date): Instance {
  return {
    id: instanceId,
    crn: crn.text,
    name: instanceName(attributes) ?? `kmip-${instanceId.slice(0, 8)}`,
    accountId: crn.accountId,
    region: crn.region,
    state: 'installing',
    enabled: true,
    maximumKeys: plan.maximumKeys,
    ...DEFAULT_OPTIONS,
    createdAt: now,
    updatedAt: now,
    revision: 1,
  };
}

/** What the orderer calls it, or else what the platform does; nothing when neither can be shown. */
export function instanceName({ parameters, context }: RequestedAttributes): string | undefined {
  for (const name of [parameters.name, context['name']]) {
    try {
      if (name !== undefined) return checkedName(name);
    } catch {
      // The platform's name obeys the platform's rules: what cannot be shown here is no reason to refuse an order.
    }
  }
  return undefined;
}
