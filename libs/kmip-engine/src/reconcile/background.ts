import { type AuditAction, type AuditEvent } from '@lib/audit';
import { type Clock, type CorrelationId, type InstanceId, type UniqueIdentifier } from '@lib/kernel';
import { type CallContext, type KeyManager } from '@lib/key-manager';

import { type DeletionRights } from '../custody/deletion-rights';
import { type BoundRootKey } from '../custody/root-key-binding';
import { type EngineScope } from '../engine-scope';
import { type EngineLogger, type EngineMetrics } from '../ports/engine-ports';

/** What work needs that no client asked for. */
export interface BackgroundDependencies {
  readonly clock: Clock;
  newCorrelationId(): CorrelationId;
  newUniqueIdentifier(): UniqueIdentifier;
  readonly logger: EngineLogger;
  readonly deletionRights: DeletionRights;
  readonly metrics?: Pick<EngineMetrics, 'storedKeyKept' | 'custodyAlarm'>;
  /** Named in audit records. */
  readonly component: string;
}

/** One instance, seen by the reconciler instead of a client. */
export interface ReconcileScope extends Pick<
  EngineScope,
  'store' | 'keyManager' | 'rootKeyId' | 'keyManagerOf' | 'destructionsWait'
> {
  readonly instanceId: InstanceId;
  /** Root keys that were bound before and may hold keys still. */
  readonly former?: readonly BoundRootKey[];
  /** The instance wants destroyed keys to be purged in the key manager (docs/adr/0067). */
  readonly purgeDestroyedKeys?: boolean;
  readonly signal?: AbortSignal;
}

export function backgroundCall(dependencies: BackgroundDependencies, { signal }: ReconcileScope): CallContext {
  const correlationId = dependencies.newCorrelationId();
  return { correlationId, givesWay: true, ...(signal === undefined ? {} : { signal }) };
}

/** Where keys of the instance may lie: under the root key that is bound, and under former ones. */
export const keyManagersOf = ({ keyManager, former = [] }: ReconcileScope): readonly KeyManager[] => [
  ...(keyManager === undefined ? [] : [keyManager]),
  ...former.map((one) => one.keyManager),
];

export interface BackgroundFacts {
  readonly correlationId: CorrelationId;
  readonly reason?: string;
  readonly details: NonNullable<AuditEvent['details']>;
}

/** The record of one step, in the name of the process that took it. */
export function backgroundEvent(
  { clock, component }: BackgroundDependencies,
  { instanceId }: ReconcileScope,
  action: AuditAction,
  key: UniqueIdentifier,
  { correlationId, reason, details }: BackgroundFacts,
): AuditEvent {
  return {
    instanceId,
    action,
    occurredAt: clock.now(),
    initiator: { kind: 'system', component },
    outcome: reason === undefined ? 'success' : 'failure',
    ...(reason === undefined ? {} : { reason }),
    target: { kind: 'key', id: key },
    correlationId,
    observer: component,
    details,
  };
}
