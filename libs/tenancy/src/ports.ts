import { type AuditEvent } from '@lib/audit';
import { type CertificateFingerprint, type InstanceId } from '@lib/kernel';

import { type ClientCertificate } from './client-certificate';
import { type CertificateClaimRepository } from './certificate-claim';
import { type Instance } from './instance';
import { type KmipCredential, type KmipCredentialRepository } from './proof/kmip-credential';
import { type Proof, type Registrations, type Standing } from './proof/registration';
import { type FormerCredential, type RootKeyBinding, type SealedCredential } from './root-key-binding';

/** What belongs to one instance, inside one transaction. There is no tenant parameter to forget. */
export interface TenantScope {
  readonly instanceId: InstanceId;
  readonly instance: InstanceRepository;
  readonly certificates: ClientCertificateRepository;
  readonly bindings: RootKeyBindingRepository;
  readonly credentials: CredentialRepository;
  readonly keys: KeyCensus;
  readonly claims: CertificateClaimRepository;
  readonly standings: StandingRepository;
  readonly kmipCredentials: KmipCredentialRepository;
  /** Audit record that commits with the change, or with it not at all. */
  record(event: AuditEvent): void;
  /** Tells every process, once the change is committed, to forget what it knows of this instance. */
  invalidate(): void;
}

export interface InstanceRepository {
  get(): Promise<Instance | undefined>;
  /** Same, and keeps other changes of this instance out until the transaction ends. */
  lock(): Promise<Instance | undefined>;
  /** Instances of the account, whoever made them. Until the transaction ends no other is counted and made there. */
  countInAccount(accountId: string): Promise<number>;
  /** @throws TenancyError('instance_exists') */
  insert(instance: Instance): Promise<void>;
  update(instance: Instance): Promise<void>;
  /** After certificates, bindings, credential and keys. The audit records stay. */
  remove(): Promise<void>;
}

export interface ClientCertificateRepository {
  list(): Promise<readonly ClientCertificate[]>;
  count(): Promise<number>;
  /** Of all of them, without the rest of the rows. */
  fingerprints(): Promise<ReadonlySet<CertificateFingerprint>>;
  get(id: string): Promise<ClientCertificate | undefined>;
  getByFingerprint(fingerprint: CertificateFingerprint): Promise<ClientCertificate | undefined>;
  /** @throws TenancyError `duplicate_certificate`, `certificate_name_taken` */
  insert(certificate: ClientCertificate): Promise<void>;
  /** @throws TenancyError('certificate_name_taken') */
  update(certificate: ClientCertificate): Promise<void>;
  remove(id: string): Promise<void>;
  removeAll(): Promise<void>;
}

/** What certificates have shown towards the instance. Rows come and go with the registrations, by themselves. */
export interface StandingRepository {
  get(fingerprint: CertificateFingerprint): Promise<Standing | undefined>;
  prove(fingerprint: CertificateFingerprint, proof: Proof): Promise<void>;
  setIssued(fingerprint: CertificateFingerprint, issued: boolean): Promise<void>;
  /**
   * The certificate named this object: when another certificate of this instance made it and no other registrant has
   * it, the certificate is recognized as a successor. @returns whether that is new
   */
  recognize(fingerprint: CertificateFingerprint, uniqueIdentifier: string): Promise<boolean>;
  /** Keys that this certificate made in other instances that register it or did. */
  countKeysElsewhere(fingerprint: CertificateFingerprint): Promise<number>;
}

export interface RootKeyBindingRepository {
  /** The active one first, if any; then retiring ones, newest first. */
  list(): Promise<readonly RootKeyBinding[]>;
  insert(binding: RootKeyBinding): Promise<void>;
  update(binding: RootKeyBinding): Promise<void>;
  remove(id: string): Promise<void>;
  removeAll(): Promise<void>;
}

export interface CredentialRepository {
  get(): Promise<SealedCredential | undefined>;
  /** Replaces what is there. */
  put(credential: SealedCredential): Promise<void>;
  /** Those that go with a former root key each. */
  former(): Promise<readonly FormerCredential[]>;
  /** Replaces the one of that root key, which is there. */
  putFormer(credential: FormerCredential): Promise<void>;
  removeFormer(bindingId: string): Promise<void>;
  /** All of them. */
  remove(): Promise<void>;
}

