import { toFingerprint } from '@lib/kernel';
import { answerOf, type components, pagesOf, type TenantApi, TenantApiError } from '@lib/tenant-api-client';

import {
  type IssuedCredential,
  type KmipService,
  type RegisteredCertificate,
  type ServedEndpoint,
  type ServedInstance,
  type ServedKey,
  type ServerCertificate,
  type Sighting,
  type UploadedInventory,
} from './kmip-service';

type Schemas = components['schemas'];

const PAGE = 100;
const RECENT_MS = 10 * 60_000;

/** The instance as the tenant API has it. */
export class TenantService implements KmipService {
  readonly #here: { readonly instance_id: string };

  constructor(
    private readonly api: TenantApi,
    private readonly instanceId: string,
    private readonly now: () => Date,
  ) {
    this.#here = { instance_id: instanceId };
  }

  async instance(): Promise<ServedInstance> {
    const path = { id: this.instanceId };
    return instanceFrom(await answerOf(this.api.GET('/v1/instances/{id}', { params: { path } })));
  }

  async certificates(): Promise<readonly RegisteredCertificate[]> {
    const found: RegisteredCertificate[] = [];
    const pages = pagesOf((start) =>
      this.api.GET('/v1/instances/{instance_id}/client_certificates', {
        params: { path: this.#here, query: { limit: PAGE, ...(start !== undefined && { start }) } },
      }),
    );
    for await (const page of pages) found.push(...page.client_certificates.map(certificateFrom));
    return found;
  }

  async register(name: string, pem: string): Promise<RegisteredCertificate> {
    return await this.#create({ name, certificate: pem });
  }

  async sign(name: string, signingRequest: string): Promise<RegisteredCertificate> {
    return await this.#create({ name, certificate_signing_request: signingRequest });
  }

  async #create(body: Schemas['InstanceClientCertificatePrototype']): Promise<RegisteredCertificate> {
    const params = { path: this.#here };
    return certificateFrom(
      await answerOf(this.api.POST('/v1/instances/{instance_id}/client_certificates', { params, body })),
    );
  }

  async makePair(name: string): Promise<RegisteredCertificate & { readonly privateKeyPem: string }> {
    const body = { name, encoding: 'pem' as const, validity_days: 730 };
    const params = { path: this.#here };
    const pair = await answerOf(this.api.POST('/v1/instances/{instance_id}/client_key_pairs', { params, body }));
    const path = { ...this.#here, id: pair.client_certificate.id };
    const registered = await answerOf(
      this.api.GET('/v1/instances/{instance_id}/client_certificates/{id}', { params: { path } }),
    );
    if (pair.private_key === undefined) throw new Error('the service gave a key pair without a private key');
    return { ...certificateFrom(registered), privateKeyPem: pair.private_key };
  }

  async unregister({ id, name }: RegisteredCertificate): Promise<void> {
    const params = { path: { ...this.#here, id }, query: { confirm: name } };
    await unlessGone(this.api.DELETE('/v1/instances/{instance_id}/client_certificates/{id}', { params }));
  }

  async issueCredential(): Promise<IssuedCredential> {
    const params = { path: this.#here };
    const made = await answerOf(this.api.POST('/v1/instances/{instance_id}/kmip_credentials', { params }));
    if (made.password === undefined) throw new Error('the service issued a KMIP credential without a password');
    return { id: made.id, userName: made.username, password: made.password };
  }

  async withdrawCredential(id: string): Promise<void> {
    const { name } = await this.instance();
    const params = { path: { ...this.#here, id }, query: { confirm: name } };
    await unlessGone(this.api.DELETE('/v1/instances/{instance_id}/kmip_credentials/{id}', { params }));
  }

  async credentials(): Promise<readonly Omit<IssuedCredential, 'password'>[]> {
    const params = { path: this.#here };
    const page = await answerOf(this.api.GET('/v1/instances/{instance_id}/kmip_credentials', { params }));
    return page.kmip_credentials.map(({ id, username: userName }) => ({ id, userName }));
  }

  async key(id: string): Promise<ServedKey | undefined> {
    const params = { path: { ...this.#here, id } };
    const key = await unlessGone(this.api.GET('/v1/instances/{instance_id}/keys/{id}', { params }));
    return key === undefined ? undefined : keyFrom(key);
  }

  async keysWith(attribute: string): Promise<readonly ServedKey[]> {
    const found: ServedKey[] = [];
    const pages = pagesOf((start) =>
      this.api.GET('/v1/instances/{instance_id}/keys', {
        params: { path: this.#here, query: { attribute, limit: PAGE, ...(start !== undefined && { start }) } },
      }),
    );
    for await (const page of pages) found.push(...page.keys.map(keyFrom));
    return found;
  }

  async resumeKey(id: string): Promise<void> {
    await this.#changeKey(id, { suspended: false });
  }

  async reactivateKey(id: string): Promise<void> {
    await this.#changeKey(id, { state: 'active' });
  }

  async #changeKey(id: string, body: Schemas['InstanceKeyPatch']): Promise<void> {
    const params = { path: { ...this.#here, id } };
    await answerOf(this.api.PATCH('/v1/instances/{instance_id}/keys/{id}', { params, body }));
  }

  async destroyKey(id: string): Promise<void> {
    const path = { ...this.#here, id };
    const key = await unlessGone(this.api.GET('/v1/instances/{instance_id}/keys/{id}', { params: { path } }));
    if (key === undefined) return;
    const params = { path, query: { expected_name: key.name, revoke: true } };
    await unlessGone(this.api.DELETE('/v1/instances/{instance_id}/keys/{id}', { params }));
  }

  async uploadInventory(inventory: UploadedInventory): Promise<{ readonly keyCount: number }> {
    const body = {
      taken_at: inventory.takenAt.toISOString(),
      source: inventory.source,
      key_ids: [...inventory.keyIds],
      covered_certificates: [...inventory.coveredCertificates],
      certificates_without_keys: [...inventory.certificatesWithoutKeys],
    };
    const params = { path: this.#here };
    const stored = await answerOf(this.api.PUT('/v1/instances/{instance_id}/inventory', { params, body }));
    return { keyCount: stored.key_count };
  }

  async clockAheadMs(): Promise<number> {
    const { response } = await this.api.GET('/v1/instances/{id}', { params: { path: { id: this.instanceId } } });
    const at = Date.parse(response.headers.get('date') ?? '');
    return Number.isNaN(at) ? 0 : at - this.now().getTime();
  }

  async sightings(): Promise<readonly Sighting[]> {
    const accepted = (await this.#attempts()).filter(({ verdict }) => verdict === 'accepted');
    return accepted.flatMap(({ certificate, endpoint, last_at: at }) =>
      certificate === undefined ? [] : [{ sha256: toFingerprint(certificate.sha256_fingerprint), endpoint, at }],
    );
  }

  async refusals(): Promise<readonly string[]> {
    const since = this.now().getTime() - RECENT_MS;
    return (await this.#attempts())
      .filter(({ verdict, last_at: last }) => verdict !== 'accepted' && Date.parse(last) >= since)
      .map(({ message, remedy }) => `${message} ${remedy}`);
  }

  async #attempts(): Promise<readonly Schemas['InstanceConnectionAttempt'][]> {
    const params = { path: this.#here, query: { limit: PAGE } };
    const page = await answerOf(this.api.GET('/v1/instances/{instance_id}/connection_attempts', { params }));
    return page.connection_attempts;
  }
}

/** @returns undefined where it is not there */
async function unlessGone<T>(call: Promise<{ data?: T; response: Response }>): Promise<T | undefined> {
  try {
    return await answerOf(call);
  } catch (error) {
    if (error instanceof TenantApiError && error.status === 404) return undefined;
    throw error;
  }
}

function instanceFrom({ id, name, state, health, next_step: next, endpoints }: Schemas['Instance']): ServedInstance {
  const [problem] = health.problems.filter(({ stops }) => stops.includes('create'));
  const unfinished = state === 'installed' ? undefined : next.message;
  const hindrance = problem === undefined ? unfinished : `${problem.message} ${problem.remedy}`;
  return {
    id,
    name,
    state,
    ...(hindrance === undefined ? {} : { hindrance }),
    endpoints: endpoints.map(endpointFrom),
  };
}

function endpointFrom({
  name,
  hostname: address,
  port,
  server_certificate: present,
  next_server_certificate: next,
}: Schemas['InstanceEndpoint']): ServedEndpoint {
  return {
    name,
    address,
    port,
    ...(present && { certificate: serverCertificateFrom(present) }),
    ...(next && { next: serverCertificateFrom(next) }),
  };
}

function serverCertificateFrom(shown: Schemas['InstanceServerCertificate']): ServerCertificate {
  return {
    pem: shown.certificate,
    sha256: toFingerprint(shown.sha256_fingerprint),
    sha1: shown.sha1_fingerprint,
    expiresAt: shown.expires_at,
  };
}

function certificateFrom(found: Schemas['InstanceClientCertificate']): RegisteredCertificate {
  const { last_seen: seen, births, server_trust: trust } = found;
  return {
    id: found.id,
    name: found.name,
    sha256: toFingerprint(found.sha256_fingerprint),
    pem: found.certificate,
    expiresAt: found.expires_at,
    ...(seen && { lastSeen: { at: seen.at, endpoint: seen.endpoint } }),
    serverTrust: trust.map(({ endpoint, state, accepted_at: acceptedAt }) => ({
      endpoint,
      state,
      ...(acceptedAt !== undefined && { acceptedAt }),
    })),
    ...(births.place !== 'here' && { notBornHere: births.message }),
  };
}

function keyFrom(key: Schemas['InstanceKey']): ServedKey {
  const { unservable, last_fetched: fetched } = key;
  return {
    id: key.id,
    state: key.state,
    suspended: key.suspended,
    servable: key.servable,
    attributes: Object.fromEntries(key.attributes.map(({ name, value }) => [name, value])),
    ...(unservable && { obstacle: `${unservable.message} ${unservable.remedy}` }),
    ...(fetched && { fetchedAt: fetched.at }),
  };
}
