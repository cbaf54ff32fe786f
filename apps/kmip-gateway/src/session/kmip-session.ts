import { type CorrelationId } from '@lib/kernel';
import {
  type Deadline,
  DEFAULT_OPERATION_TIMEOUT_MS,
  type EngineScope,
  type KmipEngine,
  OperationFailure,
  type OperationTable,
  startDeadline,
} from '@lib/kmip-engine';
import { type FramingError, ResultReason } from '@lib/kmip-protocol';
import {
  type Admission,
  type KmipAnswer,
  type KmipConnectionHandler,
  type PeerDescription,
  type TransportLimitName,
} from '@lib/kmip-transport';
import { type DirectoryEntry } from '@lib/tenancy';

import { type AllowListJudge, type Admitted, isPassing, reasonOf, type Refusal, type Refused } from './admission';
import { type AnswerMemories } from './answer-memories';
import { type ConnectionRecords } from './connection-records';
import { type EngineScopes } from './engine-scopes';
import { type InstanceRoutes } from './instance-route';
import { type QuestionAudit } from './question-audit';
import { type RefusalAudit } from './refusal-audit';
import { LIMIT_TEXTS } from './limit-texts';
import { LoopShare, type Sharer } from './loop-share';
import { kindOf, type TurnKind, Turns } from './turns';

/** A request for which nothing could be done, because its tenant's scope could not be made. */
export interface ScopeFailure {
  /** A code of docs/errors.md. */
  readonly failure: string;
  readonly correlationId: CorrelationId;
  readonly error: unknown;
}

export interface SessionObserver {
  refused(peer: PeerDescription, refusal: Refusal): void;
  scopeFailed(client: DirectoryEntry, failure: ScopeFailure): void;
}

export interface KmipSessionParts {
  readonly admission: Pick<AllowListJudge, 'judge'>;
  readonly engine: Pick<KmipEngine, 'answerAtOnce' | 'handle' | 'errorResponse' | 'unscoped'>;
  readonly operations: Pick<OperationTable, 'isQuestion' | 'serves'>;
  readonly scopes: Pick<EngineScopes, 'withKeyManager' | 'bare'>;
  readonly routes: Pick<InstanceRoutes, 'for'>;
  readonly observer: SessionObserver;
  readonly records: Pick<ConnectionRecords, 'judged' | 'turnedAway'>;
  readonly audit: Pick<RefusalAudit, 'record'>;
  readonly questions: Pick<QuestionAudit, 'note'>;
  readonly answers: AnswerMemories;
}

/** Of the time for a request; who begins later than that could only be cut off in the middle. */
const WAITING_SHARE = 0.75;

/** Whose nobody knows has a share of its own, and none of a tenant's that it may have nothing to do with. */
const sharerOf = ({ client, owner }: Admitted): Sharer =>
  owner === undefined
    ? { owner: client.fingerprint, account: client.fingerprint }
    : { owner, account: client.accountId };

const GONE: KmipAnswer = { response: Buffer.alloc(0), close: true };

/** Between the listener and the engine: who is talking is decided here, for every message anew. */
export class KmipSession implements KmipConnectionHandler {
  readonly #turns = new Turns();
  readonly #loop = new LoopShare();

  /** @param timeoutMs for a request's turn to come, and for its operation after that; of both together */
  constructor(
    private readonly parts: KmipSessionParts,
    private readonly timeoutMs = DEFAULT_OPERATION_TIMEOUT_MS,
  ) {}

  admit(peer: PeerDescription): Admission {
    const verdict = this.parts.admission.judge(peer);
    this.parts.records.judged(peer, verdict);
    if ('client' in verdict) {
      const { client, owner } = verdict;
      return owner === undefined ? 'known' : { owner, account: client.accountId };
    }
    const { refusal, known } = verdict;
    return known !== undefined && isPassing(refusal)
      ? { owner: known.instanceId, account: known.accountId }
      : 'stranger';
  }

  /** By a limit of the listener, before a request. */
  refused(peer: PeerDescription, limit: string): void {
    this.parts.records.turnedAway(peer, limit, this.parts.admission.judge(peer));
  }

  overLimit(message: Buffer, _peer: PeerDescription, limit: TransportLimitName): Buffer {
    return this.parts.engine.errorResponse(message, ResultReason.GeneralFailure, `${LIMIT_TEXTS[limit]} [${limit}]`);
  }

