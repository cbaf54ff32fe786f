import { type InstanceId } from '@lib/kernel';

export const INSTANCE_STATES = ['installing', 'inactive', 'configuring', 'installed', 'removing', 'failed'] as const;

/** `inactive`: made but without a root key; `installed`: serving. Names are the original service's. */
export type InstanceState = (typeof INSTANCE_STATES)[number];

/** `ignore`: certificates alone decide who is served, as with clients that send somebody else's credential. */
export const CREDENTIAL_POLICIES = ['ignore', 'enforce'] as const;
export type CredentialPolicy = (typeof CREDENTIAL_POLICIES)[number];

/** One KMIP service instance of one tenant. */
export interface Instance {
  /** The service-instance segment of {@link crn}. */
  readonly id: InstanceId;
  readonly crn: string;
  readonly name: string;
  readonly accountId: string;
  readonly region: string;
  readonly state: InstanceState;
  /** Off while the platform suspends the account or a deletion is pending; nothing is deleted then. */
  readonly enabled: boolean;
  /** The platform's reason code, as received. */
  readonly disabledReason?: string;
  /** Quota: keys that are not destroyed. */
  readonly maximumKeys: number;
  /** What becomes of requests with a credential that is not one of ours. */
  readonly credentialPolicy: CredentialPolicy;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  /** Grows with every change, for conditional updates (ETag). */
  readonly revision: number;
}
