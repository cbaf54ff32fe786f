import { type Clock, type CorrelationId, isUuid, type Secret } from '@lib/kernel';
import { type Aad, KeyManagerError, type TryEvent } from '@lib/key-manager';
import { z } from 'zod';

import { type TokenSource } from '../iam/token-source';
import { type CallTarget, exchangeFault, isTokenRefusal, parseJson, readRefusal, type Refusal } from './faults';
import { refusalFault, unreadableAnswer } from './faults';
import { ExchangeError, type HttpExchange, type HttpRequest, type HttpResponse } from './http-exchange';
import {
  type CreatedKey,
  createdKeyCollection,
  deletedKeyCollection,
  type InstancePolicy,
  instancePolicyCollection,
  keyCollection,
  type KeyResource,
  keyRingCollection,
  type KeyVersion,
  keyVersionCollection,
  rewrapAnswer,
  unwrapAnswer,
  wrapAnswer,
} from './resources';

/** One try of one call: its trace and its end. */
export interface TryContext {
  readonly correlationId: CorrelationId;
  readonly signal: AbortSignal;
}

export interface KeyProtectClientOptions {
  readonly exchange: HttpExchange;
  readonly tokens: TokenSource;
  /** Path in front of `/api/v2`; empty for the real service. */
  readonly basePath: string;
  readonly instanceGuid: string;
  readonly clock: Clock;
  readonly onTry?: (event: TryEvent) => void;
}

export interface KeyPage {
  readonly limit: number;
  readonly offset: number;
  /** Standard keys when true, root keys when false, both when absent. */
  readonly extractable?: boolean;
  readonly search?: string;
  readonly sort?: string;
  /** Deleted keys in place of those that are there. */
  readonly deleted?: boolean;
}

interface Call<T> {
  /** For metrics. */
  readonly name: string;
  readonly method: HttpRequest['method'];
  readonly path: string;
  readonly target: CallTarget;
  readonly answer: z.ZodType<T>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly keyRing?: string;
  readonly prefer?: 'return=representation';
  readonly onlyOnce?: boolean;
}

/** The key manager refused in its own words; carries the words for who can look further. */
export class RefusedCall extends Error {
  constructor(
    readonly refusal: Refusal,
    readonly fault: KeyManagerError,
  ) {
    super(fault.message);
    this.name = 'RefusedCall';
  }
}

const KEY = 'application/vnd.ibm.kms.key+json';
const actionType = (action: string): string => `application/vnd.ibm.kms.key_action_${action}+json`;
const MAXIMUM_KEY_RINGS = 5_000;
/** Deleted keys too; a list leaves them out otherwise. */
const ALL_STATES = '0,1,2,3,5';
const DELETED = '5';
const PRESENT_STATES = '0,1,2,3';
/** An answer to HEAD has it as a header, and no body. */
const KEY_TOTAL = 'key-total';
const keyTotal = z
  .string()
  .regex(/^\d{1,9}$/)
  .transform(Number);

/**
 * The dozen calls of the Key Protect API v2 that the product makes, one HTTP request each (two when a token turned
 * out dead). HPCS speaks the same API. Bodies are never logged and are wiped after use.
 * @throws RefusedCall when the key manager answered no, KeyManagerError when there was no usable answer
 */
export class KeyProtectClient {
  constructor(private readonly options: KeyProtectClientOptions) {}

  wrap(context: TryContext, rootKeyId: string, aad: Aad, plaintext?: Secret): Promise<z.infer<typeof wrapAnswer>> {
    const body = plaintext === undefined ? { aad } : { plaintext: plaintext.expose().toString('base64'), aad };
    return this.#act(context, rootKeyId, 'wrap', body, wrapAnswer);
  }

  unwrap(context: TryContext, rootKeyId: string, aad: Aad, ciphertext: string): Promise<z.infer<typeof unwrapAnswer>> {
    return this.#act(context, rootKeyId, 'unwrap', { ciphertext, aad }, unwrapAnswer);
  }

  rewrap(context: TryContext, rootKeyId: string, aad: Aad, ciphertext: string): Promise<z.infer<typeof rewrapAnswer>> {
    return this.#act(context, rootKeyId, 'rewrap', { ciphertext, aad }, rewrapAnswer);
  }

  keyMetadata(context: TryContext, id: string, target: 'root_key' | 'stored_key' = 'root_key'): Promise<KeyResource> {
    const path = `/keys/${pathId(id)}/metadata`;
    return this.#one(context, { name: 'metadata', method: 'GET', path, target });
  }

