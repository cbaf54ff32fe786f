import { createHash } from 'node:crypto';

import { type InstanceCrn } from '@lib/kernel';
import { type ServicePlan } from '@lib/service-instances';

import { bindingParameters, createParameters, jsonSchemaOf, updateParameters } from './parameter-schemas';

export interface ServiceOfferOptions {
  /** Name and ids must be the ones of the IBM Cloud catalog, and never change. */
  readonly serviceName: string;
  readonly serviceId: string;
  readonly standardPlanId: string;
  readonly dedicatedPlanId: string;
  /** Base of all links, without a slash at the end. */
  readonly publicUrl: string;
}

/** Longest time a platform should ask for the end of a background operation, in seconds. */
const MAXIMUM_POLLING_S = 3_600;
const MAINTENANCE = { version: '1.0.0', description: 'First release.' } as const;

/** What can be ordered: one service with its plans, and the catalog that tells the platform of them. */
export class ServiceOffer {
  readonly catalogText: string;
  /** Strong validator of the catalog, quoted. */
  readonly entityTag: string;
  readonly plans: readonly ServicePlan[];

  constructor(readonly options: ServiceOfferOptions) {
    this.plans = [
      { id: options.standardPlanId, name: 'standard', asynchronous: false, maximumKeys: 10_000 },
      { id: options.dedicatedPlanId, name: 'dedicated', asynchronous: true, maximumKeys: 100_000 },
    ];
    this.catalogText = JSON.stringify({ services: [serviceEntry(options, this.plans)] });
    this.entityTag = `"${createHash('sha256').update(this.catalogText).digest('hex').slice(0, 32)}"`;
  }

  get serviceId(): string {
    return this.options.serviceId;
  }

  /** For ids from requests and from the database. */
  readonly plan = (id: string): ServicePlan | undefined => this.plans.find((plan) => plan.id === id);

  /** Where an owner looks after an instance. By its CRN, which says of which account he needs a token. */
  dashboardUrl({ text }: InstanceCrn): string {
    // Platforms leave the end of it out or not: the address is the same for life.
    return `${this.options.publicUrl}/console/instances/${encodeURIComponent(`${text.replace(/:{0,2}$/, '')}::`)}`;
  }

  /** The same for all plans so far. */
  get maintenanceInfo(): typeof MAINTENANCE {
    return MAINTENANCE;
  }
}

function serviceEntry(options: ServiceOfferOptions, plans: readonly ServicePlan[]): object {
  return {
    id: options.serviceId,
    name: options.serviceName,
    description: 'KMIP key server for VMware vSphere and vSAN, with keys wrapped by a root key of your own.',
    tags: ['security', 'kmip', 'vmware'],
    bindable: true,
    instances_retrievable: true,
    bindings_retrievable: true,
    allow_context_updates: true,
    plan_updateable: true,
    metadata: { displayName: 'KMIP for VMware', documentationUrl: `${options.publicUrl}/v1/docs` },
    plans: plans.map(planEntry),
  };
}

function planEntry({ id, name, asynchronous, maximumKeys }: ServicePlan): object {
  const create = jsonSchemaOf(createParameters);
  const update = jsonSchemaOf(updateParameters);
  const how = asynchronous ? 'Ready when every endpoint of the region serves it.' : 'Ready at once.';
  return {
    id,
    name,
    description: `Up to ${maximumKeys} keys. ${how}`,
    free: false,
    bindable: true,
    plan_updateable: true,
    ...(asynchronous && { maximum_polling_duration: MAXIMUM_POLLING_S }),
    maintenance_info: MAINTENANCE,
    schemas: {
      service_instance: { create: { parameters: create }, update: { parameters: update } },
      service_binding: { create: { parameters: jsonSchemaOf(bindingParameters) } },
    },
  };
}
