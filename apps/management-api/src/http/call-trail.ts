import { Inject, Injectable } from '@nestjs/common';
import { type FastifyReply, type FastifyRequest } from 'fastify';

import { type CorrelationId } from '@lib/kernel';
import { type Action } from '@lib/tenancy';

import { type Principal } from '../auth/principal';
import { type InstanceScope } from './operation';
import { stateOf } from './request-state';
import { addressOf } from './server-limits';
import { CALL_RECORDER } from './tokens';

/** One management call as the audit trail of its instance keeps it. */
export interface RecordedCall {
  readonly instance: InstanceScope;
  readonly principal: Principal;
  readonly operationId: string;
  readonly action: Action;
  readonly outcome: 'success' | 'failure';
  /** Error code of a failure. */
  readonly reason?: string;
  /** Last identifier of the path. */
  readonly targetId: string;
  /** As it was sent, valid or not; undefined when it was not read. */
  readonly body: unknown;
  readonly address: string;
  readonly correlationId: CorrelationId;
  readonly latencyMs: number;
}

/**
 * Told of every read and of every refusal or failure, before it is answered. Changes that succeed are not told: they
 * commit their record together with the change.
 */
export interface CallRecorder {
  /** @throws when it cannot record: the call then fails. */
  record(call: RecordedCall): Promise<void>;
}

/** What is known of a request, to whoever records it. */
@Injectable()
export class CallTrail {
  constructor(@Inject(CALL_RECORDER) private readonly recorder: CallRecorder) {}

  /** Nothing, as long as it is not known whose trail it belongs to. @throws what the recorder throws */
  async record(
    request: FastifyRequest,
    reply: FastifyReply,
    outcome: RecordedCall['outcome'],
    reason?: string,
  ): Promise<void> {
    const { audited, principal, operation, trace } = stateOf(request);
    if (!audited || !principal || !operation) return;
    await this.recorder.record({
      instance: audited,
      principal,
      operationId: operation.contract.operation.id,
      action: operation.action,
      outcome,
      ...(reason !== undefined && { reason }),
      targetId: Object.values(request.params as Record<string, string>).at(-1) ?? audited.instanceId,
      body: request.body,
      address: addressOf(request),
      correlationId: trace.correlationId,
      latencyMs: Math.round(reply.elapsedTime),
    });
  }
}
