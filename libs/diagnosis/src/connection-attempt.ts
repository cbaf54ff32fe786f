import { type InstanceId } from '@lib/kernel';

/** A certificate as a client presented it; nothing in it is to be believed but its fingerprint. */
export interface PresentedCertificate {
  /** SHA-256. */
  readonly fingerprint: string;
  readonly sha1Fingerprint: string;
  readonly subject: string;
  readonly issuer: string;
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly pem: string;
}

/** The certificate of ours that a connection was made under: who sends a request has accepted it. */
export interface AcceptedServer {
  /** SHA-256. */
  readonly fingerprint: string;
  /** When the latest connection under it began; not how long one stayed. */
  readonly at: Date;
}

/** One connection as a gateway judged it. */
export interface ConnectionSighting {
  /** `accepted`, or a code of the closed list of refusals. */
  readonly verdict: string;
  readonly address: string;
  readonly endpoint: string;
  readonly at: Date;
  readonly certificate?: PresentedCertificate;
  readonly server?: AcceptedServer;
  /** The instance that allows the certificate; absent for a stranger. */
  readonly instanceId?: InstanceId;
}

/** Equal sightings are one attempt: same client, certificate, endpoint and verdict. */
export interface ConnectionAttempt extends Omit<ConnectionSighting, 'at' | 'instanceId'> {
  readonly id: string;
  readonly occurrences: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
}

/** Several equal sightings, on their way to the database. */
export interface CountedSighting extends ConnectionSighting {
  readonly occurrences: number;
}

export interface AttemptQuery {
  readonly verdict?: string;
  /** Place of the last attempt of the page before. */
  readonly after?: { readonly at: Date; readonly id: string };
  readonly limit: number;
}

/** When and from where a certificate was last accepted. */
export interface CertificateSighting {
  readonly at: Date;
  readonly address: string;
  readonly endpoint: string;
}

/** Which certificate of an endpoint a client accepted last. */
export interface EndpointTrust {
  readonly endpoint: string;
  readonly server: AcceptedServer;
}

/** What the gateways saw, as far as it is an instance's business: its certificates, and strangers whose fingerprint it has. */
export interface ConnectionAttempts {
  /** Latest first. */
  list(instanceId: InstanceId, query: AttemptQuery): Promise<readonly ConnectionAttempt[]>;
  find(instanceId: InstanceId, id: string): Promise<ConnectionAttempt | undefined>;
  /** By SHA-256 of the instance's certificates. */
  lastAccepted(instanceId: InstanceId): Promise<ReadonlyMap<string, CertificateSighting>>;
  /** What clients accepted last at each endpoint, by SHA-256 of the instance's certificates. */
  endpointTrust(instanceId: InstanceId): Promise<ReadonlyMap<string, readonly EndpointTrust[]>>;
  /** How many strangers each claim of the instance fits, whatever its kind; of one claim or of all. */
  claimedRefusals(instanceId: InstanceId, claimId?: string): Promise<readonly ClaimedRefusals[]>;
}

/** What clients of one certificate of the region accepted last at an endpoint, for its operator. */
export interface RegionTrust {
  readonly instanceId: string;
  readonly instanceName: string;
  readonly certificateName: string;
  readonly server?: AcceptedServer;
  readonly lastAt: Date;
}

/** What may be said of strangers whom a claim only guesses at. */
export interface ClaimedRefusals {
  readonly claimId: string;
  readonly verdict: string;
  readonly occurrences: number;
  readonly lastAt: Date;
}

/** Where gateways report to. */
export interface ConnectionReports {
  report(sightings: readonly CountedSighting[]): Promise<void>;
}

/** How much is kept of what gateways reported. */
export interface ConnectionAttemptRetention {
  /** Forgets attempts that were last seen before, and beyond the maximum the oldest, strangers first. */
  prune(before: Date, maximum: number): Promise<void>;
}
