import { randomUUID } from 'node:crypto';
import { type FastifyRequest } from 'fastify';
import { type Cloud } from '../cloud';
import { type AccessTarget } from '../iam/access-policies';
import { verifyCaller } from '../iam/caller';
import { type TokenClaims } from '../iam/token-claims';
import { type InstanceRow, type KeyRow, type ServiceName } from '../journal/rows';
import { within } from '@lib/stand-in';
import { KmsError, KmsGoneError, KmsUnauthorizedError } from './kms.errors';
import { isPurged } from './key-state';
import { isAdmitted } from './network-policy';
import { KMS_OPERATIONS, type OperationName } from './operations';

declare module 'fastify' {
  interface FastifyRequest {
    kms: KmsCall | undefined;
  }
}

/** Which of the hosts of the real service this prefix stands for. */
export interface Front {
  readonly serviceName: ServiceName;
  /** Of one Key Protect instance, where the others are not. */
  readonly dedicated: boolean;
  readonly network: 'public' | 'private';
}

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

export const correlationIdOf = (request: FastifyRequest): string => {
  const given = request.headers['correlation-id'];
  return typeof given === 'string' && UUID_V4.test(given) ? given : randomUUID();
};

/** The instance a request names; on a host of one instance the header must agree with it. */
export function instanceIdOf(request: FastifyRequest): string | undefined {
  const header = request.headers['bluemix-instance'];
  const { guid } = request.params as { guid?: string };
  const named = typeof header === 'string' ? header.toLowerCase() : undefined;
  return guid === undefined || guid.toLowerCase() === named ? named : undefined;
}

export const keyRingHeader = (request: FastifyRequest): string | undefined => {
  const header = request.headers['x-kms-key-ring'];
  return typeof header === 'string' && header !== '' ? header : undefined;
};

/** One authenticated request to one instance, and what its caller may do there. */
export class KmsCall {
  private constructor(
    private readonly cloud: Cloud,
    readonly caller: TokenClaims,
    readonly instance: InstanceRow,
    readonly operation: OperationName,
    private readonly ring: string | undefined,
  ) {}

  static authenticate(cloud: Cloud, front: Front, request: FastifyRequest, operation: OperationName): KmsCall {
    const caller = verifyCaller(cloud, request);
    if (caller === 'malformed') throw new KmsError('BEARER_SUB_EXTRACTION_ERR');
    if (typeof caller === 'string') throw new KmsUnauthorizedError();
    const instance = cloud.store.get('instance', instanceIdOf(request) ?? '');
    if (instance?.state === 'removed' && cloud.behaviour.settings.removedInstances === 'gone') throw new KmsGoneError();
    if (instance?.state !== 'active' || !isServedAt(front, request, instance)) throw new KmsUnauthorizedError();
    if (!isAdmitted(cloud, instance.id, front.network, request.ip)) throw new KmsUnauthorizedError();
    const call = new KmsCall(cloud, caller, instance, operation, keyRingHeader(request));
    call.#requireRoleSomewhere();
    return call;
  }

  get by(): string {
    return this.caller.iam_id;
  }

  allows(part: Partial<AccessTarget>, operation: OperationName = this.operation): boolean {
    return this.cloud.access.allows(this.by, { ...this.#target(), ...part }, KMS_OPERATIONS[operation].roles);
  }

  /** @throws KmsUnauthorizedError unless the caller holds the role on the whole instance. */
  require(part: Partial<AccessTarget> = {}): void {
    if (!this.allows(part)) throw new KmsUnauthorizedError();
  }

  /** The key of this id, if the caller may do this with it. */
  requireKey(id: string): KeyRow {
    const row = this.cloud.store.get('key', within(this.instance.id, id));
    const key = row && this.cloud.behaviour.view(row);
    const visible = key !== undefined && !isPurged(key, this.cloud.clock.now());
    if (!visible) throw new KmsError('KEY_NOT_FOUND_ERR');
    if (!this.allows(keyTarget(key))) throw new KmsUnauthorizedError();
    if (this.ring !== undefined && key.keyRingId !== this.ring) throw new KmsError('KEY_NOT_FOUND_ERR');
    return key;
  }

  requireKeyOrAlias(idOrAlias: string): KeyRow {
    const alias = this.cloud.store.get('alias', within(this.instance.id, idOrAlias));
    return this.requireKey(alias?.keyId ?? idOrAlias);
  }

  requireRootKey(id: string): KeyRow {
    const key = this.cloud.behaviour.settings.aliasesInActions ? this.requireKeyOrAlias(id) : this.requireKey(id);
    if (key.extractable) throw new KmsError('KEY_ROOT_REQ_ERR');
    return key;
  }

  #target(): AccessTarget {
    const { accountId, serviceName, id, region } = this.instance;
    return { accountId, serviceName, serviceInstance: id, region };
  }

  /** Be it on a single key: whoever has no such role at all learns nothing, not even what is missing. */
  #requireRoleSomewhere(): void {
    const { roles } = KMS_OPERATIONS[this.operation];
    if (!this.cloud.access.allowsSomewhere(this.by, this.#target(), roles)) throw new KmsUnauthorizedError();
  }
}

function isServedAt(front: Front, request: FastifyRequest, instance: InstanceRow): boolean {
  const { region = instance.region } = request.params as { region?: string };
  const isOfItsKind = instance.serviceName === front.serviceName && (instance.dedicated === true) === front.dedicated;
  return isOfItsKind && region === instance.region;
}

/** The authenticated call of a request; every route of this API has one. */
export function callOf(request: FastifyRequest): KmsCall {
  if (!request.kms) throw new Error('a route of the keys API has no operation');
  return request.kms;
}

export const keyTarget = (key: KeyRow): Partial<AccessTarget> => ({
  keyRing: key.keyRingId,
  resourceType: 'key',
  resource: key.id,
});
