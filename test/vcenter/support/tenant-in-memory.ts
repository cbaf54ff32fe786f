import { randomUUID, X509Certificate } from 'node:crypto';

import {
  issueCertificateAuthority,
  type IssuedCertificate,
  issueClientCertificate,
  signCertificateRequest,
} from '@lib/pki';
import { type ManagedObject } from '@lib/kmip-engine';
import { tenantApi, type TenantApi } from '@lib/tenant-api-client';

import { type KmipServer } from '../../../apps/local-vcenter/test/kmip-server.fixture';

interface Certificate {
  readonly id: string;
  readonly name: string;
  readonly certificate: string;
  readonly sha256_fingerprint: string;
  readonly expires_at: string;
  readonly last_seen?: { readonly at: string; readonly endpoint: string };
  readonly births: { readonly place: 'here' };
  readonly server_trust: readonly never[];
}
interface Asked {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, string>>;
}
type Route = readonly [method: string, path: RegExp, (asked: Asked, id: string) => unknown];

const INSTANCE = '7f0b3f5e-1d0c-4d0e-9a43-0b1f6f0a5a10';
const GONE = Symbol('404');
let authority: Promise<IssuedCertificate> | undefined;
const ca = (): Promise<IssuedCertificate> =>
  (authority ??= issueCertificateAuthority({ commonName: 'Clients', validDays: 2 }));

/**
 * One instance with what the tool asks of the tenant API, over the engine that the key server of the test has. What the
 * tenant API itself is like is tested elsewhere: here it never refuses.
 */
export class TenantInMemory {
  readonly certificates: Certificate[] = [];
  readonly credentials: { readonly id: string; readonly username: string }[] = [];
  readonly inventories: object[] = [];

  constructor(private readonly endpoints: readonly KmipServer[]) {}

  get api(): TenantApi {
    return tenantApi({
      url: 'http://tenant.invalid',
      token: () => Promise.resolve('token'),
      fetch: (request) => this.#answer(request),
    });
  }

  readonly instance = INSTANCE;

  /** What a test compares before and after. */
  snapshot(what: 'whole' | 'without keys'): unknown {
    const certificates = this.certificates.map(({ name }) => name);
    if (what === 'without keys') return structuredClone({ certificates, credentials: this.credentials });
    const keys = this.#engine.store.objects().map(({ uniqueIdentifier, state }) => [uniqueIdentifier, state]);
    return structuredClone({ certificates, credentials: this.credentials, keys });
  }

  keysWith(attribute: string): readonly ManagedObject[] {
    return this.#engine.store
      .objects()
      .filter(({ attributes }) =>
        attributes.some(({ name, value }) => value.type === 'TextString' && `${name}=${value.value}` === attribute),
      );
  }

  keysNamed(attribute: string): readonly ManagedObject[] {
    return this.#engine.store.objects().filter(({ attributes }) => attributes.some(({ name }) => name === attribute));
  }