  /** The key of this id as lists show it, deleted or not; a full id is found in an instance of any size. */
  async findKey(context: TryContext, id: string): Promise<KeyResource | undefined> {
    const query = new URLSearchParams({ limit: '1', search: pathId(id), state: ALL_STATES });
    const path = `/keys?${query.toString()}`;
    const call = { name: 'list', method: 'GET', path, target: 'instance', answer: keyCollection } as const;
    try {
      return (await this.#send(context, call)).resources.find((resource) => resource.id === id);
    } catch (error) {
      // What the service says in a large instance when there is no such id.
      if (error instanceof RefusedCall && error.refusal.reasonCode === 'KEY_SEARCH_TOO_BROAD') return undefined;
      throw error;
    }
  }

  /** With the payload, when `id` is a standard key. */
  getKey(context: TryContext, id: string): Promise<KeyResource> {
    return this.#one(context, { name: 'get', method: 'GET', path: `/keys/${pathId(id)}`, target: 'stored_key' });
  }

  /** Imports `payload` as a standard key. Which form the answer has without the header is documented nowhere. */
  async createStandardKey(context: TryContext, name: string, payload: Buffer, keyRing?: string): Promise<CreatedKey> {
    const resource = { type: KEY, name, extractable: true, payload: payload.toString('base64') };
    const { resources } = await this.#send(context, {
      name: 'create',
      method: 'POST',
      path: '/keys',
      target: 'instance',
      answer: createdKeyCollection,
      contentType: KEY,
      prefer: 'return=representation',
      body: { metadata: { collectionType: KEY, collectionTotal: 1 }, resources: [resource] },
      onlyOnce: true,
      ...(keyRing === undefined ? {} : { keyRing }),
    });
    const [created] = resources;
    if (created === undefined || !isUuid(created.id)) throw unreadableAnswer(201);
    return created;
  }

  /** @returns the end of the time in which it can be restored, where the service says so: documented is no content, too */
  async deleteKey(context: TryContext, id: string): Promise<string | undefined> {
    const { resources } = await this.#send(context, {
      name: 'delete',
      method: 'DELETE',
      path: `/keys/${pathId(id)}`,
      target: 'stored_key',
      answer: deletedKeyCollection,
      prefer: 'return=representation',
    });
    return resources[0]?.restoreExpirationDate;
  }

  /** Needs a role of its own, KeyPurge; a Manager may not. */
  async purgeKey(context: TryContext, id: string): Promise<void> {
    const path = `/keys/${pathId(id)}/purge`;
    await this.#send(context, { name: 'purge', method: 'DELETE', path, target: 'stored_key', answer: z.unknown() });
  }

  /** One page; the service leaves destroyed keys out unless they are asked for. */
  async listKeys(context: TryContext, page: KeyPage): Promise<KeyResource[]> {
    const { limit, offset, extractable, search, sort, deleted } = page;
    const query = new URLSearchParams({ limit: String(limit), offset: String(offset) });
    if (extractable !== undefined) query.set('extractable', String(extractable));
    if (search !== undefined) query.set('search', search);
    if (sort !== undefined) query.set('sort', sort);
    if (deleted === true) query.set('state', DELETED);
    const path = `/keys?${query.toString()}`;
    const call = { name: 'list', method: 'GET', path, target: 'instance', answer: keyCollection } as const;
    const { metadata, resources } = await this.#send(context, call);
    if (metadata?.incompleteSearch === true) throw incompleteSearch();
    return resources;
  }

  /** Root and standard keys that are not destroyed, as far as the credential may list them. */
  countKeys(context: TryContext): Promise<number> {
    const path = `/keys?state=${PRESENT_STATES}`;
    return this.#send(context, { name: 'count', method: 'HEAD', path, target: 'instance', answer: keyTotal });
  }

  /** Newest first. */
  async keyVersions(context: TryContext, id: string): Promise<readonly KeyVersion[]> {
    const path = `/keys/${pathId(id)}/versions?allKeyStates=true`;
    const call = { name: 'versions', method: 'GET', path, target: 'root_key', answer: keyVersionCollection } as const;
    return (await this.#send(context, call)).resources;
  }

  async keyRings(context: TryContext): Promise<readonly string[]> {
    // The default of a page is documented twice, differently, and there may be fifty rings.
    const path = `/key_rings?limit=${MAXIMUM_KEY_RINGS}`;
    const call = { name: 'key_rings', method: 'GET', path, target: 'instance' } as const;
    const { resources } = await this.#send(context, { ...call, answer: keyRingCollection });
    return resources.map(({ id }) => id);
  }

  /** Needs Manager. */
  async instancePolicies(context: TryContext): Promise<readonly InstancePolicy[]> {
    const call = { name: 'instance_policies', method: 'GET', path: '/instance/policies', target: 'instance' } as const;
    return (await this.#send(context, { ...call, answer: instancePolicyCollection })).resources;
  }

  close(): Promise<unknown> {
    return this.options.exchange.close();
  }

  async #act<T>(
    context: TryContext,
    rootKeyId: string,
    action: 'wrap' | 'unwrap' | 'rewrap',
    body: { readonly aad: Aad; readonly plaintext?: string; readonly ciphertext?: string },
    answer: z.ZodType<T>,
  ): Promise<T> {
    return this.#send(context, {
      name: action,
      method: 'POST',
      path: `/keys/${pathId(rootKeyId)}/actions/${action}`,
      target: 'root_key',
      contentType: actionType(action),
      body,
      answer,
    });
  }

  async #one(context: TryContext, call: Omit<Call<unknown>, 'answer'>): Promise<KeyResource> {
    const { resources } = await this.#send(context, { ...call, answer: keyCollection });
    const [resource] = resources;
    if (resource === undefined || resources.length !== 1) throw unreadableAnswer(200);
    return resource;
  }

  /** A dead token and a missing role both give 401: one fresh token tells them apart, and 401 means nothing was done. */
  #send<T>(context: TryContext, call: Call<T>): Promise<T> {
    return this.options.tokens.use(
      context.signal,
      (token) => this.#exchange(context, call, token),
      (error) => error instanceof RefusedCall && isTokenRefusal(error.refusal),
    );
  }

  async #exchange<T>(context: TryContext, call: Call<T>, token: string): Promise<T> {
    const { clock, onTry } = this.options;
    const startedMs = clock.monotonicMs();
    const report = (httpStatus?: number): void =>
      onTry?.({
        call: call.name,
        durationMs: clock.monotonicMs() - startedMs,
        ...(httpStatus === undefined ? {} : { httpStatus }),
      });
    let response: HttpResponse;
    try {
      response = await this.options.exchange.send(this.#request(context, call, token), context.signal);
    } catch (error) {
      report();
      throw error instanceof ExchangeError ? exchangeFault(error) : error;
    }
    report(response.status);
    return read(response, call, clock);
  }

  #request<T>(context: TryContext, call: Call<T>, token: string): HttpRequest {
    const headers: Record<string, string> = {
      authorization: `Bearer ${token}`,
      'bluemix-instance': this.options.instanceGuid,
      'correlation-id': context.correlationId,
      accept: 'application/json',
    };
    if (call.keyRing !== undefined) headers['x-kms-key-ring'] = call.keyRing;
    if (call.contentType !== undefined) headers['content-type'] = call.contentType;
    if (call.prefer !== undefined) headers['prefer'] = call.prefer;
    return {
      method: call.method,
      path: `${this.options.basePath}/api/v2${call.path}`,
      headers,
      ...(call.body === undefined ? {} : { body: Buffer.from(JSON.stringify(call.body), 'utf8') }),
      ...(call.onlyOnce === undefined ? {} : { onlyOnce: call.onlyOnce }),
    };
  }
}

function read<T>(response: HttpResponse, call: Call<T>, clock: Clock): T {
  try {
    if (response.status < 200 || response.status > 299) {
      const refusal = readRefusal(response, clock);
      throw new RefusedCall(refusal, refusalFault(refusal, call.target));
    }
    const answer = call.method === 'HEAD' ? response.header(KEY_TOTAL) : parseJson(response.body.toString('utf8'));
    const parsed = call.answer.safeParse(answer);
    // The schema's complaint is dropped: it may quote the answer, and the answer may hold a key.
    if (!parsed.success) throw unreadableAnswer(response.status);
    return parsed.data;
  } finally {
    response.body.fill(0);
  }
}

/** The same as being refused: what was not searched may hold the key. */
const incompleteSearch = (): KeyManagerError =>
  new KeyManagerError('refused', 'the instance holds too many keys to search them by name', {
    reasonCode: 'KEY_SEARCH_TOO_BROAD',
    certainlyNotDone: true,
  });

/** Ids become part of a path; the service would also take an alias there, we only ever mean an id. */
function pathId(id: string): string {
  if (isUuid(id)) return id;
  throw new KeyManagerError('refused', 'a key id must be a UUID', { certainlyNotDone: true });
}
