import { type AuditEvent } from '@lib/audit';
import { type CorrelationId } from '@lib/kernel';
import {
  isAtLeast,
  KmipError,
  type OperationName,
  type ProtocolVersion,
  type RequestMessage,
  type ResponseBatchItem,
  ResultReason,
  decodeRequestMessage,
  encodeResponseMessage,
  peekProtocolVersion,
  V1_4,
} from '@lib/kmip-protocol';

import { runBatch } from './batch/batch-runner';
import { failedItem } from './batch/failed-item';
import { explainFailure } from './batch/item-failure';
import { LateWork } from './batch/late-work';
import { MessageBudget } from './batch/message-budget';
import { requireCredentials, requireProcessable } from './batch/message-rules';
import { answersOf, serverQuestionOf } from './batch/server-question';
import { wipeSecrets } from './batch/wipe-secrets';
import { Custodian } from './custody/custodian';
import { explainKeyManager } from './custody/key-manager-failure';
import { DEFAULT_OPERATION_TIMEOUT_MS } from './custody/key-use';
import { startDeadline } from './deadline';
import { type EngineScope } from './engine-scope';
import { OperationFailure } from './failures/operation-failure';
import { IdPlaceholder } from './id-placeholder';
import { type HandlerContext, type ItemContext, type Operations } from './handlers/handler';
import { type AuditContext, type AuditedClient, auditEvent } from './operation-context';
import { type EngineDependencies } from './ports/engine-ports';
import { newestVersion, oldestVersion } from './supported-versions';

/** Why a message had no scope, by a code of docs/errors.md; `internal` is found in the log by its correlation id. */
export interface UnscopedAnswer {
  readonly response: Buffer;
  readonly failure: string;
  readonly correlationId: CorrelationId;
}

/** The answer to questions about the server, and what is to be written in the trail of it, one event an item. */
export interface ServerAnswered {
  readonly response: Buffer;
  readonly events: readonly AuditEvent[];
}

/**
 * Turns one KMIP request message into one response message. Holds no tenant: whatever an operation may touch comes with
 * the scope. One engine serves all connections of a process.
 */
export class KmipEngine {
  readonly #custodian: Custodian;
  readonly #late: LateWork;

  constructor(
    private readonly dependencies: EngineDependencies,
    private readonly operations: Operations,
  ) {
    this.#custodian = new Custodian(dependencies);
    this.#late = new LateWork(dependencies.logger);
  }

  /** Answers a message. Never throws: what cannot be explained is answered with fixed text and a correlation id. */
  async handle(bytes: Buffer, scope: EngineScope): Promise<Buffer> {
    const { dependencies } = this;
    const correlationId = dependencies.newCorrelationId();
    const startedAtMs = dependencies.clock.monotonicMs();
    try {
      return await this.#answer(bytes, scope, correlationId);
    } catch (error) {
      const failure = explainFailure(error, versionFor(bytes), correlationId);
      if (failure.unexpected) dependencies.logger.error({ err: error, correlationId }, 'message failed unexpectedly');
      const context = { scope, dependencies, correlationId, startedAtMs, now: dependencies.clock.now() };
      await this.#recordRefusal(context, failure.code);
      return this.errorResponse(bytes, failure.reason, failure.message);
    }
  }

  /**
   * Answers a message that asks about the server alone (Discover Versions, Query), from memory and without waiting. To
   * record it is the caller's. Undefined for every other message, and for one that is to be refused: see {@link handle}.
   */
  answerAtOnce(bytes: Buffer, client: AuditedClient): ServerAnswered | undefined {
    const { dependencies, operations } = this;
    const startedAtMs = dependencies.clock.monotonicMs();
    const message = serverQuestionOf(bytes);
    const items = message && answersOf(message, operations);
    if (message === undefined || items === undefined) return undefined;
    const { protocolVersion, clientCorrelationValue } = message.header;
    const correlationId = dependencies.newCorrelationId();
    const context = { scope: client, dependencies, correlationId, startedAtMs, now: dependencies.clock.now() };
    const events = items.flatMap(({ response }) =>
      response === undefined ? [] : this.#answered(response.name, context),
    );
    return {
      response: this.#encode(protocolVersion, items, clientCorrelationValue === undefined ? undefined : correlationId),
      events,
    };
  }

  /**
   * A whole-message refusal: one item without an operation, in the version of the request when that can be read. Also
   * for peers that have no scope: strangers, and messages over the transport's limits.
   */
  errorResponse(bytes: Buffer | undefined, reason: number, message: string): Buffer {
    return this.#encode(versionFor(bytes), [failedItem(undefined, { reason, message })]);
  }

  /** The answer to a message for which no scope could be made; recording that is the caller's, for it has the peer. */
  unscoped(bytes: Buffer, error: unknown): UnscopedAnswer {
    const correlationId = this.dependencies.newCorrelationId();
    const explained = explainFailure(explainKeyManager(error), versionFor(bytes), correlationId);
    const { code: failure, reason, message } = explained;
    return { response: this.errorResponse(bytes, reason, message), failure, correlationId };
  }

