import { X509Certificate } from 'node:crypto';

import { type Clock, Secret } from '@lib/kernel';
import {
  KmipClient,
  KmipClientError,
  parseIdentity,
  presentedCertificate,
  vcenter,
  type VCenterCredential,
} from '@lib/kmip-client';
import {
  type OperationName,
  type OperationResponses,
  type RequestMessage,
  ResultStatus,
  State,
} from '@lib/kmip-protocol';

import { type Behaviour } from '../behaviour';
import { type PairRow, type ProviderRow, type ServerRow } from '../rows';
import { type KeyProviders } from './key-providers';
import { type KmipAction, type KmipLog } from './kmip-log';

/** A server's own limit in seconds: -1 none, 0 infinite. vCenter's default is not published [inferred]. */
const DEFAULT_TIMEOUT_MS = 10_000;
const UNLIMITED_MS = 10 * 60_000;
/** The only name of vCenter's KMIP library that has a source (Broadcom KB 396701). */
const PASSWORD_MISSING = 'QLC_ERR_VALUE_MISSING';

export type FailureKind = 'unreachable' | 'untrusted' | 'refused' | 'password_missing';

/** A key server did not do what it was asked. */
export class KeyServerFailure extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string,
    /** Result Reason of the server. */
    readonly reason?: number,
  ) {
    super(message);
  }
}

export interface FetchedKey {
  readonly material: Secret;
  readonly state: State | undefined;
}

/** What one connection is for. */
interface Purpose {
  readonly action: KmipAction;
  readonly keyId?: string;
  /** Host that connects by itself; absent: this vCenter. */
  readonly by?: string;
}

interface Line {
  readonly client: KmipClient;
  readonly credential: VCenterCredential | undefined;
}

/**
 * The KMIP client of vCenter: a new connection for each action, the exact requests, in the order of the recordings (7.0.3
 * and 8.0.1). The first request of each is a Discover Versions without a batch item id.
 */
export class KeyServers {
  /** Parsed once: that costs more than a handshake. */
  readonly #identities = new WeakMap<PairRow, ReturnType<typeof parseIdentity>>();

  constructor(
    private readonly providers: KeyProviders,
    private readonly clock: Clock,
    private readonly behaviour: Behaviour,
    readonly log: KmipLog,
  ) {}

  /** What the server shows, trusted or not; a handshake and nothing more. */
  async presented(provider: ProviderRow | undefined, server: ServerRow): Promise<string | undefined> {
    const pair = provider === undefined ? undefined : this.providers.clientOf(provider);
    const certificate = await presentedCertificate({
      host: server.address,
      port: server.port,
      timeoutMs: timeoutOf(server),
      ...(pair && {
        identity: { clientCertificatePem: pair.certificate, clientKeyPem: Secret.fromText(pair.privateKey) },
      }),
    });
    this.#note(
      provider?.id ?? '',
      server,
      { action: 'handshake' },
      certificate === undefined ? 'unreachable' : undefined,
    );
    return certificate;
  }

  /** Whether the certificate was uploaded for this provider, and is valid by this vCenter's clock [inferred]. */
  trusts(provider: ProviderRow, certificate: string): boolean {
    const { fingerprint256 } = new X509Certificate(certificate);
    return this.#trusted(provider).includes(fingerprint256);
  }

  /** The connection test that is also the health check. @throws KeyServerFailure */
  async test(provider: ProviderRow, server: ServerRow): Promise<void> {
    await this.#action(provider, server, { action: 'test' }, async ({ client }) => {
      await ask(client, 'DiscoverVersions', vcenter.discoverVersions());
    });
  }

  /** Once after the provider was configured. A server that has no Query is tolerated. */
  async query(provider: ProviderRow, server: ServerRow): Promise<void> {
    await this.#action(provider, server, { action: 'query' }, async ({ client }) => {
      await ask(client, 'Query', vcenter.queryServerInformation());
    });
  }

  /** A new key, Pre-Active until it is used. @throws KeyServerFailure */
  create(provider: ProviderRow, server: ServerRow): Promise<string> {
    return this.#action(provider, server, { action: 'create' }, async ({ client, credential }) => {
      const { uniqueIdentifier } = await ask(client, 'Create', vcenter.createKey(credential));
      return uniqueIdentifier;
    });
  }

  /** Asks for each attribute first, then adds those that are not there in one batch. @throws KeyServerFailure */
  async tag(
    provider: ProviderRow,
    server: ServerRow,
    keyId: string,
    attributes: Readonly<Record<string, string>>,
  ): Promise<void> {
    await this.#action(provider, server, { action: 'tag', keyId }, async ({ client }) => {
      const absent: [name: string, value: string][] = [];
      for (const [name, value] of Object.entries(attributes)) {
        const { attributes: found } = await ask(client, 'GetAttributes', vcenter.getCustomAttribute(keyId, name));
        if (found.length === 0) absent.push([name, value]);
      }
      if (absent.length === 0) return;
      await ask(client, 'AddAttribute', vcenter.addAttributes(keyId, Object.fromEntries(absent)));
    });
  }

  /** Fetches the key, and activates it where it is Pre-Active. @throws KeyServerFailure */
  use(provider: ProviderRow, server: ServerRow, keyId: string, by?: string): Promise<FetchedKey> {
    const purpose = { action: 'use', keyId, ...(by !== undefined && { by }) } as const;
    return this.#action(provider, server, purpose, async (line) => {
      const fetched = await fetchKey(line, keyId);
      if (fetched.state !== State.PreActive) return fetched;
      await ask(line.client, 'Activate', vcenter.activate(keyId, line.credential));
      return { ...fetched, state: State.Active };
    });
  }

  /** Looks whether the key could be used, and changes nothing [inferred: Get and State]. @throws KeyServerFailure */
  async stateOf(provider: ProviderRow, server: ServerRow, keyId: string): Promise<State | undefined> {
    return await this.#action(provider, server, { action: 'status', keyId }, async (line) => {
      const { material, state } = await fetchKey(line, keyId);
      material.wipe();
      return state;
    });
  }

  #trusted({ trusted }: ProviderRow): readonly string[] {
    const now = this.clock.now();
    const pinned = this.behaviour.settings.serverTrust === 'last' ? trusted.slice(-1) : trusted;
    return pinned
      .map((pem) => new X509Certificate(pem))
      .filter(({ validFrom, validTo }) => new Date(validFrom) <= now && now <= new Date(validTo))
      .map(({ fingerprint256 }) => fingerprint256);
  }

  async #action<T>(
    provider: ProviderRow,
    server: ServerRow,
    purpose: Purpose,
    work: (line: Line) => Promise<T>,
  ): Promise<T> {
    try {
      const result = await this.#connected(provider, server, work);
      this.#note(provider.id, server, purpose);
      return result;
    } catch (error) {
      const failure = asFailure(error);
      this.#note(provider.id, server, purpose, failure.message);
      throw failure;
    }
  }

  async #connected<T>(provider: ProviderRow, server: ServerRow, work: (line: Line) => Promise<T>): Promise<T> {
    const credential = credentialOf(server);
    const pair = this.providers.clientOf(provider);
    if (pair === undefined) throw new KeyServerFailure('refused', 'there is no client certificate');
    const identity = {
      clientCertificatePem: pair.certificate,
      clientKeyPem: Secret.fromText(pair.privateKey),
      serverTrust: { pinnedSha256: this.#trusted(provider) },
    };
    const secureContext = this.#identities.get(pair) ?? parseIdentity(identity);
    this.#identities.set(pair, secureContext);
    const client = await KmipClient.connect({
      ...identity,
      secureContext,
      host: server.address,
      port: server.port,
      connectTimeoutMs: timeoutOf(server),
      requestTimeoutMs: timeoutOf(server),
    });
    try {
      await ask(client, 'DiscoverVersions', vcenter.probe());
      return await work({ client, credential });
    } finally {
      await client.close();
    }
  }

  #note(provider: string, { name: server }: ServerRow, purpose: Purpose, failure?: string): void {
    const at = this.clock.now().toISOString();
    this.log.record({ at, provider, server, by: 'vcenter', ...purpose, ...(failure !== undefined && { failure }) });
  }
}

