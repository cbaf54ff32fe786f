/** Our side of a connection, one instance of it: what the vCenter commands need of the tenant API. */
export interface KmipService {
  instance(): Promise<ServedInstance>;
  certificates(): Promise<readonly RegisteredCertificate[]>;
  register(name: string, pem: string): Promise<RegisteredCertificate>;
  /** Signs a certificate signing request and allows the result. */
  sign(name: string, signingRequest: string): Promise<RegisteredCertificate>;
  makePair(name: string): Promise<RegisteredCertificate & { readonly privateKeyPem: string }>;
  unregister(certificate: RegisteredCertificate): Promise<void>;
  /** The password can be read this once. */
  issueCredential(): Promise<IssuedCredential>;
  withdrawCredential(id: string): Promise<void>;
  /** Those whose passwords are valid; all have one user name. */
  credentials(): Promise<readonly Omit<IssuedCredential, 'password'>[]>;
  key(id: string): Promise<ServedKey | undefined>;
  /** Those that bear a client attribute, as `name=value`. */
  keysWith(attribute: string): Promise<readonly ServedKey[]>;
  resumeKey(id: string): Promise<void>;
  reactivateKey(id: string): Promise<void>;
  destroyKey(id: string): Promise<void>;
  uploadInventory(inventory: UploadedInventory): Promise<{ readonly keyCount: number }>;
  /** How far the clock of the service is ahead of ours, to the second. */
  clockAheadMs(): Promise<number>;
  /** When each client certificate was last let in at each endpoint, as far as that is kept. */
  sightings(): Promise<readonly Sighting[]>;
  /** Why clients were refused lately, as far as the instance may know: a sentence and what to do. */
  refusals(): Promise<readonly string[]>;
}

export interface ServedInstance {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  /** What the instance needs before keys can be made, where it needs something. */
  readonly hindrance?: string;
  readonly endpoints: readonly ServedEndpoint[];
}

export interface ServedEndpoint {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly certificate?: ServerCertificate;
  /** Announced, and not presented yet. */
  readonly next?: ServerCertificate;
}

export interface ServerCertificate {
  readonly pem: string;
  readonly sha256: string;
  readonly sha1: string;
  readonly expiresAt: string;
}

export interface RegisteredCertificate {
  readonly id: string;
  readonly name: string;
  readonly sha256: string;
  readonly pem: string;
  readonly expiresAt: string;
  /** The last connection with it, on any endpoint. */
  readonly lastSeen?: { readonly at: string; readonly endpoint: string };
  /** Which certificate of ours its clients accepted last, at each endpoint. */
  readonly serverTrust: readonly ServerTrust[];
  /** Why new keys made with it are not born in this instance, with what to do. */
  readonly notBornHere?: string;
}

export interface ServerTrust {
  readonly endpoint: string;
  readonly state: 'trusts_present' | 'trusted_former' | 'not_seen' | 'unknown';
  /** When the newest connection under it began. */
  readonly acceptedAt?: string;
}

export interface Sighting {
  readonly sha256: string;
  readonly endpoint: string;
  readonly at: string;
}

export interface IssuedCredential {
  readonly id: string;
  readonly userName: string;
  readonly password: string;
}

export interface ServedKey {
  readonly id: string;
  readonly state: string;
  readonly suspended: boolean;
  readonly servable: boolean;
  readonly obstacle?: string;
  readonly fetchedAt?: string;
  /** What clients set. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface UploadedInventory {
  readonly takenAt: Date;
  readonly source: string;
  readonly keyIds: readonly string[];
  /** SHA-256 of the client certificates of the vCenters that were looked at. */
  readonly coveredCertificates: readonly string[];
  /** SHA-256 of those whose clients need no key. */
  readonly certificatesWithoutKeys: readonly string[];
}
