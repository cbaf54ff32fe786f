import { Inject, Injectable } from '@nestjs/common';
import { type FastifyRequest } from 'fastify';

import { isUuid } from '@lib/kernel';
import { addressGroup } from '@lib/kmip-transport';

import { type Principal } from '../auth/principal';
import { TokenVerifier } from '../auth/token-verifier';
import { ApiError, notFound } from './api-error';
import { type CallerCredentials } from './caller-credentials';
import { preferredType } from './media-types';
import { type BoundOperation, type InstanceScope } from './operation';
import { Permission } from './permission';
import { type RateLimiter } from './rate-limiter';
import { type RequestState, stateOf } from './request-state';
import { addressOf } from './server-limits';
import { ADDRESS_LIMITER, CALLER_CREDENTIALS, CALLER_LIMITER, INSTANCE_DIRECTORY } from './tokens';

/** API Handbook: longest request target. */
const MAX_TARGET_BYTES = 8_000;

/** Where an instance of the region belongs. */
export interface InstanceDirectory {
  find(instanceId: string): Promise<InstanceScope | undefined>;
}

export type Limiter = Pick<RateLimiter, 'take' | 'limitHeaders'>;

/** Everything that is decided before a body is read. */
@Injectable()
export class RequestAdmission {
  constructor(
    @Inject(TokenVerifier) private readonly verifier: Pick<TokenVerifier, 'verify'>,
    @Inject(Permission) private readonly permission: Pick<Permission, 'require'>,
    @Inject(INSTANCE_DIRECTORY) private readonly directory: InstanceDirectory,
    @Inject(ADDRESS_LIMITER) private readonly addressLimiter: Limiter,
    @Inject(CALLER_LIMITER) private readonly callerLimiter: Limiter,
    @Inject(CALLER_CREDENTIALS) private readonly credentials: CallerCredentials,
  ) {}

  /** @throws ApiError, or what the credentials, the verifier and the authorizer throw. */
  async admit(request: FastifyRequest): Promise<void> {
    const state = stateOf(request);
    refuseWhenLimited(this.addressLimiter, addressGroup(addressOf(request)));
    const principal = await this.verifier.verify(await this.credentials.of(request));
    state.principal = principal;
    refuseWhenLimited(this.callerLimiter, `${principal.accountId} ${principal.iamId}`);
    if (Buffer.byteLength(request.url) > MAX_TARGET_BYTES) {
      throw ApiError.of(414, 'uri_too_long', `The URI is longer than ${MAX_TARGET_BYTES} bytes.`);
    }
    const operation = request.is404 ? undefined : request.routeOptions.config.boundOperation;
    if (!operation) return;
    state.operation = operation;
    await this.#permit(request, state, operation, principal);
    state.answerType = checkHeaders(request, operation);
    state.query = operation.contract.readQuery(request.url);
  }

  async #permit(
    request: FastifyRequest,
    state: RequestState,
    operation: BoundOperation,
    principal: Principal,
  ): Promise<void> {
    const path = request.params as Record<string, string>;
    if (!operation.contract.acceptsPath(path)) throw notFound();
    if (operation.instanceParameter === undefined) return;
    const instanceId = path[operation.instanceParameter] ?? '';
    // Asked only for what can be an id of ours, so that no odd text reaches the database.
    const instance = isUuid(instanceId) ? await this.directory.find(instanceId) : undefined;
    if (!instance) throw notFound();
    state.audited = instance;
    if (instance.accountId !== principal.accountId) throw notFound();
    await this.permission.require(principal, instance, [operation.action, ...operation.besides]);
    if (!instance.writable && request.method !== 'GET' && request.method !== 'HEAD') throw instanceDisabled();
    state.instance = instance;
  }
}

const instanceDisabled = (): ApiError =>
  ApiError.of(403, 'instance_disabled', 'The instance is disabled or being deleted: it can be read but not changed.');

export function refuseWhenLimited(limiter: Limiter, caller: string): void {
  const seconds = limiter.take(caller);
  if (seconds === 0) return;
  const message = `Too many requests: wait ${seconds} s.`;
  throw new ApiError(429, [{ code: 'too_many_requests', message }], limiter.limitHeaders(seconds));
}

/** @returns the media type to answer with */
function checkHeaders(request: FastifyRequest, { contract }: BoundOperation): string {
  const answerType = preferredType(request.headers.accept, contract.answerTypes);
  if (answerType === undefined) {
    throw ApiError.of(406, 'not_acceptable', `The answer is ${contract.answerTypes.join(' or ')}.`, {
      type: 'header',
      name: 'Accept',
    });
  }
  contract.checkMediaType(request.headers['content-type']);
  contract.checkHeaders(request.headers);
  return answerType;
}
