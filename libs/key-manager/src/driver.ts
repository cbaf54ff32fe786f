import { type InstanceId, type Secret } from '@lib/kernel';
import { type Timing } from '@lib/resilience';

import { type CallLimits } from './call-guard';
import { type EndpointGuard } from './endpoint-guard';
import { type EndpointTemplates, type EndpointVisibility } from './endpoint-template';
import { type CallContext, type KeyManager, type RootKeyDescription } from './key-manager.port';
import { type KeyManagerAdvice } from './preflight';

/** Which key-manager instance a name means. */
export interface KeyManagerLocation {
  /** The name exactly as it was given: it is kept with the binding. */
  readonly name: string;
  readonly region: string;
  readonly instance: string;
}

/** A kind of key manager that will be no more. */
export interface ServiceEnd {
  /** The day, as `YYYY-MM-DD`. */
  readonly on: string;
  /** What becomes of it on that day, and what to do before. */
  readonly message: string;
  readonly remedy: string;
}

/** What an instance of a key manager holds, and what its price goes by, as far as that is published. */
export interface KeyManagerPlan {
  /** For people. */
  readonly name: string;
  /** Root and standard keys together, deleted ones not counted; absent where no figure is published. */
  readonly maximumKeys?: number;
  /** What a key more costs: a key version, or nothing, since the price is for hardware. */
  readonly billedBy: 'key_versions' | 'crypto_units';
  /** A deleted key is billed on for so long, unless it is purged. */
  readonly billedAfterDeletionDays?: number;
}

/** What can be said of a kind of key manager without calling one. */
export interface KeyManagerProfile {
  /** As bindings keep it: it never changes. */
  readonly kind: string;
  /** For people. */
  readonly serviceName: string;
  /** As the tenant API calls it. */
  readonly provider: string;
  /** Where instances may be, unless the operator says otherwise. */
  readonly endpoints: EndpointTemplates;
  /** Setting by which the operator says otherwise. */
  readonly endpointsSetting: string;
  readonly advice: KeyManagerAdvice;
  /** Root keys of the default key ring only. */
  readonly defaultRingOnly: boolean;
  /** When the service ends, where that is known. */
  readonly ends?: ServiceEnd;
  /** Of the instance at this address; absent where nothing is known of plans. */
  planAt?(location: KeyManagerLocation, baseUrl: string): KeyManagerPlan;
  /** @returns undefined when the name is not of this kind */
  locate(name: string): KeyManagerLocation | undefined;
}

/** Called whenever a credential is needed; what it gives is wiped at once. */
export type OpenCredential = () => Secret | Promise<Secret>;

/** One root key in one key-manager instance, and how to act there. */
export interface KeyManagerTarget {
  readonly instanceId: InstanceId;
  /** The key-manager instance, as its driver locates it. */
  readonly keyManager: string;
  /** Built or checked when the root key was bound; {@link EndpointGuard} looks again. */
  readonly baseUrl: string;
  readonly rootKeyId: string;
  /** Ring that new stored keys go to. */
  readonly keyRing?: string;
  readonly openCredential: OpenCredential;
}

/** What a try of a call came to, for metrics. Holds no bodies, names or tokens. */
export interface TryEvent {
  readonly call: string;
  /** Absent when no answer came. */
  readonly httpStatus?: number;
  readonly durationMs: number;
}

export interface KeyManagerObserver {
  tried?(instanceId: InstanceId, event: TryEvent): void;
  /** A root key has a version that keys of before are not wrapped by: told once for each adapter and version. */
  rotated?(instanceId: InstanceId): void;
}

/** How a driver of any kind calls. */
export interface CallSettings {
  readonly endpoints: EndpointGuard;
  readonly limits?: CallLimits;
  readonly timing?: Timing;
  readonly observer?: KeyManagerObserver;
}

/** A rule in the key manager that stands in the way of what the product will do, whatever the rights are. */
export interface Obstacle {
  readonly code: string;
  readonly result: 'failed' | 'warning';
  readonly message: string;
  readonly remedy: string;
}

/** A connection of its own: token, sockets, breaker and limits are shared with nobody. */
export interface KeyManagerConnection {
  readonly keyManager: KeyManager;
  /** Root keys that the credential may see, for choosing one. At most 5,000. @throws KeyManagerError */
  listRootKeys(context: CallContext): Promise<readonly RootKeyDescription[]>;
  /** Absent where a key manager has no such rules. @throws KeyManagerError, also where the credential may not ask */
  listObstacles?(context: CallContext, visibility: EndpointVisibility): Promise<readonly Obstacle[]>;
  /** Root and standard keys that are there and that the credential may see. Absent where nobody counts. @throws KeyManagerError */
  countKeys?(context: CallContext): Promise<number>;
  close(): Promise<void>;
}

/** A kind of key manager; `Settings` is what this installation has to tell it. */
export interface KeyManagerDriver<Settings extends CallSettings> extends KeyManagerProfile {
  /** @throws KeyManagerError `refused` when name or address is not allowed */
  connect(settings: Settings, target: KeyManagerTarget): KeyManagerConnection;
}
