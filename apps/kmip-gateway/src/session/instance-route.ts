import { type GatewayConfig } from '@lib/config';
import { type Clock, type InstanceId, newCorrelationId, type UniqueIdentifier } from '@lib/kernel';
import { type EngineLogger, type EngineScope, fail, type MessageRoute } from '@lib/kmip-engine';
import { type Credential } from '@lib/kmip-protocol';
import { type PeerDescription } from '@lib/kmip-transport';
import {
  admitted,
  type BirthRefusal,
  type Birthplace,
  birthplaceOf,
  type CertificateProofService,
  type ClientDirectory,
  type DirectoryEntry,
  isDisputed,
  type KmipPasswords,
  kmipUserNameOf,
  type ProofPolicy,
  type RegionDirectory,
  type Registrations,
  tidied,
} from '@lib/tenancy';

import { type ConnectionRecords } from './connection-records';
import { type RefusalAudit } from './refusal-audit';

/** Tenants that are told of a refused birth before it is answered; the others are told one after the other, in time. */
const TOLD_AT_ONCE = 16;

export interface InstanceRoutesParts {
  readonly directory: Pick<ClientDirectory, 'credentialsOf'>;
  readonly regions: Pick<RegionDirectory, 'holders'>;
  readonly passwords: Pick<KmipPasswords, 'matches'>;
  readonly proofs: Pick<CertificateProofService, 'prove' | 'recognize'>;
  readonly policy: ProofPolicy;
  readonly records: Pick<ConnectionRecords, 'credentialNotRight' | 'birthRefused'>;
  readonly audit: Pick<RefusalAudit, 'record'>;
  readonly clock: Clock;
  readonly config: Pick<GatewayConfig, 'kmipEndpointName' | 'kmipInstanceDomain'>;
  /** Hears what went wrong beside the answer: an object in two instances, a proof that could not be recorded. */
  readonly logger: Pick<EngineLogger, 'error'>;
}

/** A client that was admitted, and the scope of the instance that counts its connections. */
export interface RoutedClient {
  readonly peer: PeerDescription;
  readonly registrations: Registrations;
  readonly primary: DirectoryEntry;
  readonly primaryScope: EngineScope;
  readonly scopeFor: (entry: DirectoryEntry) => Promise<EngineScope>;
}

/** Makes the routes of messages; what they share lives as long as the gateway. */
export class InstanceRoutes {
  /** Proofs on their way to the database, so that a wave of connections writes each of them once. */
  readonly #proving = new Map<string, Promise<void>>();

  constructor(private readonly parts: InstanceRoutesParts) {}

  for(client: RoutedClient): MessageRoute {
    return new InstanceRoute(client, this.parts, (what, work) => this.#once(what, work));
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#proving.values());
  }

  /** Never rejects: what could not be recorded is tried again with the next request that shows it. */
  #once(what: string, work: () => Promise<unknown>): Promise<void> {
    const running = this.#proving.get(what);
    if (running !== undefined) return running;
    const started = work()
      .then(() => undefined)
      .catch((error: unknown) => this.parts.logger.error({ err: error }, 'a proof could not be recorded'))
      .finally(() => this.#proving.delete(what));
    this.#proving.set(what, started);
    return started;
  }
}

/**
 * Leads one message to the instances that register its client's certificate. What names an object goes where the object
 * is, whoever else registers the certificate; new keys are born where {@link birthplaceOf} says.
 */
class InstanceRoute implements MessageRoute {
  #named: InstanceId | undefined;

  constructor(
    private readonly client: RoutedClient,
    private readonly parts: InstanceRoutesParts,
    private readonly once: (what: string, work: () => Promise<unknown>) => Promise<void>,
  ) {}