  get #engine(): KmipServer['engine'] {
    const [first] = this.endpoints;
    if (first === undefined) throw new Error('an instance without endpoints');
    return first.engine;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams: query } = new URL(request.url);
    const text = await request.text();
    const body = (text === '' ? {} : JSON.parse(text)) as Asked['body'];
    const path = pathname.replace(`/v1/instances/${INSTANCE}`, '');
    for (const [method, pattern, respond] of this.#routes) {
      const match = request.method === method ? pattern.exec(path) : null;
      if (match === null) continue;
      const value = await respond({ path, query, body }, match[1] ?? '');
      if (value === GONE)
        return Response.json({ errors: [{ code: 'not_found', message: 'not found' }] }, { status: 404 });
      return value === undefined ? new Response(null, { status: 204 }) : Response.json(value);
    }
    throw new Error(`the tenant in memory has no ${request.method} ${path}`);
  }

  readonly #routes: readonly Route[] = [
    ['GET', /^$/, () => this.#shown()],
    ['GET', /^\/client_certificates$/, ({ query }) => ({ client_certificates: this.#named(query.get('name')) })],
    ['POST', /^\/client_certificates$/, async ({ body }) => this.#register(body['name'] ?? '', await pemIn(body))],
    ['GET', /^\/client_certificates\/(.+)$/, (_, id) => this.certificates.find((each) => each.id === id) ?? GONE],
    ['DELETE', /^\/client_certificates\/(.+)$/, (_, id) => this.#unregister(id)],
    ['POST', /^\/client_key_pairs$/, ({ body }) => this.#makePair(body['name'] ?? '')],
    ['GET', /^\/kmip_credentials$/, () => ({ kmip_credentials: this.credentials })],
    ['POST', /^\/kmip_credentials$/, () => this.#issue()],
    ['DELETE', /^\/kmip_credentials\/(.+)$/, (_, id) => remove(this.credentials, id)],
    ['GET', /^\/keys$/, ({ query }) => ({ keys: this.keysWith(query.get('attribute') ?? '').map(shownKey) })],
    ['GET', /^\/keys\/(.+)$/, (_, id) => this.#key(id)],
    ['PATCH', /^\/keys\/(.+)$/, ({ body }, id) => this.#change(id, body)],
    ['DELETE', /^\/keys\/(.+)$/, (_, id) => this.#destroy(id)],
    ['GET', /^\/connection_attempts$/, () => ({ connection_attempts: [] })],
    [
      'PUT',
      /^\/inventory$/,
      ({ body }) => {
        this.inventories.push(body);
        return { key_count: body['key_ids']?.length ?? 0 };
      },
    ],
  ];

  #shown(): unknown {
    return {
      id: INSTANCE,
      name: 'acme',
      state: 'installed',
      health: { problems: [] },
      next_step: { message: '' },
      endpoints: this.endpoints.map(({ port, certificatePem }, index) => ({
        name: `kmip-${index + 1}`,
        hostname: '127.0.0.1',
        port,
        server_certificate: shownCertificate(certificatePem),
      })),
    };
  }

  #named(name: string | null): readonly Certificate[] {
    return this.certificates.filter((each) => name === null || each.name === name);
  }

  #register(name: string, pem: string): Certificate {
    const made = {
      id: randomUUID(),
      name,
      ...shownCertificate(pem),
      births: { place: 'here' as const },
      server_trust: [],
    };
    this.certificates.push(made);
    for (const server of this.endpoints) server.allow(made.sha256_fingerprint);
    return made;
  }

  #unregister(id: string): unknown {
    const gone = remove(this.certificates, id);
    for (const server of this.endpoints) {
      server.allowNobody();
      for (const { sha256_fingerprint: fingerprint } of this.certificates) server.allow(fingerprint);
    }
    return gone;
  }

  async #makePair(name: string): Promise<unknown> {
    const pair = await issueClientCertificate(await ca(), { commonName: name, validDays: 2, keyKind: 'ec-p256' });
    const registered = this.#register(name, pair.certificatePem);
    return { client_certificate: { id: registered.id }, private_key: pair.privateKeyPem.exposeText() };
  }

  #issue(): unknown {
    const made = { id: randomUUID(), username: 'acme-user' };
    this.credentials.push(made);
    return { ...made, password: 'shown once' };
  }

  #key(id: string): unknown {
    const key = this.#engine.store.objects().find(({ uniqueIdentifier }) => uniqueIdentifier === id);
    return key === undefined ? GONE : shownKey(key);
  }

  #change(id: string, change: Readonly<Record<string, unknown>>): unknown {
    const key = this.#engine.store.objects().find(({ uniqueIdentifier }) => uniqueIdentifier === id);
    if (key === undefined) return GONE;
    const { suspended = key.suspended } = change;
    this.#engine.store.overwrite({ ...key, suspended: suspended === true });
    return this.#key(id);
  }

  suspend(id: string): void {
    this.#change(id, { suspended: true });
  }

  /** As if it had been destroyed. */
  forget(id: string): void {
    this.#destroy(id);
  }

  #destroy(id: string): unknown {
    const key = this.#engine.store.objects().find(({ uniqueIdentifier }) => uniqueIdentifier === id);
    if (key === undefined) return GONE;
    this.#engine.store.forget(key.uniqueIdentifier);
    return undefined;
  }
}

async function pemIn({ certificate, certificate_signing_request: asked }: Asked['body']): Promise<string> {
  if (certificate !== undefined || asked === undefined) return certificate ?? '';
  return (await signCertificateRequest(await ca(), asked, { validDays: 2 })).certificatePem;
}

function shownCertificate(pem: string) {
  const { fingerprint256, fingerprint, validTo } = new X509Certificate(pem);
  return {
    certificate: pem,
    sha256_fingerprint: fingerprint256,
    sha1_fingerprint: fingerprint,
    expires_at: new Date(validTo).toISOString(),
  };
}

function shownKey({ uniqueIdentifier, state, suspended, initialDate, attributes }: ManagedObject): object {
  const words: Readonly<Record<string, string>> = { PreActive: 'pre_active', Active: 'active' };
  return {
    id: uniqueIdentifier,
    name: uniqueIdentifier,
    state: words[state] ?? state.toLowerCase(),
    suspended,
    servable: !suspended,
    created_at: initialDate.toISOString(),
    attributes: attributes.map(({ name, value }) => ({ name, value: value.type === 'TextString' ? value.value : '' })),
  };
}

function remove(list: { readonly id: string }[], id: string): unknown {
  const at = list.findIndex((each) => each.id === id);
  if (at < 0) return GONE;
  list.splice(at, 1);
  return undefined;
}
