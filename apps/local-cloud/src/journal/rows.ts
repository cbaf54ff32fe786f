export type ServiceName = 'kms' | 'hs-crypto';

export interface AccountRow {
  readonly id: string;
  readonly name: string;
}

type InstanceState = 'active' | 'inactive' | 'pending_reclamation' | 'removed';

export interface InstanceRow {
  readonly id: string;
  readonly accountId: string;
  readonly name: string;
  readonly serviceName: string;
  readonly region: string;
  readonly planId: string;
  readonly resourceGroupId: string;
  readonly state: InstanceState;
  /** Key Protect Dedicated: a host of its own, with a master key of the tenant's. */
  readonly dedicated?: true;
  /** HPCS and Dedicated: false until its crypto units hold a master key; until then every call is answered 503. */
  readonly initialized: boolean;
  readonly createdAt: string;
}

/** A person or a service ID: who a token or a policy speaks of. */
export interface IdentityRow {
  readonly iamId: string;
  readonly accountId: string;
  readonly kind: 'user' | 'service_id';
  readonly name: string;
  readonly email?: string;
  /** Other accounts that a person was invited to. */
  readonly memberOf?: readonly string[];
  /** Of a service ID. */
  readonly locked?: boolean;
  readonly createdAt: string;
}

/** Stored under the SHA-256 of the key itself, which is never kept. */
export interface ApiKeyRow {
  readonly id: string;
  readonly iamId: string;
  readonly accountId: string;
  readonly name: string;
  readonly locked: boolean;
  readonly disabled: boolean;
  readonly expiresAt?: string;
  readonly createdAt: string;
}

export interface PolicyRow {
  readonly id: string;
  readonly iamId: string;
  readonly accountId: string;
  readonly roles: readonly string[];
  /** An attribute that is absent matches everything, as in IAM. */
  readonly resource: ResourceAttributes;
}

export interface ResourceAttributes {
  readonly serviceName?: string | undefined;
  readonly serviceInstance?: string | undefined;
  readonly region?: string | undefined;
  readonly keyRing?: string | undefined;
  readonly resourceType?: string | undefined;
  readonly resource?: string | undefined;
}

export interface KeyVersion {
  readonly id: string;
  /** Base64. */
  readonly material: string;
  readonly createdAt: string;
}

export interface KeyRow {
  readonly id: string;
  readonly instanceId: string;
  readonly name: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly aliases: readonly string[];
  readonly keyRingId: string;
  readonly extractable: boolean;
  readonly imported: boolean;
  /** 3 (expired) is never stored: it follows from `expirationDate`. */
  readonly state: 1 | 2 | 5;
  readonly expirationDate?: string;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly updatedAt: string;
  readonly rotatedAt?: string;
  readonly deletedAt?: string;
  readonly deletedBy?: string;
  /** Oldest first. A standard key has one, whose material is its payload. */
  readonly versions: readonly KeyVersion[];
  readonly dualAuthDelete: boolean;
  /** The first of the two who must agree to a deletion. */
  readonly setForDeletion?: { readonly by: string; readonly at: string };
  readonly policies: readonly KeyPolicyRow[];
}

export interface KeyPolicyRow {
  readonly id: string;
  readonly kind: 'rotation' | 'dualAuthDelete';
  readonly enabled: boolean;
  readonly intervalMonth?: number;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly updatedAt: string;
  readonly updatedBy: string;
}

interface AliasRow {
  readonly instanceId: string;
  readonly alias: string;
  readonly keyId: string;
}

interface KeyRingRow {
  readonly instanceId: string;
  readonly id: string;
  readonly createdAt: string;
  readonly createdBy: string;
}

export interface InstancePolicyRow {
  readonly instanceId: string;
  readonly policyType: string;
  readonly enabled: boolean;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly updatedAt: string;
  readonly updatedBy: string;
}

/** What a service registered with IAM: which roles open which of its actions. */
interface ServiceRow {
  readonly name: string;
  readonly actions: readonly { readonly id: string; readonly roles: readonly string[] }[];
}

/** A service that people sign in for. */
export interface ClientRow {
  readonly id: string;
  /** SHA-256, hex. */
  readonly secretHash: string;
  readonly redirectUris: readonly string[];
}

/** A person's session with a service, from the sign-in to the last refresh token. */
export interface LoginSessionRow {
  readonly id: string;
  readonly clientId: string;
  readonly iamId: string;
  readonly accountId: string;
  /** SHA-256 of the refresh token that is good now, hex. */
  readonly refreshHash: string;
  readonly refreshExpiresAt: string;
  readonly expiresAt: string;
  readonly ended?: boolean;
}

export interface SigningKeyRow {
  readonly kid: string;
  readonly privateKeyPem: string;
  readonly createdAt: string;
}

interface UsageRow {
  readonly location: string;
  readonly resourceId: string;
  readonly record: Readonly<Record<string, unknown>>;
  readonly acceptedAt: string;
}

export interface SettingsRow {
  readonly clockOffsetMs: number;
  /** Tokens of an older generation are refused, wherever they came from. */
  readonly tokenGeneration: number;
  /** Absent: as the process was started with. */
  readonly tokenLifetimeSeconds?: number;
  /** How long a policy decision may be kept by whoever asked for it. */
  readonly decisionCacheSeconds: number;
  /** Root and standard keys that an HPCS instance holds at most; deleted ones do not count. */
  readonly hpcsKeys: number;
  /** How long a person stays signed in, however busy. */
  readonly sessionSeconds: number;
  readonly refreshTokenSeconds: number;
}

export interface Rows {
  account: AccountRow;
  instance: InstanceRow;
  identity: IdentityRow;
  apiKey: ApiKeyRow;
  policy: PolicyRow;
  key: KeyRow;
  alias: AliasRow;
  keyRing: KeyRingRow;
  instancePolicy: InstancePolicyRow;
  service: ServiceRow;
  client: ClientRow;
  loginSession: LoginSessionRow;
  signingKey: SigningKeyRow;
  usage: UsageRow;
  settings: SettingsRow;
}
