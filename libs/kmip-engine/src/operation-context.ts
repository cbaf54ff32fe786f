import { type AuditAction, type AuditEvent } from '@lib/audit';
import { type CorrelationId } from '@lib/kernel';
import { type CallContext } from '@lib/key-manager';
import { type ProtocolVersion } from '@lib/kmip-protocol';

import { type EngineScope } from './engine-scope';
import { type IdPlaceholder } from './id-placeholder';
import { type EngineDependencies } from './ports/engine-ports';

/** Everything one batch item may know. */
export interface OperationContext {
  readonly scope: EngineScope;
  readonly dependencies: EngineDependencies;
  /** Of this message's header; decides what the answer may contain. */
  readonly version: ProtocolVersion;
  /** One instant for the whole item, so that its dates agree with each other. */
  readonly now: Date;
  readonly startedAtMs: number;
  readonly correlationId: CorrelationId;
  /** Ends the item's key-manager work at its deadline. */
  readonly signal: AbortSignal;
  readonly placeholder: IdPlaceholder;
}

export const callContext = ({ correlationId, signal }: OperationContext): CallContext => ({ correlationId, signal });

/** Who asked, and where, as a trail tells it. */
export type AuditedClient = Pick<
  EngineScope,
  'instanceId' | 'certificateFingerprint' | 'certificateName' | 'remoteAddress' | 'endpointName'
>;

/** The part of a context that audit needs; a message that cannot be read has no more. */
export type AuditContext = Pick<OperationContext, 'dependencies' | 'correlationId' | 'now' | 'startedAtMs'> & {
  readonly scope: AuditedClient;
};

export interface AuditFacts {
  readonly outcome?: 'success' | 'failure';
  readonly reason?: string;
  readonly key?: string;
  readonly details?: NonNullable<AuditEvent['details']>;
}

/** The record of one operation, initiated by the certificate of its connection. */
export function auditEvent(context: AuditContext, action: AuditAction, facts: AuditFacts = {}): AuditEvent {
  const { scope, dependencies, correlationId, now, startedAtMs } = context;
  return {
    instanceId: scope.instanceId,
    action,
    occurredAt: now,
    initiator: {
      kind: 'certificate',
      fingerprint: scope.certificateFingerprint,
      ...(scope.certificateName === undefined ? {} : { name: scope.certificateName }),
      ...(scope.remoteAddress === undefined ? {} : { address: scope.remoteAddress }),
    },
    outcome: facts.outcome ?? 'success',
    ...(facts.reason === undefined ? {} : { reason: facts.reason }),
    ...(facts.key === undefined ? {} : { target: { kind: 'key', id: facts.key } }),
    correlationId,
    latencyMs: Math.round(dependencies.clock.monotonicMs() - startedAtMs),
    observer: scope.endpointName,
    ...(facts.details === undefined ? {} : { details: facts.details }),
  };
}