  async handleMessage(message: Buffer, peer: PeerDescription, signal: AbortSignal): Promise<KmipAnswer> {
    const verdict = this.parts.admission.judge(peer);
    this.parts.records.judged(peer, verdict, true);
    if ('refusal' in verdict) return this.#refuse(message, peer, verdict);
    const { client, owner = client.fingerprint } = verdict;
    const kind = kindOf(message, this.parts.operations);
    if (kind === 'question') {
      const answer = await this.#answerAtOnce(message, verdict, peer, signal);
      if (answer !== undefined) return answer;
    }
    const who = { ...verdict, kind: kind === 'question' ? 'serving' : kind } as const;
    return this.#inTurn(message, who, signal, async (leftMs) => {
      // Its turn may have come late: nobody's key manager is called for a client that was removed meanwhile.
      const late = this.parts.admission.judge(peer);
      if ('refusal' in late) return this.#refuse(message, peer, late);
      const scope = await this.#scope(message, late, peer);
      if ('response' in scope) return scope;
      return this.#answer(message, { ...scope, limits: { ...scope.limits, operationTimeoutMs: leftMs } }, owner);
    });
  }

  /** Judged and answered from memory: nothing is taken that others wait for, but a little of the event loop. */
  async #answerAtOnce(
    message: Buffer,
    admitted: Admitted,
    peer: PeerDescription,
    signal: AbortSignal,
  ): Promise<KmipAnswer | undefined> {
    const { admission, engine, questions, scopes } = this.parts;
    let { client } = admitted;
    const wait = this.#loop.enter(sharerOf(admitted));
    if (wait !== undefined) {
      await wait;
      if (signal.aborted) return GONE;
      const late = admission.judge(peer);
      if ('refusal' in late) return this.#refuse(message, peer, late);
      ({ client } = late);
    }
    const answered = engine.answerAtOnce(message, scopes.bare(client, peer));
    if (answered === undefined) return undefined;
    for (const event of answered.events) questions.note(peer, event);
    return { response: answered.response };
  }

  /** @param serve told how much of the time for its request is left */
  #inTurn(
    message: Buffer,
    admitted: Admitted & { readonly kind: TurnKind },
    signal: AbortSignal,
    serve: (leftMs: number) => Promise<KmipAnswer>,
  ): Promise<KmipAnswer> {
    const { timeoutMs } = this;
    const since = performance.now();
    const turn: { begun: boolean; patience?: Deadline } = { begun: false };
    const served = this.#turns.run(sharerOf(admitted), admitted.kind, () => {
      const { patience } = turn;
      turn.begun = true;
      // Whoever left or was told to try again while it waited is not served at others' expense.
      if (signal.aborted || patience?.signal.aborted === true) return Promise.resolve(GONE);
      patience?.end();
      return serve(Math.max(1, Math.round(timeoutMs - (performance.now() - since))));
    });
    // Most do not wait.
    if (turn.begun) return served;
    const patience = (turn.patience = startDeadline(timeoutMs * WAITING_SHARE, signal));
    return Promise.race([served, this.#outOfPatience(message, admitted.client, patience.signal, signal)]);
  }

  #outOfPatience(
    message: Buffer,
    client: DirectoryEntry,
    patience: AbortSignal,
    gone: AbortSignal,
  ): Promise<KmipAnswer> {
    return new Promise((resolve) => {
      const give = (): void =>
        resolve(gone.aborted ? GONE : this.#unserved(message, client, new OperationFailure('instance_busy')));
      if (patience.aborted) give();
      else patience.addEventListener('abort', give, { once: true });
    });
  }

  #unserved(message: Buffer, client: DirectoryEntry, error: unknown): KmipAnswer {
    const { response, failure, correlationId } = this.parts.engine.unscoped(message, error);
    this.parts.observer.scopeFailed(client, { failure, correlationId, error });
    return { response };
  }

  frameError(error: FramingError): Buffer {
    return this.parts.engine.errorResponse(undefined, ResultReason.InvalidMessage, error.message);
  }

  /** The memory of a large answer is its owner's until the client has read it. */
  async #answer(message: Buffer, scope: EngineScope, owner: string): Promise<KmipAnswer> {
    const answerMemory = this.parts.answers.account(owner);
    const released = (): void => answerMemory.release();
    try {
      return { response: await this.parts.engine.handle(message, { ...scope, answerMemory }), released };
    } catch (error) {
      released();
      throw error;
    }
  }

  async #refuse(
    message: Buffer,
    peer: PeerDescription,
    { refusal, message: text, known }: Refused,
  ): Promise<KmipAnswer> {
    const { observer, audit, engine } = this.parts;
    const passing = isPassing(refusal);
    observer.refused(peer, refusal);
    if (known !== undefined && !passing) await audit.record(peer, known, refusal);
    return { response: engine.errorResponse(message, reasonOf(refusal), text), close: !passing };
  }

  /** The catalog may be out of reach already when the tenant's root key is looked up, or its API key not open. */
  async #scope(
    message: Buffer,
    { client, owner, registrations }: Admitted,
    peer: PeerDescription,
  ): Promise<EngineScope | KmipAnswer> {
    const { scopes, routes } = this.parts;
    const scopeFor = (entry: DirectoryEntry): Promise<EngineScope> => scopes.withKeyManager(entry, peer);
    try {
      // Of several that register a client, one must not be in the way of the others by what is wrong with its own.
      const primaryScope = await (owner === undefined ? scopes.bare(client, peer) : scopeFor(client));
      const route = routes.for({ peer, registrations, primary: client, primaryScope, scopeFor });
      return { ...primaryScope, route };
    } catch (error) {
      return this.#unserved(message, client, error);
    }
  }
}