  /** Resolves once no background work is left; for shutdown, after the last message was answered. */
  async drain(): Promise<void> {
    await this.#late.drain();
    await this.#custodian.drain();
  }

  async #answer(bytes: Buffer, scope: EngineScope, correlationId: CorrelationId): Promise<Buffer> {
    const message = decode(bytes);
    const { protocolVersion, clientCorrelationValue } = message.header;
    const correlated = clientCorrelationValue === undefined ? undefined : correlationId;
    const placeholder = new IdPlaceholder();
    const budget = new MessageBudget(message, scope, (name) => this.operations.changes(name));
    const shared = { correlationId, placeholder, budget };
    const contextFor = () => this.#contextFor(message, scope, shared);
    const refusal = await this.#refusalOf(message, scope, contextFor);
    if (refusal !== undefined) return this.#encode(protocolVersion, [refusal], correlated);
    const items = await runBatch(message, contextFor);
    try {
      return this.#encode(protocolVersion, items, correlated);
    } finally {
      wipeSecrets(items);
    }
  }

  /** The answer to a message that is refused as a whole; a message of one item gets that item's form. */
  async #refusalOf(
    message: RequestMessage,
    scope: EngineScope,
    contextFor: () => ItemContext,
  ): Promise<ResponseBatchItem | undefined> {
    try {
      requireProcessable(message);
      await requireCredentials(message, scope);
      return undefined;
    } catch (error) {
      if (!(error instanceof OperationFailure)) throw error;
      const { context, deadline } = contextFor();
      deadline.end();
      await this.#recordRefusal(context, error.failure);
      const only = message.batchItems.length === 1 ? message.batchItems[0] : undefined;
      return failedItem(only, explainFailure(error, message.header.protocolVersion, context.correlationId));
    } finally {
      // Judged or not, nobody needs them any more.
      wipeSecrets(message.header.authentication);
    }
  }

  #answered(operation: OperationName, context: AuditContext): AuditEvent {
    const latencyMs = context.dependencies.clock.monotonicMs() - context.startedAtMs;
    context.dependencies.metrics.observeOperation({ operation, result: 'success', latencyMs });
    const action = this.operations.auditAction(operation) ?? 'vmware-solutions.kmip-server.query';
    return auditEvent(context, action, { details: { operation } });
  }

  async #recordRefusal(context: AuditContext & Pick<HandlerContext, 'scope'>, failure: string): Promise<void> {
    try {
      await context.scope.store.record(
        auditEvent(context, 'vmware-solutions.kmip-server.refuse', { outcome: 'failure', reason: failure }),
      );
    } catch (error) {
      this.dependencies.logger.error(
        { err: error, correlationId: context.correlationId, failure },
        'a refused message could not be recorded',
      );
    }
  }

  #contextFor(
    message: RequestMessage,
    scope: EngineScope,
    shared: Pick<HandlerContext, 'correlationId' | 'placeholder' | 'budget'>,
  ): ItemContext {
    const deadline = startDeadline(scope.limits.operationTimeoutMs ?? DEFAULT_OPERATION_TIMEOUT_MS, scope.signal);
    const context: HandlerContext = {
      scope,
      dependencies: this.dependencies,
      version: message.header.protocolVersion,
      now: this.dependencies.clock.now(),
      startedAtMs: this.dependencies.clock.monotonicMs(),
      ...shared,
      signal: deadline.signal,
      custodian: this.#custodian,
      late: this.#late,
      operations: this.operations,
    };
    return { context, deadline };
  }

  #encode(
    protocolVersion: ProtocolVersion,
    batchItems: readonly ResponseBatchItem[],
    correlated?: CorrelationId,
  ): Buffer {
    return encodeResponseMessage({
      header: {
        protocolVersion,
        timeStamp: this.dependencies.clock.now(),
        // A client that names its side of a correlation is told ours (KMIP 1.4 §6.19).
        ...(correlated !== undefined && isAtLeast(protocolVersion, V1_4) ? { serverCorrelationValue: correlated } : {}),
        batchCount: batchItems.length,
      },
      batchItems,
    });
  }
}

/**
 * The version to refuse a message in. Its own when it is one of major version 1; the oldest, which every client reads, when
 * none can be found. Messages of another major version have other fields: such a peer learns from the header what is
 * spoken here.
 */
function versionFor(bytes: Buffer | undefined): ProtocolVersion {
  const version = (bytes === undefined ? undefined : peekProtocolVersion(bytes)) ?? oldestVersion;
  return version.major === 1 && version.minor >= 0 && version.minor < 1000 ? version : newestVersion;
}

/** Bytes that are no message are the peer's fault, whatever the decoder stumbled over. */
function decode(bytes: Buffer): RequestMessage {
  try {
    return decodeRequestMessage(bytes);
  } catch (error) {
    if (error instanceof KmipError) throw error;
    throw new KmipError(ResultReason.InvalidMessage, 'The message could not be read.', { cause: error });
  }
}