async function fetchKey({ client, credential }: Line, keyId: string): Promise<FetchedKey> {
  const { symmetricKey } = await ask(client, 'Get', vcenter.getKey(keyId, credential));
  const material = symmetricKey?.keyMaterial;
  if (!(material instanceof Secret)) throw new KeyServerFailure('refused', 'the answer holds no raw key');
  const { attributes } = await ask(client, 'GetAttributes', vcenter.getState(keyId, credential));
  const value = attributes[0]?.attributeValue?.value;
  return { material, state: Object.values(State).find((state) => state === value) };
}

/** Sends one message of vCenter's and returns the payload of its first item; every item must have succeeded. */
async function ask<N extends OperationName>(
  client: KmipClient,
  name: N,
  message: RequestMessage,
): Promise<OperationResponses[N]> {
  const { batchItems } = await client.send(message);
  const failed = batchItems.find(({ resultStatus }) => resultStatus !== ResultStatus.Success);
  if (failed !== undefined) {
    throw new KeyServerFailure('refused', failed.resultMessage ?? 'refused without a message', failed.resultReason);
  }
  const [first] = batchItems;
  if (first?.response?.name !== name) throw new KeyServerFailure('refused', `the answer is none to ${name}`);
  return first.response.payload as OperationResponses[N];
}

function asFailure(error: unknown): KeyServerFailure {
  if (error instanceof KeyServerFailure) return error;
  if (!(error instanceof KmipClientError)) throw error;
  if (error.fault === 'untrusted') return new KeyServerFailure('untrusted', error.message);
  // A server that ends the connection without an answer does not want this client.
  if (error.fault === 'closed' || error.fault === 'protocol') return new KeyServerFailure('refused', error.message);
  return new KeyServerFailure('unreachable', error.message);
}

/** @throws KeyServerFailure when a user name is set and its password is missing in VECS */
function credentialOf({ userName, password }: ServerRow): VCenterCredential | undefined {
  if (userName === undefined) return undefined;
  if (password === undefined) throw new KeyServerFailure('password_missing', PASSWORD_MISSING);
  return { username: userName, password: Secret.fromText(password) };
}

function timeoutOf({ timeout = -1 }: ServerRow): number {
  if (timeout === 0) return UNLIMITED_MS;
  return timeout < 0 ? DEFAULT_TIMEOUT_MS : timeout * 1000;
}
