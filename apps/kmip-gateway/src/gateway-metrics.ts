import { type Clock } from '@lib/kernel';
import { type TryEvent } from '@lib/key-manager';
import {
  type CustodyAlarm,
  type EngineMetrics,
  type OperationObservation,
  type StayReason,
  type SweepReport,
} from '@lib/kmip-engine';
import {
  type CloseReason,
  type HandshakeFailure,
  type PeerDescription,
  type TransportLimitName,
  type TransportObserver,
} from '@lib/kmip-transport';
import { type Logger, type Metrics } from '@lib/observability';
import { type DirectoryEntry } from '@lib/tenancy';

import { LogLimiter } from './log-limiter';
import { type SweepObserver } from './reconcile/instance-sweep';
import { type Refusal } from './session/admission';
import { type ScopeFailure, type SessionObserver } from './session/kmip-session';

const SCOPE_FAILED = 'a request failed before any operation: its instance could not be served';

/** Counts what the listener, the sessions and the engine report, under names that stay (docs/operations.md). */
export class GatewayMetrics implements EngineMetrics, TransportObserver, SessionObserver, SweepObserver {
  readonly #operations;
  readonly #latency;
  readonly #handshakes;
  readonly #closed;
  readonly #legacy;
  readonly #limits;
  readonly #refusals;
  readonly #unrecorded;
  readonly #unrecordedQuestions;
  readonly #unscoped;
  readonly #keyManager;
  readonly #moved;
  readonly #alarms;
  readonly #hindered;
  readonly #kept;
  readonly #lines;

  constructor(
    metrics: Metrics,
    private readonly logger: Logger,
    clock: Clock,
  ) {
    this.#lines = new LogLimiter(clock);
    this.#operations = metrics.counter('kmip_operations_total', 'KMIP operations answered.', [
      'operation',
      'result',
      'failure',
    ]);
    this.#latency = metrics.histogram('kmip_operation_seconds', 'Time from decoded request to answer.', ['operation']);
    this.#handshakes = metrics.counter('kmip_handshakes_total', 'TLS handshakes by outcome.', ['outcome']);
    this.#closed = metrics.counter('kmip_connections_closed_total', 'Connections that ended after their handshake.', [
      'reason',
    ]);
    this.#legacy = metrics.counter('kmip_legacy_cipher_handshakes_total', 'Handshakes without forward secrecy.');
    this.#limits = metrics.counter('kmip_limits_reached_total', 'Connections refused by a limit.', ['limit']);
    this.#refusals = metrics.counter('kmip_refusals_total', 'Requests of clients that are not served.', ['reason']);
    this.#unrecorded = metrics.counter('kmip_refusals_unrecorded_total', 'Refusals missing in the audit trail.');
    this.#unrecordedQuestions = metrics.counter(
      'kmip_questions_unrecorded_total',
      'Discover Versions and Query missing in the audit trail.',
    );
    this.#unscoped = metrics.counter(
      'kmip_scope_failures_total',
      'Requests that failed before any operation: the catalog, root key or API key of their instance.',
      ['failure'],
    );
    this.#moved = metrics.counter('kmip_keys_moved_total', 'Keys moved to another root key or its newest version.', [
      'reason',
    ]);
    this.#alarms = metrics.counter(
      'kmip_custody_alarms_total',
      'Signs of somebody or something at work against keys.',
      ['alarm'],
    );
    this.#hindered = metrics.counter('kmip_key_moves_hindered_total', 'Turns of moving keys that had to wait.', [
      'reason',
      'hindrance',
    ]);
    this.#kept = metrics.counter('kmip_stored_keys_kept_total', 'Looks at stored keys that nothing proves needless.', [
      'reason',
    ]);
    this.#keyManager = metrics.histogram('kmip_key_manager_try_seconds', 'Requests sent to key managers.', [
      'call',
      'status',
    ]);
  }

  observeOperation(observation: OperationObservation): void {
    const { operation, result, failure, latencyMs } = observation;
    this.logger.debug(observation, 'operation answered');
    this.#operations.inc({ operation, result, failure: failure ?? '' });
    this.#latency.observe({ operation }, latencyMs / 1_000);
  }

  handshakeCompleted(peer: PeerDescription): void {
    this.#handshakes.inc({ outcome: 'completed' });
    if (peer.legacyCipher) this.#legacy.inc();
  }

  connectionClosed(_peer: PeerDescription, reason: CloseReason): void {
    this.#closed.inc({ reason });
  }

  handshakeFailed(reason: HandshakeFailure, remoteAddress: string): void {
    this.#handshakes.inc({ outcome: reason });
    this.logger.debug({ reason, remoteAddress }, 'TLS handshake failed');
  }

  limitReached(limit: TransportLimitName, remoteAddress: string): void {
    this.#limits.inc({ limit });
    this.#say('warn', limit, { limit, remoteAddress }, 'a connection was refused by a limit');
  }

  handlerFailed(error: unknown): void {
    this.logger.error({ err: error }, 'a request handler failed');
  }

  refused(peer: PeerDescription, refusal: Refusal): void {
    this.#refusals.inc({ reason: refusal });
    const { fingerprint, remoteAddress } = peer;
    this.#say('info', refusal, { reason: refusal, fingerprint, remoteAddress }, 'a client is not served');
  }

  scopeFailed({ instanceId }: DirectoryEntry, { failure, correlationId, error }: ScopeFailure): void {
    this.#unscoped.inc({ failure });
    const fields = { failure, instanceId, correlationId, err: error };
    // Who was told nothing but the correlation id must be found under it.
    if (failure === 'internal') this.logger.error(fields, SCOPE_FAILED);
    else this.#say('warn', `scope ${failure}`, fields, SCOPE_FAILED);
  }

  refusalUnrecorded(error: unknown): void {
    this.#unrecorded.inc();
    this.#say('warn', 'unrecorded', { err: error }, 'the refusal of a known certificate could not be recorded');
  }

  questionUnrecorded(questions: number, error: unknown): void {
    this.#unrecordedQuestions.inc(questions);
    this.#say('warn', 'unrecorded', { err: error }, 'questions about the server could not be recorded');
  }

  storedKeyKept(reason: StayReason): void {
    this.#kept.inc({ reason });
  }

  custodyAlarm(alarm: CustodyAlarm): void {
    this.#alarms.inc({ alarm });
  }

  swept(reason: 'rebind' | 'rotation', { moved, hindrance }: SweepReport): void {
    if (moved > 0) this.#moved.inc({ reason }, moved);
    if (hindrance !== undefined) this.#hindered.inc({ reason, hindrance });
  }

  keyManagerTried({ call, httpStatus, durationMs }: TryEvent): void {
    this.#keyManager.observe({ call, status: httpStatus ?? 'none' }, durationMs / 1_000);
  }

  #say(level: 'info' | 'warn', kind: string, fields: object, message: string): void {
    const line = this.#lines.allow(kind);
    if (line !== undefined) this.logger[level]({ ...fields, ...(line.suppressed > 0 && line) }, message);
  }
}
