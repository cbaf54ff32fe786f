import { KeyManagerError } from '@lib/key-manager';
import { randomBytes, randomUUID } from 'node:crypto';

import { type FakeRole } from './fake-key-manager';
import { FakeRootKey } from './fake-root-key';

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface FakeResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface StandardKey {
  readonly id: string;
  readonly name: string;
  readonly payload: string;
  readonly keyRing: string;
  readonly creationDate: string;
  state: number;
  /** By the clock of the service. */
  deletedAtMs?: number;
}

interface Action {
  readonly plaintext?: string;
  readonly ciphertext?: string;
  readonly aad?: readonly string[];
}

const STATE_NUMBERS = { pre_activation: 0, active: 1, suspended: 2, deactivated: 3, destroyed: 5 } as const;
const RANK: Record<FakeRole, number> = { reader: 0, writer: 1, manager: 2, purger: 3 };
const PURGEABLE_AFTER_MS = 4 * 3_600_000;

/** Key Protect's error body: the code stands in a reason, 401 has no reason at all. */
export function keyProtectError(status: number, code?: string): FakeResponse {
  const reasons = code === undefined ? {} : { reasons: [{ code, message: 'see code', status, moreInfo: '' }] };
  return {
    status,
    body: {
      metadata: { collectionType: 'application/vnd.ibm.kms.error+json', collectionTotal: 1 },
      resources: [{ errorMsg: 'Refused: the fake says no', ...reasons }],
    },
  };
}

class Refused extends Error {
  constructor(readonly response: FakeResponse) {
    super('refused');
  }
}
const refuse = (status: number, code?: string): never => {
  throw new Refused(keyProtectError(status, code));
};

/**
 * One Key Protect instance as its REST API shows it, small enough to read: what the adapter's tests need. Tokens are
 * names given by {@link grant}. The local cloud is the full stand-in.
 */
export class FakeKeyProtect {
  readonly instanceGuid: string = randomUUID();
  readonly crn = `crn:v1:bluemix:public:kms:us-south:a/account:${this.instanceGuid}::`;
  readonly requests: FakeRequest[] = [];
  /** A POST is answered with the id alone, whatever the client prefers. */
  shortAnswers = false;
  /** Search stops working above this many keys, as in the service. */
  maximumSearch = 5_000;
  nowMs = 0;
  readonly #roles = new Map<string, FakeRole>();
  readonly #rootKeys = new Map<string, FakeRootKey>();
  readonly #standardKeys = new Map<string, StandardKey>();
  readonly #script: (FakeResponse | ((request: FakeRequest) => FakeResponse | undefined))[] = [];

  addRootKey(): FakeRootKey {
    const rootKey = new FakeRootKey();
    this.#rootKeys.set(rootKey.id, rootKey);
    return rootKey;
  }

  grant(token: string, role: FakeRole): void {
    this.#roles.set(token, role);
  }

  revoke(token: string): void {
    this.#roles.delete(token);
  }

  /** The next request gets this answer, without effect; a function may look and decline. */
  answerNext(...responses: FakeResponse[]): void {
    this.#script.push(...responses);
  }

  deleteStandardKey(id: string): void {
    const key = this.#standardKeys.get(id);
    if (key === undefined) throw new Error(`no standard key ${id}`);
    key.state = STATE_NUMBERS.destroyed;
    key.deletedAtMs = this.nowMs;
  }

  standardKeyNames(): readonly string[] {
    return [...this.#standardKeys.values()].map(({ name }) => name);
  }

  handle(request: FakeRequest): FakeResponse {
    this.requests.push(request);
    const scripted = this.#script.shift();
    const answer = typeof scripted === 'function' ? scripted(request) : scripted;
    if (answer !== undefined) return answer;
    try {
      return this.#route(request);
    } catch (error) {
      if (error instanceof Refused) return error.response;
      if (error instanceof KeyManagerError) {
        return keyProtectError(error.details.httpStatus ?? 500, error.details.reasonCode);
      }
      throw error;
    }
  }

  #route(request: FakeRequest): FakeResponse {
    const url = new URL(request.path, 'http://fake');
    const role = this.#roles.get(request.headers['authorization']?.replace('Bearer ', '') ?? '');
    if (role === undefined || request.headers['bluemix-instance'] !== this.instanceGuid) return keyProtectError(401);
    const [, , , , id = '', verb = '', action = ''] = url.pathname.split('/');
    const route = this.#routes(id, action, request, url)[`${request.method} ${id === '' ? 'all' : 'one'} ${verb}`];
    if (route === undefined) return keyProtectError(404, 'KEY_NOT_FOUND_ERR');
    const [least, answer] = route;
    return RANK[role] < RANK[least] ? keyProtectError(401) : answer();
  }

