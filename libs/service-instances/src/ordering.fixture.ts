import { randomUUID } from 'node:crypto';

import { type InstanceId } from '@lib/kernel';
import {
  anActionContext,
  InMemoryRegion,
  InMemoryServiceInstanceDirectory,
  InMemoryServiceInstanceUnitOfWork,
  instanceCrn,
  ManualClock,
} from '@lib/testing';

import { DeprovisioningService, type Removal } from './deprovisioning.service';
import { requireInstanceCrn } from './instance-identity';
import { InstanceStateService } from './instance-state.service';
import { InstanceUpdateService } from './instance-update.service';
import { OperationRunner } from './operation-runner';
import { OperationSteps } from './operation-steps';
import { OperationWorker } from './operation-worker';
import { type ServiceInstanceUnitOfWork } from './provisioning.ports';
import { type Order, ProvisioningService } from './provisioning.service';
import { type InstanceParameters, type ServicePlan } from './service-instance';

export const SETTLE_MS = 5_000;
export const STANDARD: ServicePlan = { id: 'standard', name: 'Standard', asynchronous: false, maximumKeys: 10 };
export const DEDICATED: ServicePlan = { id: 'dedicated', name: 'Dedicated', asynchronous: true, maximumKeys: 100 };
const PLANS = [STANDARD, DEDICATED];
export const plans = (id: string): ServicePlan | undefined => PLANS.find((plan) => plan.id === id);
export const context = anActionContext();

/** The services behind a platform's orders, with their region in memory. */
export class OrderingHarness {
  readonly clock = new ManualClock(new Date());
  readonly region = new InMemoryRegion(this.clock);
  readonly unitOfWork = new InMemoryServiceInstanceUnitOfWork(this.region);
  readonly directory = new InMemoryServiceInstanceDirectory(this.region);
  readonly steps = new OperationSteps(this.clock, { newId: randomUUID, settleMs: SETTLE_MS });
  readonly runner = this.runnerOn(this.unitOfWork);
  readonly states = new InstanceStateService(this.unitOfWork, this.clock);
  readonly updates = new InstanceUpdateService(this.unitOfWork, this.steps, this.clock);
  readonly log: string[] = [];

  runnerOn(unitOfWork: ServiceInstanceUnitOfWork): OperationRunner {
    return new OperationRunner(unitOfWork, this.steps, this.clock);
  }

  /** As a process of its own, which may die. */
  provisioning(unitOfWork: ServiceInstanceUnitOfWork = this.unitOfWork): ProvisioningService {
    return new ProvisioningService(unitOfWork, this.runnerOn(unitOfWork), this.clock, { maximumPerAccount: 2 });
  }

  deprovisioning(unitOfWork: ServiceInstanceUnitOfWork = this.unitOfWork): DeprovisioningService {
    return new DeprovisioningService(unitOfWork, this.runnerOn(unitOfWork), this.steps, this.clock);
  }

  /** Carries on what is in the background, and lets it settle. */
  async work(): Promise<void> {
    const worker = new OperationWorker(this.directory, this.runner, this.clock, (message) => this.log.push(message));
    await worker.runDue();
    this.clock.advance(SETTLE_MS);
    await worker.runDue();
  }

  order(parameters: InstanceParameters = {}, changes: Partial<Order> = {}): Order {
    return {
      ...requireInstanceCrn(instanceCrn(randomUUID())),
      serviceId: 'service',
      plan: STANDARD,
      attributes: { parameters, context: { platform: 'ibmcloud', name: 'ordered' } },
      acceptsIncomplete: true,
      context,
      ...changes,
    };
  }

  async ordered(parameters: InstanceParameters = {}, changes: Partial<Order> = {}): Promise<Order> {
    const order = this.order(parameters, changes);
    await this.provisioning().provision(order);
    if (order.plan.asynchronous) await this.work();
    return order;
  }

  removal({ instanceId, crn }: Order, changes: Partial<Removal> = {}): Removal {
    return { instanceId, crn, plans, confirmed: false, acceptsIncomplete: true, context, ...changes };
  }

  rows({ instanceId }: { readonly instanceId: InstanceId }) {
    return this.region.rowsOf(instanceId);
  }

  actions({ instanceId }: { readonly instanceId: InstanceId }): readonly string[] {
    return this.region.recorded(instanceId).map(({ action }) => action.replace('vmware-solutions.', ''));
  }
}
