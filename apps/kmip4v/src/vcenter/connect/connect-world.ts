import { type CertSignRequest, type KeyProviders, type KmipClusterInfo, type KmipServerInfo } from '@lib/vi-json';

import {
  type IssuedCredential,
  type KmipService,
  type RegisteredCertificate,
  type ServedEndpoint,
} from '../kmip-service';
import { type Begun, type RunNotes } from '../known-vcenter';

export const TRUST_WAYS = ['self-signed', 'csr', 'pair', 'root-ca'] as const;
/** How our service comes to trust vCenter; in the words of vCenter's dialog, Make KMS trust vCenter. */
export type TrustWay = (typeof TRUST_WAYS)[number];

export interface ConnectWish {
  /** Name of the key provider: it is written into every VM that is encrypted with it. */
  readonly provider: string;
  readonly trust: TrustWay;
  /** Whether vCenter sends the instance's KMIP user name and password. */
  readonly credential: boolean;
  readonly makeDefault: boolean;
  /** Whether the test key is made even where nothing had to be done. */
  readonly testAgain: boolean;
  readonly subject?: CertSignRequest;
  /** SHA-256 that the server's certificate must have, where our API does not know it. */
  readonly serverFingerprint?: string;
  readonly waitMs: number;
}

/** What the steps of `connect` look at, and what one of them leaves for the next. */
export interface ConnectWorld {
  readonly providers: KeyProviders;
  readonly service: KmipService;
  readonly wish: ConnectWish;
  readonly endpoints: readonly ServedEndpoint[];
  readonly now: () => Date;
  readonly pause: (ms: number) => Promise<void>;
  /** Ends what waits. */
  readonly signal?: AbortSignal;
  readonly note: (text: string) => void;
  /** What is begun at the service, kept from run to run. */
  readonly notes: RunNotes;
  /** Whether this run has done anything. */
  changed: boolean;
  /** Whether this run made the provider, so that undoing takes it away. */
  madeProvider: boolean;
  /** Registered by this run, or found registered and not presented yet. */
  candidate?: Candidate;
  /** Registered by this run alone. */
  registered?: RegisteredCertificate;
  credential?: IssuedCredential;
  begunCredential?: Begun;
  userNamesBefore?: ReadonlyMap<string, string>;
  defaultBefore?: { readonly provider: string | undefined };
}

export interface Candidate {
  readonly pem: string;
  readonly privateKeyPem?: string;
}

/** The provider as vCenter has it now. */
export async function providerOf({ providers, wish }: ConnectWorld): Promise<KmipClusterInfo | undefined> {
  return await providers.find(wish.provider);
}

export function serverAt(info: KmipClusterInfo | undefined, endpoint: ServedEndpoint): KmipServerInfo | undefined {
  return info?.servers?.find(({ address, port }) => address === endpoint.address && port === endpoint.port);
}
