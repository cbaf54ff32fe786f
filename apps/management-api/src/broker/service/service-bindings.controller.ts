import { Controller, Delete, Get, Inject, Put, UseInterceptors } from '@nestjs/common';

import { type ManagementApiConfig } from '@lib/config';
import { fingerprintOf, type OrderedInstance, readInstanceCrn, ServiceBindingService } from '@lib/service-instances';

import { MANAGEMENT_CONFIG } from '../../management-config.module';
import { type OsbAnswer, OsbAnswerInterceptor } from '../http/osb-answer';
import { Call, type OsbCall } from '../http/osb-call';
import { badRequest, OsbError } from '../http/osb-error';
import {
  bindResourceOf,
  bodyObject,
  parametersOf,
  requiredPlan,
  requiredService,
  requireQueryIds,
} from '../http/request-fields';
import { bindingParameters } from './parameter-schemas';
import { ServiceOffer } from './service-offer';

/** A binding id is a CRN of about 165 characters. Longer ones would not fit into the database's index. */
const MAXIMUM_ID_BYTES = 1_024;
const PRINTABLE = /^[^\p{Cc}\p{Cs}]+$/u;
const isBindingId = (id: string): boolean => PRINTABLE.test(id) && Buffer.byteLength(id) <= MAXIMUM_ID_BYTES;

/** `/v2/service_instances/{id}/service_bindings/{id}` (OSB 2.17, "Binding"): endpoints and ids, and no secret. */
@Controller('v2/service_instances/:instance_id/service_bindings/:binding_id')
@UseInterceptors(OsbAnswerInterceptor)
export class ServiceBindingsController {
  constructor(
    @Inject(ServiceOffer) private readonly offer: ServiceOffer,
    @Inject(ServiceBindingService) private readonly bindings: ServiceBindingService,
    @Inject(MANAGEMENT_CONFIG) private readonly config: ManagementApiConfig,
  ) {}

  @Put()
  async bind(@Call() { path, body: received }: OsbCall): Promise<OsbAnswer> {
    const { offer } = this;
    const body = bodyObject(received);
    const serviceId = requiredService(body, offer);
    const planId = requiredPlan(body, offer).id;
    const parameters = parametersOf(body, bindingParameters);
    const resource = bindResourceOf(body);
    const instance = this.instance(path, 404);
    const bindingId = path['binding_id'] ?? '';
    if (!isBindingId(bindingId)) throw badRequest('The binding id has control characters or is too long.');
    const { created } = await this.bindings.bind({
      ...instance,
      bindingId,
      attributes: { parameters, resource },
      fingerprint: fingerprintOf({ serviceId, planId, parameters, resource }),
    });
    return { status: created ? 201 : 200, body: this.answer(instance, bindingId) };
  }

  @Get()
  async fetch(@Call() { path }: OsbCall): Promise<OsbAnswer> {
    const { instance, binding } = await this.binding(path);
    const { parameters } = binding.attributes;
    return { status: 200, body: { ...this.answer(instance, binding.id), parameters } };
  }

  @Delete()
  async unbind(@Call() { path, query }: OsbCall): Promise<OsbAnswer> {
    requireQueryIds(query, this.offer);
    const instance = this.instance(path, 410);
    const bindingId = path['binding_id'] ?? '';
    if (!isBindingId(bindingId)) throw new OsbError(410, 'There is no such service binding.');
    await this.bindings.unbind(instance, bindingId);
    return { status: 200, body: {} };
  }

  /** Bindings are made at once: what exists has succeeded. */
  @Get('last_operation')
  async lastOperation(@Call() { path }: OsbCall): Promise<OsbAnswer> {
    await this.binding(path);
    return { status: 200, body: { state: 'succeeded' } };
  }

  private async binding(path: OsbCall['path']) {
    const instance = this.instance(path, 404);
    const bindingId = path['binding_id'] ?? '';
    if (!isBindingId(bindingId)) throw new OsbError(404, 'There is no such service binding.');
    return { instance, binding: await this.bindings.get(instance, bindingId) };
  }

  private instance(path: OsbCall['path'], otherwise: 404 | 410): OrderedInstance {
    const instance = readInstanceCrn(path['instance_id'] ?? '');
    if (instance === undefined) throw new OsbError(otherwise, 'There is no such service instance.');
    return instance;
  }

  private answer({ instanceId, crn }: OrderedInstance, bindingId: string): object {
    const { kmipEndpoints: endpoints } = this.config;
    return {
      credentials: {
        kmip_endpoints: endpoints.map(({ host, port }) => `${host}:${port}`),
        instance_id: instanceId,
        instance_crn: crn.text,
        binding_id: bindingId,
      },
      endpoints: endpoints.map(({ host, port }) => ({ host, ports: [String(port)], protocol: 'tcp' })),
    };
  }
}
