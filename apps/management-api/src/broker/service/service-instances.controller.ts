import { Controller, Delete, Get, Inject, Patch, Put, UseInterceptors } from '@nestjs/common';

import {
  type InstanceOperation,
  DeprovisioningService,
  type InstanceParameters,
  InstanceStateService,
  InstanceUpdateService,
  operationName,
  type OrderedInstance,
  type PlatformContext,
  ProvisioningService,
  readInstanceCrn,
  requireInstanceCrn,
} from '@lib/service-instances';

import { type OsbAnswer, OsbAnswerInterceptor } from '../http/osb-answer';
import { Call, type OsbCall } from '../http/osb-call';
import { OsbError } from '../http/osb-error';
import {
  acceptsIncomplete,
  bodyObject,
  checkMaintenance,
  contextOf,
  type JsonObject,
  optionalObject,
  parametersOf,
  requiredPlan,
  requiredService,
  requiredText,
  requireQueryIds,
} from '../http/request-fields';
import { OrderRules } from './order-rules';
import { createParameters, updateParameters } from './parameter-schemas';
import { ServiceOffer } from './service-offer';

const IBM_CLOUD = 'ibmcloud';
/** Background operations take a few seconds. */
const RETRY_AFTER_S = '1';

/** `/v2/service_instances/{id}` (OSB 2.17, "Provisioning" to "Deprovisioning"). */
@Controller('v2/service_instances/:instance_id')
@UseInterceptors(OsbAnswerInterceptor)
export class ServiceInstancesController {
  constructor(
    @Inject(ServiceOffer) private readonly offer: ServiceOffer,
    @Inject(OrderRules) private readonly rules: OrderRules,
    @Inject(ProvisioningService) private readonly provisioning: ProvisioningService,
    @Inject(InstanceUpdateService) private readonly updates: InstanceUpdateService,
    @Inject(DeprovisioningService) private readonly deprovisioning: DeprovisioningService,
    @Inject(InstanceStateService) private readonly states: InstanceStateService,
  ) {}

  @Put()
  async provision(@Call() { path, query, body: received, context }: OsbCall): Promise<OsbAnswer> {
    const { offer } = this;
    const body = bodyObject(received);
    const serviceId = requiredService(body, offer);
    const plan = requiredPlan(body, offer);
    const platformContext = contextOf(body);
    const owner = ownerOf(body, platformContext);
    const parameters: InstanceParameters = parametersOf(body, createParameters);
    this.rules.checkKeyManager(parameters);
    const instance = requireInstanceCrn(path['instance_id'] ?? '');
    this.rules.checkRegion(instance);
    checkMaintenance(body, offer);
    const outcome = await this.provisioning.provision({
      ...instance,
      serviceId,
      plan,
      attributes: { parameters, context: platformContext, ...owner },
      acceptsIncomplete: acceptsIncomplete(query),
      context,
    });
    const dashboard = { dashboard_url: offer.dashboardUrl(instance.crn) };
    if (outcome.kind === 'accepted') return accepted(outcome.operation, dashboard);
    return { status: outcome.kind === 'created' ? 201 : 200, body: dashboard };
  }

  @Get()
  async fetch(@Call() { path }: OsbCall): Promise<OsbAnswer> {
    const wanted = this.known(path);
    const { serviceId, planId, attributes } = await this.states.get(wanted);
    return {
      status: 200,
      body: {
        service_id: serviceId,
        plan_id: planId,
        dashboard_url: this.offer.dashboardUrl(wanted.crn),
        parameters: attributes.parameters,
        maintenance_info: this.offer.maintenanceInfo,
      },
    };
  }

  @Patch()
  async update(@Call() { path, query, body: received, context }: OsbCall): Promise<OsbAnswer> {
    const { offer } = this;
    const body = bodyObject(received);
    requiredService(body, offer);
    const planId = (body['plan_id'] ?? undefined) === undefined ? undefined : requiredPlan(body, offer).id;
    const parameters: InstanceParameters = parametersOf(body, updateParameters);
    this.rules.checkKeyManager(parameters);
    optionalObject(body, 'previous_values');
    const instance = this.known(path);
    checkMaintenance(body, offer);
    const outcome = await this.updates.update({
      ...instance,
      plans: offer.plan,
      planId,
      parameters,
      platformContext: contextOf(body),
      acceptsIncomplete: acceptsIncomplete(query),
      context,
    });
    return outcome.kind === 'accepted' ? accepted(outcome.operation, {}) : { status: 200, body: {} };
  }

  @Delete()
  async deprovision(@Call() { path, query, context }: OsbCall): Promise<OsbAnswer> {
    const { offer } = this;
    requireQueryIds(query, offer);
    const instance = readInstanceCrn(path['instance_id'] ?? '');
    if (instance === undefined) throw new OsbError(410, 'There is no such service instance.');
    const outcome = await this.deprovisioning.deprovision({
      ...instance,
      plans: offer.plan,
      confirmed: query.get('delete_active_keys') === 'true',
      acceptsIncomplete: acceptsIncomplete(query),
      context,
    });
    if (outcome.kind === 'accepted') return accepted(outcome.operation, {});
    if (outcome.keysLeftBehind.length === 0) return { status: 200, body: {} };
    const left = outcome.keysLeftBehind.map(({ keyManagerCrn, count }) => ({ key_manager_crn: keyManagerCrn, count }));
    return { status: 200, body: { description: outcome.description, keys_left_behind: left } };
  }

  @Get('last_operation')
  async lastOperation(@Call() { path, query }: OsbCall): Promise<OsbAnswer> {
    const operation = await this.states.lastOperation(this.known(path), query.get('operation') ?? undefined);
    const { state, kind, description } = operation;
    const running = state === 'in progress';
    return {
      status: 200,
      // A failed update has changed nothing; a failed deletion does not exist, it is tried until it succeeds.
      body: {
        state,
        ...(description === undefined ? {} : { description }),
        ...(state === 'failed' && kind === 'update' ? { instance_usable: true, update_repeatable: true } : {}),
      },
      headers: running ? { 'retry-after': RETRY_AFTER_S } : {},
    };
  }

  private known(path: OsbCall['path']): OrderedInstance {
    const instance = readInstanceCrn(path['instance_id'] ?? '');
    if (instance === undefined) throw new OsbError(404, 'There is no such service instance.');
    return instance;
  }
}

const accepted = (operation: InstanceOperation, more: object): OsbAnswer => ({
  status: 202,
  body: { ...more, operation: operationName(operation) },
});

/** IBM Cloud names the owner in its context; every other platform has to name organization and space. */
function ownerOf(
  body: JsonObject,
  context: PlatformContext,
): { readonly organizationGuid?: string; readonly spaceGuid?: string } {
  if (context['platform'] === IBM_CLOUD) return {};
  return {
    organizationGuid: requiredText(body, 'organization_guid'),
    spaceGuid: requiredText(body, 'space_guid'),
  };
}