  #routes(id: string, action: string, request: FakeRequest, url: URL): Record<string, [FakeRole, () => FakeResponse]> {
    return {
      'GET all ': ['reader', () => this.#list(url.searchParams)],
      'POST all ': ['writer', () => this.#create(request)],
      'GET one ': ['writer', () => resource(this.#standardKey(id), true)],
      'DELETE one ': ['manager', () => this.#delete(id)],
      'DELETE one purge': ['purger', () => this.#purge(id)],
      'GET one metadata': ['reader', () => this.#metadata(id)],
      'POST one actions': ['reader', () => this.#act(id, action, JSON.parse(String(request.body)) as Action)],
    };
  }

  #list(query: URLSearchParams): FakeResponse {
    const deletedToo = query.get('state')?.includes('5') === true;
    const liveToo = query.get('state') !== '5';
    const live = [...this.#standardKeys.values()].filter(({ state }) =>
      state === STATE_NUMBERS.destroyed ? deletedToo : liveToo,
    );
    const search = query.get('search')?.replace('name:', '').toLowerCase();
    if (search !== undefined && live.length > this.maximumSearch) return keyProtectError(400, 'KEY_SEARCH_TOO_BROAD');
    const found = live.filter(
      ({ id, name }) => search === undefined || id === search || name.toLowerCase().includes(search),
    );
    const offset = Number(query.get('offset') ?? '0');
    const page = found.slice(offset, offset + Number(query.get('limit'))).map((key) => describe(key));
    return { status: 200, body: { metadata: {}, ...(page.length === 0 ? {} : { resources: page }) } };
  }

  #create({ body, headers }: FakeRequest): FakeResponse {
    const { resources } = JSON.parse(String(body)) as { resources: { name: string; payload: string }[] };
    const [given] = resources;
    if (given === undefined || given.name.length > 90) return keyProtectError(400, 'INVALID_FIELD_ERR');
    const key = {
      ...given,
      id: randomUUID(),
      keyRing: headers['x-kms-key-ring'] ?? 'default',
      creationDate: new Date(0).toISOString(),
      state: STATE_NUMBERS.active,
    };
    this.#standardKeys.set(key.id, key);
    if (this.shortAnswers) return { status: 201, body: { metadata: {}, resources: [{ id: key.id }] } };
    return { ...resource(key, false), status: 201 };
  }

  #delete(id: string): FakeResponse {
    const key = this.#standardKey(id);
    if (key.state === STATE_NUMBERS.destroyed) return keyProtectError(410, 'KEY_DELETED_ERR');
    key.state = STATE_NUMBERS.destroyed;
    key.deletedAtMs = this.nowMs;
    return { status: 204 };
  }

  #purge(id: string): FakeResponse {
    const { deletedAtMs } = this.#standardKey(id);
    if (deletedAtMs === undefined) return keyProtectError(409, 'KEY_ACTION_INVALID_STATE_ERR');
    if (this.nowMs - deletedAtMs < PURGEABLE_AFTER_MS) return keyProtectError(409, 'REQ_TOO_EARLY_ERR');
    this.#standardKeys.delete(id);
    return { status: 204 };
  }

  #standardKey(id: string): StandardKey {
    return this.#standardKeys.get(id) ?? refuse(404, 'KEY_NOT_FOUND_ERR');
  }

  #rootKey(id: string): FakeRootKey {
    return this.#rootKeys.get(id) ?? refuse(404, 'KEY_NOT_FOUND_ERR');
  }

  #metadata(id: string): FakeResponse {
    const standardKey = this.#standardKeys.get(id);
    if (standardKey !== undefined) return resource(standardKey, false);
    const { state, version } = this.#rootKey(id);
    const body = { id, name: 'root', state: STATE_NUMBERS[state], extractable: false, keyVersion: { id: version } };
    return { status: 200, body: { metadata: {}, resources: [body] } };
  }

  #act(id: string, action: string, { plaintext, ciphertext = '', aad = [] }: Action): FakeResponse {
    const rootKey = this.#rootKey(id);
    if (rootKey.state === 'destroyed') refuse(410, 'KEY_DELETED_ERR');
    const allowed = rootKey.state === 'active' || (rootKey.state === 'deactivated' && action !== 'wrap');
    if (!allowed) refuse(409, 'KEY_ACTION_INVALID_STATE_ERR');
    const newest = { id: rootKey.version };
    if (action === 'wrap') {
      const key = plaintext === undefined ? randomBytes(32) : Buffer.from(plaintext, 'base64');
      const answer = { ciphertext: rootKey.wrap(key, aad), keyVersion: newest };
      return { status: 200, body: plaintext === undefined ? { ...answer, plaintext: key.toString('base64') } : answer };
    }
    const { plaintext: key, version } = rootKey.unwrap(ciphertext, aad);
    const rewrapped = { ciphertext: rootKey.wrap(key, aad), rewrappedKeyVersion: newest };
    if (action === 'rewrap') return { status: 200, body: { ...rewrapped, keyVersion: { id: version } } };
    const answer = { plaintext: key.toString('base64'), keyVersion: { id: version } };
    return { status: 200, body: version === newest.id ? answer : { ...answer, ...rewrapped } };
  }
}

function describe({ id, name, creationDate, state, keyRing, deletedAtMs }: StandardKey): Record<string, unknown> {
  const deletion = deletedAtMs === undefined ? {} : { deletionDate: new Date(deletedAtMs).toISOString() };
  return { ...deletion, id, name, creationDate, state, keyRingID: keyRing, extractable: true };
}

function resource(key: StandardKey, withPayload: boolean): FakeResponse {
  const shown = withPayload && key.state !== STATE_NUMBERS.destroyed ? { payload: key.payload } : {};
  return { status: 200, body: { metadata: {}, resources: [{ ...describe(key), ...shown }] } };
}