  async judge(credentials: readonly Credential[]): Promise<void> {
    const judged = credentials.map((credential) => this.#judged(credential));
    const right = judged.find(({ verdict }) => verdict === 'right')?.entry;
    if (right !== undefined) {
      this.#named = right.instanceId;
      await this.#proven(right, 'credential');
      return;
    }
    for (const { verdict, entry } of judged) {
      this.parts.records.credentialNotRight(this.client.peer, `credential_${verdict}`, entry);
    }
    for (const { verdict, entry } of judged) {
      if (verdict === 'wrong' && this.#serves(entry)) fail('credential_wrong');
    }
    const { primary } = this.client;
    // Who only waits beside others demands nothing of a client that may be theirs.
    if (primary.credentialPolicy !== 'enforce' || !this.#serves(primary)) return;
    if (judged.some(({ verdict }) => verdict === 'foreign')) fail('credential_foreign');
  }

  async births(): Promise<EngineScope> {
    const byName = this.#namedByHost();
    if (this.#named === undefined && byName !== undefined) {
      this.#named = byName.instanceId;
      await this.#proven(byName, 'host_name');
    }
    const birthplace = this.#birthplace(this.#named);
    if ('instance' in birthplace) return this.#scopeOf(birthplace.instance);
    await this.#tellRefused(birthplace.refusal);
    return fail(birthplace.refusal);
  }

  async holding(uniqueIdentifier: UniqueIdentifier): Promise<EngineScope> {
    const { registrations, primaryScope, peer } = this.client;
    if (!isDisputed(registrations) || peer.fingerprint === undefined) return primaryScope;
    const { current } = registrations;
    const holders = await this.parts.regions.holders(peer.fingerprint, uniqueIdentifier);
    const holding = current.filter(({ instanceId }) => holders.some((holder) => holder.instanceId === instanceId));
    const [holder, ...further] = holding;
    if (holder === undefined) return primaryScope;
    // Asked before who serves: a copy elsewhere does not stand in for the key of an instance that is suspended.
    if (further.length > 0) return this.#scopeOf(this.#oneOf(holding, uniqueIdentifier));
    if (!admitted(holder)) return fail('registration_not_serving');
    if (holders.length === 1 && holders[0]?.own === false) await this.#recognized(holder, uniqueIdentifier);
    return this.#scopeOf(holder);
  }

  /** Of several that hold an object, the one in which it would be born now. */
  #oneOf(holding: readonly DirectoryEntry[], uniqueIdentifier: UniqueIdentifier): DirectoryEntry {
    const birthplace = this.#birthplace(this.#named);
    const chosen = 'instance' in birthplace ? holding.find((entry) => entry === birthplace.instance) : undefined;
    if (chosen !== undefined) return chosen;
    if ('refusal' in birthplace && birthplace.refusal === 'registration_not_serving') return fail(birthplace.refusal);
    const instances = holding.map(({ instanceId }) => instanceId);
    this.parts.logger.error(
      { uniqueIdentifier, instances },
      'a key is in several instances that register one certificate',
    );
    return fail('key_in_several_instances');
  }

  #judged(credential: Credential): { readonly verdict: 'right' | 'wrong' | 'foreign'; readonly entry: DirectoryEntry } {
    const foreign = { verdict: 'foreign', entry: this.client.primary } as const;
    if (!('username' in credential)) return foreign;
    const userName = tidied(credential.username);
    // Also of an instance that has taken back its last password: who goes on sending it is wrong.
    const entry = this.client.registrations.current.find(({ instanceId }) => kmipUserNameOf(instanceId) === userName);
    if (entry === undefined) return foreign;
    const issued = this.parts.directory.credentialsOf(userName);
    const password = credential.password?.exposeText() ?? '';
    const right = issued.some((candidate) => this.parts.passwords.matches(candidate, password));
    return { verdict: right ? 'right' : 'wrong', entry };
  }

  /** A registration that waits can be proven by its credential, and refuses nobody by it. */
  #serves(entry: DirectoryEntry): boolean {
    const birthplace = this.#birthplace();
    return 'instance' in birthplace && birthplace.instance === entry;
  }

  #birthplace(named?: InstanceId): Birthplace {
    return birthplaceOf(this.client.registrations, this.parts.policy, this.parts.clock.now(), named);
  }

  #namedByHost(): DirectoryEntry | undefined {
    const { serverName } = this.client.peer;
    const domain = this.parts.config.kmipInstanceDomain?.toLowerCase();
    if (serverName === undefined || domain === undefined) return undefined;
    const { current } = this.client.registrations;
    return current.find(({ instanceId }) => serverName === `${kmipUserNameOf(instanceId)}.${domain}`);
  }

  /** Written down once, and again when another instance has been proven meanwhile: the latest proof counts. */
  async #proven(entry: DirectoryEntry, kind: 'credential' | 'host_name'): Promise<void> {
    const { peer, registrations } = this.client;
    const { current, former } = registrations;
    const at = entry.standing.proof?.at;
    const later = [...current, ...former].some(({ standing }) => at && standing.proof && standing.proof.at > at);
    if (!peer.fullHandshake || (at !== undefined && !later)) return;
    const { instanceId, fingerprint, certificateName: name } = entry;
    await this.once(`${kind} ${instanceId} ${fingerprint}`, () =>
      this.parts.proofs.prove(instanceId, fingerprint, kind, {
        initiator: { kind: 'certificate', fingerprint, name, address: peer.remoteAddress },
        correlationId: newCorrelationId(),
        observer: this.parts.config.kmipEndpointName,
      }),
    );
  }

  /** Matters only while nothing else shows whose the certificate is. */
  async #recognized({ instanceId, fingerprint, standing }: DirectoryEntry, key: UniqueIdentifier): Promise<void> {
    const birthplace = this.#birthplace();
    if (standing.recognizedAt !== undefined || !('refusal' in birthplace)) return;
    if (birthplace.refusal !== 'certificate_unproven') return;
    await this.once(`recognized ${instanceId} ${fingerprint}`, () =>
      this.parts.proofs.recognize(instanceId, fingerprint, key),
    );
  }

  /** Every instance that registers the certificate learns why no key was born; the primary's trail has it already. */
  async #tellRefused(refusal: BirthRefusal): Promise<void> {
    const { peer, primary, registrations } = this.client;
    this.parts.records.birthRefused(peer, refusal, primary);
    const others = registrations.current.filter((entry) => entry !== primary);
    const tell = (entry: DirectoryEntry): Promise<void> => {
      this.parts.records.birthRefused(peer, refusal, entry);
      return this.parts.audit.record(peer, entry, refusal);
    };
    await Promise.all(others.slice(0, TOLD_AT_ONCE).map(tell));
    // A flood of foreign registrations hides it from nobody, and becomes no flood of records.
    void this.once(`told ${refusal} ${primary.fingerprint}`, async () => {
      for (const entry of others.slice(TOLD_AT_ONCE)) await tell(entry);
    });
  }

  #scopeOf(entry: DirectoryEntry): Promise<EngineScope> {
    const { primary, primaryScope, scopeFor } = this.client;
    return entry === primary && primaryScope.keyManager !== undefined ? Promise.resolve(primaryScope) : scopeFor(entry);
  }
}
