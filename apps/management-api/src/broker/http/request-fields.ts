import { type PlatformContext, type ServicePlan } from '@lib/service-instances';
import { type z } from 'zod';

import { type ServiceOffer } from '../service/service-offer';
import { badRequest, OsbError } from './osb-error';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Fields of the platform's context that mean something here. Longer or other values are not kept. */
const CONTEXT_FIELDS = ['platform', 'account_id', 'crn', 'resource_group_crn', 'target_crn', 'name'];
const RESOURCE_FIELDS = ['account_id', 'serviceid_crn', 'target_crn', 'app_guid', 'route'];
const MAXIMUM_TEXT = 1_024;

export function bodyObject(body: unknown): JsonObject {
  if (!isObject(body)) throw badRequest('The request body must be a JSON object.');
  return body;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A field that may be missing or null, and is an object otherwise. */
export function optionalObject(source: JsonObject, field: string): JsonObject | undefined {
  const value = source[field] ?? undefined;
  if (value !== undefined && !isObject(value)) throw badRequest(`${field} must be an object.`);
  return value;
}

export function requiredText(source: JsonObject, field: string): string {
  const value = source[field];
  if (typeof value !== 'string' || value === '') throw badRequest(`${field} is required.`);
  return value;
}

export function requiredService(source: JsonObject, offer: ServiceOffer): string {
  const id = requiredText(source, 'service_id');
  if (id !== offer.serviceId) throw badRequest('service_id is not in the catalog.');
  return id;
}

export function requiredPlan(source: JsonObject, offer: ServiceOffer): ServicePlan {
  const plan = offer.plan(requiredText(source, 'plan_id'));
  if (plan === undefined) throw badRequest('plan_id is not in the catalog.');
  return plan;
}

/** Both ids travel in the query of a deletion. */
export function requireQueryIds(query: URLSearchParams, offer: ServiceOffer): void {
  const ids = { service_id: query.get('service_id'), plan_id: query.get('plan_id') };
  requiredService(ids, offer);
  requiredPlan(ids, offer);
}

/** @throws OsbError 400 that names the parameter, never its value: it may be a secret in the wrong place */
export function parametersOf<T>(body: JsonObject, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(optionalObject(body, 'parameters') ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join('.').slice(0, 128) ?? '';
  // Of a pattern the message is ours; others name rules of the schema.
  if (issue?.code === 'invalid_format') throw badRequest(`parameters.${path} ${issue.message}.`);
  const which = path === '' ? 'parameters do' : `parameters.${path} does`;
  throw badRequest(`${which} not follow the schema of the plan.`);
}

export const contextOf = (body: JsonObject): PlatformContext =>
  texts(optionalObject(body, 'context') ?? {}, CONTEXT_FIELDS);

export const bindResourceOf = (body: JsonObject): PlatformContext =>
  texts(optionalObject(body, 'bind_resource') ?? {}, RESOURCE_FIELDS);

/** Only a platform that states what it has seen of the plan's maintenance is held to it. */
export function checkMaintenance(body: JsonObject, offer: ServiceOffer): void {
  const info = body['maintenance_info'];
  const version = isObject(info) ? info['version'] : undefined;
  if (version === undefined || version === offer.maintenanceInfo.version) return;
  throw new OsbError(422, 'The maintenance information of this plan has changed.', 'MaintenanceInfoConflict');
}

export const acceptsIncomplete = (query: URLSearchParams): boolean => query.get('accepts_incomplete') === 'true';

function texts(source: JsonObject, fields: readonly string[]): PlatformContext {
  const kept: Record<string, string> = {};
  for (const field of fields) {
    const value = source[field];
    if (typeof value === 'string' && value.length <= MAXIMUM_TEXT) kept[field] = value;
  }
  return kept;
}
