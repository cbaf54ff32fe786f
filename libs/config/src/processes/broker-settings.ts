import { z } from 'zod';

import { defaulted, optional, type SettingType } from '../setting';
import { listOf, onOff, plainName, secretText, serviceUrl, wholeNumber } from '../setting-types';

const BROKER_CRN =
  /^crn:v1:[a-z0-9-]+:[a-z0-9-]+:resource-controller:[a-z0-9-]*:a\/[A-Za-z0-9-]+::resource-broker:\S+$/;

const catalogId: SettingType<string> = {
  schema: z.string().regex(/^[A-Za-z0-9._-]{1,128}$/),
  expected: 'an id of the global catalog',
};
const brokerCrn: SettingType<string> = {
  schema: z.string().regex(BROKER_CRN),
  expected: 'a CRN `crn:v1:bluemix:public:resource-controller::a/<account>::resource-broker:<id>`',
};

/** Settings of the service broker, the side that the IBM Cloud catalog sees. */
export const brokerSettings = {
  brokerAllowedCrns: optional('BROKER_ALLOWED_CRNS', listOf(brokerCrn, 'CRNs of brokers'), {
    meaning: 'CRNs under which this broker is registered; the resource controller calls with tokens made for them.',
    consequence: 'A caller with such a token can create and delete every instance. Unset: no token is accepted.',
  }),
  brokerBasicUsername: optional('BROKER_USERNAME', plainName, {
    meaning: 'User name of basic authentication at the service broker.',
    consequence: 'Only for tests and platforms without IAM; needs BROKER_PASSWORD. Unset: IAM tokens alone.',
  }),
  brokerBasicPassword: optional('BROKER_PASSWORD', secretText, {
    meaning: 'Password of basic authentication at the service broker.',
    consequence: 'Whoever has it can create and delete instances.',
  }),
  brokerServiceId: defaulted('BROKER_SERVICE_ID', catalogId, '5d1c7f0e-3b0e-4e63-9f43-2a7a3d4f9c10', {
    meaning: 'Id of the service in the IBM Cloud catalog; usage is reported under it.',
    consequence: 'Orders that name another service are refused. Do not change it later.',
  }),
  brokerStandardPlanId: defaulted('BROKER_STANDARD_PLAN_ID', catalogId, '5d1c7f0e-3b0e-4e63-9f43-2a7a3d4f9c11', {
    meaning: 'Id of the plan `standard`, whose instances are there at once.',
    consequence: 'Orders that name another plan are refused. Do not change it later.',
  }),
  brokerDedicatedPlanId: defaulted('BROKER_DEDICATED_PLAN_ID', catalogId, '5d1c7f0e-3b0e-4e63-9f43-2a7a3d4f9c12', {
    meaning: 'Id of the plan `dedicated`, whose instances are made and ended in the background.',
    consequence: 'Orders that name another plan are refused. Do not change it later.',
  }),
  brokerSettleMs: defaulted('BROKER_SETTLE_MS', wholeNumber(0, 60_000, 'milliseconds'), '3000', {
    meaning: 'How long background operations wait until every gateway of the region has heard of a change.',
    consequence: 'Below the poll interval of the gateways, clients may still be served while an instance is erased.',
  }),
  usageMeteringUrl: optional('USAGE_METERING_URL', serviceUrl, {
    meaning: 'Usage metering of IBM Cloud, `https://billing.cloud.ibm.com`; needs SERVICE_API_KEY.',
    consequence: 'Unset: usage is recorded hour by hour and not sent. It is refused when sent more than two days late.',
  }),
  globalCatalogUrl: optional('GLOBAL_CATALOG_URL', serviceUrl, {
    meaning: 'Global catalog, `https://globalcatalog.cloud.ibm.com/api/v1`; needs SERVICE_API_KEY.',
    consequence: 'Ids that differ from it are reported at the start. Unset: they are not compared.',
  }),
  brokerReconcile: defaulted('BROKER_RECONCILE', onOff, 'off', {
    meaning: 'Whether instances are compared with the resource controller every six hours; needs SERVICE_API_KEY.',
    consequence: 'Instances that the platform no longer has are reported and marked, never deleted.',
  }),
} as const;
