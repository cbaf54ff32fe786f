import { type InstanceId } from '@lib/kernel';
import { type ActionContext } from '@lib/tenancy';

/** `deleted` rows are tombstones; `failed` ones hold nothing and may be ordered again. */
export type ServiceInstanceStatus = 'provisioning' | 'ready' | 'updating' | 'deprovisioning' | 'deleted' | 'failed';

/** What the orderer may choose. Stored in, and answered to the platform with, these names. Never an API key. */
export interface InstanceParameters {
  readonly name?: string | undefined;
  /** What the platform says it chose; the region that counts is in the CRN. */
  readonly location?: string | undefined;
  /** Certificates that may connect from the first moment on. */
  readonly client_certificates?: readonly { readonly name: string; readonly certificate: string }[] | undefined;
  /** Offered to the tenant when the root key is bound; nothing is called with it before. */
  readonly key_manager_crn?: string | undefined;
  readonly root_key_id?: string | undefined;
  /** Confirms that a deletion may take an instance whose keys are in use. */
  readonly delete_active_keys?: boolean | undefined;
}

/** Text fields of the platform's context that are kept. */
export type PlatformContext = Readonly<Record<string, string>>;

/** Wrapped keys that stay in a tenant's key manager after the instance is gone. */
export interface KeysLeftBehind {
  readonly keyManagerCrn: string;
  readonly count: number;
}

export interface RequestedAttributes {
  readonly parameters: InstanceParameters;
  readonly context: PlatformContext;
  readonly organizationGuid?: string | undefined;
  readonly spaceGuid?: string | undefined;
  /** Only in a tombstone. */
  readonly keysLeftBehind?: readonly KeysLeftBehind[] | undefined;
}

/** An instance as the platform ordered it; outlives the instance itself. */
export interface ServiceInstance {
  readonly instanceId: InstanceId;
  /** As received in the path. */
  readonly crn: string;
  readonly serviceId: string;
  readonly planId: string;
  readonly status: ServiceInstanceStatus;
  readonly attributes: RequestedAttributes;
  /** Equal for requests that ask for the same. */
  readonly fingerprint: string;
  /** Since when the platform holds the instance for deletion; a DELETE that follows ends the retention. */
  readonly reclamationScheduledAt?: Date;
  /** Since when the platform does not know the instance any more. */
  readonly orphanedAt?: Date;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export type OperationKind = 'provision' | 'update' | 'deprovision';
export type OperationState = 'in progress' | 'succeeded' | 'failed';

/**
 * Steps, each one transaction. Provision: certificates, (settle), finish. Update: settle, finish. Deprovision: (settle),
 * count, keys, rows. `settle` waits until every gateway has heard of the change.
 */
export type OperationStep = 'certificates' | 'settle' | 'finish' | 'count' | 'keys' | 'rows' | 'done';

export interface InstanceOperation {
  readonly instanceId: InstanceId;
  /** Counts per instance. */
  readonly number: number;
  readonly kind: OperationKind;
  readonly state: OperationState;
  /** The step that comes next. */
  readonly step: OperationStep;
  /** The platform polls for its end; otherwise the request that began it waits. */
  readonly background: boolean;
  /** Hash of what an update asks for: the same request again is the same operation. */
  readonly changeHash?: string;
  /** For the user of the platform. */
  readonly description?: string;
  readonly attempts: number;
  /** A worker leaves it alone until then. */
  readonly notBefore: Date;
  readonly context: ActionContext;
  readonly startedAt: Date;
  readonly finishedAt?: Date;
}

/** The platform's name of an operation. */
export const operationName = ({ kind, number }: Pick<InstanceOperation, 'kind' | 'number'>): string =>
  `${kind}-${String(number)}`;

export interface ServiceBinding {
  readonly id: string;
  readonly attributes: {
    readonly parameters: Readonly<Record<string, unknown>>;
    readonly resource: PlatformContext;
  };
  readonly fingerprint: string;
  readonly createdAt: Date;
}

/** A plan of the service as far as it matters here. */
export interface ServicePlan {
  readonly id: string;
  readonly name: string;
  /** Its operations go on in the background. */
  readonly asynchronous: boolean;
  /** Keys that are not destroyed, at most. */
  readonly maximumKeys: number;
}