export interface KeyCensus {
  /** Keys that are not destroyed, open creations included; while they are erased, those that were there before. */
  countLive(): Promise<number>;
  /** @param exceptVersion counts those under its other versions only */
  countUnder(rootKeyId: string, exceptVersion?: string): Promise<number>;
  /**
   * Something may need the root key: a creation begun before the given time, a move of a key from or to it, or a note of
   * what must not come back that lies under it alone.
   */
  mayBeNeeded(rootKeyId: string, creationsBefore: Date): Promise<boolean>;
  /** Removes up to `limit` keys from the catalog, whatever their state, for an instance that goes away. @returns how many */
  erase(limit: number): Promise<number>;
}

export interface UnitOfWork {
  /**
   * One transaction on one instance. May run `body` again after a deadlock or a lost connection: its only effects must
   * go through the scope.
   */
  forTenant<T>(instanceId: InstanceId, body: (scope: TenantScope) => Promise<T>): Promise<T>;
}

/** Of all accounts when none is named. */
export interface InstancePage {
  readonly accountId?: string;
  readonly after?: InstanceId;
  readonly limit: number;
}

/** What the list of allowed certificates has of one instance or of several. */
export interface Listing extends Registrations {
  readonly credentials: readonly KmipCredential[];
}

/** The few questions that concern all tenants of the region. */
export interface RegionDirectory {
  listing(instanceIds: readonly InstanceId[]): Promise<Listing>;
  /**
   * Of the next instances that have anything, in the order of ids, former ones included.
   * @returns `last`: more may follow after this instance
   */
  nextListing(page: Omit<InstancePage, 'accountId'>): Promise<Listing & { readonly last?: InstanceId }>;
  /** Of one instance or of all, each of their certificates once. */
  registrations(instanceId?: InstanceId): Promise<Registrations>;
  /** Who registers these certificates, in all instances; keys are the fingerprints that anybody registers or registered. */
  registrants(
    fingerprints: readonly CertificateFingerprint[],
  ): Promise<ReadonlyMap<CertificateFingerprint, Registrations>>;
  /** Since when proof is required of newcomers; `begin` makes it now, unless it is already. */
  proofRequiredSince(begin: boolean): Promise<Date | undefined>;
  kmipCredentials(instanceId?: InstanceId): Promise<readonly KmipCredential[]>;
  /** What has changed since an answer before; without one nothing has, from now on. */
  changes(since?: string): Promise<RegionChanges>;
  /** Forgets what removed certificates showed once they have ended and decide nothing any more. */
  pruneStandings(): Promise<void>;
  /** The registrants of a certificate that hold an object; `own` when that very certificate made it. */
  holders(
    fingerprint: CertificateFingerprint,
    uniqueIdentifier: string,
  ): Promise<readonly { readonly instanceId: InstanceId; readonly own: boolean }[]>;
  /** In the order of ids, for paging. */
  instances(page: InstancePage): Promise<readonly InstanceId[]>;
  /** The same, with all that they are. */
  wholeInstances(page: InstancePage): Promise<readonly Instance[]>;
  /** Instances whose credential is sealed under another than the given version of the service key. */
  outdatedCredentials(serviceKeyVersion: number, limit: number): Promise<readonly InstanceId[]>;
}

/** Of what {@link InvalidationBus} tells, by asking. */
export interface RegionChanges {
  /** Version of each instance that changed; some may have changed before already. */
  readonly instances: ReadonlyMap<InstanceId, string>;
  /** To be asked with the next time. Opaque. */
  readonly next: string;
  /** False when the database has gone back behind what was known of it, or may have: nothing is known of the changes. */
  readonly continuous: boolean;
}

export type Invalidation =
  | { readonly kind: 'instance'; readonly instanceId: InstanceId }
  /** Notices may have been lost (the connection was down): forget everything. */
  | { readonly kind: 'everything' };

/** Carries "forget what you know" from the process that changed something to all the others. Publishing is the scope's. */
export interface InvalidationBus {
  /** The listener must not throw. @returns how to stop listening */
  subscribe(listener: (invalidation: Invalidation) => void): () => void;
}
