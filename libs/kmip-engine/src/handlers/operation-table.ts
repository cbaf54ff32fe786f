import { type AuditAction } from '@lib/audit';
import {
  type EnumValue,
  isAtLeast,
  Operation,
  operationIntroducedIn,
  type OperationName,
  type OperationRequest,
  type OperationResponse,
  type ProtocolVersion,
} from '@lib/kmip-protocol';

import { fail } from '../failures/operation-failure';
import { auditEvent } from '../operation-context';
import { type Concern, type HandlerContext, type Operations, type ServerFacts } from './handler';
import { type KmipOperationMark, markOf, type OperationProvider, type ServerQuestionProvider } from './kmip-operation';

interface Entry extends KmipOperationMark {
  readonly provider: OperationProvider | ServerQuestionProvider;
}

/** The operations that are served, by what their classes say of themselves. */
export class OperationTable implements Operations {
  readonly #entries = new Map<string, Entry>();
  readonly #byNumber = new Map<EnumValue, Entry>();

  constructor(providers: readonly object[] = []) {
    for (const provider of providers) this.add(provider);
  }

  /** @throws Error for what is not marked, and for an operation that is there */
  add(provider: object): void {
    const mark = markOf(provider);
    if (mark === undefined) throw new Error(`${provider.constructor.name} is not marked @KmipOperation`);
    if (this.#entries.has(mark.name)) throw new Error(`two providers carry out ${mark.name}`);
    // A class can be marked only with the name of the operation that its `run` or `answer` is of.
    const entry: Entry = { ...mark, provider: provider as Entry['provider'] };
    this.#entries.set(mark.name, entry);
    this.#byNumber.set(Operation[mark.name], entry);
  }

  numbers(version: ProtocolVersion): readonly EnumValue[] {
    return [...this.#entries.values()]
      .map(({ name }) => Operation[name])
      .filter((operation) => hasOperation(operation, version))
      .sort((one, other) => one - other);
  }

  auditAction(name: string): AuditAction | undefined {
    return this.#entries.get(name)?.auditAction;
  }

  concern(name: OperationName): Concern {
    return this.#entries.get(name)?.concern ?? 'nothing';
  }

  changes(name: OperationName): boolean {
    return this.#entries.get(name)?.changes ?? false;
  }

  /** It asks about the server alone: {@link answer} can answer it. */
  isQuestion(operation: EnumValue): boolean {
    const entry = this.#byNumber.get(operation);
    return entry !== undefined && 'answer' in entry.provider;
  }

  /** It is answered from one row, or from memory as questions are. */
  serves(operation: EnumValue): boolean {
    return this.isQuestion(operation) || this.#byNumber.get(operation)?.serves === true;
  }

  /**
   * Does not look at the message's version: the caller has asked {@link requireOperation}.
   * @throws OperationFailure('operation_not_supported') for what is not served in any version
   */
  async run(request: OperationRequest, context: HandlerContext): Promise<OperationResponse> {
    const { provider, auditAction } = this.#entries.get(request.name) ?? fail('operation_not_supported');
    // Name and payload come from one provider of one name, which the union type cannot follow.
    if ('run' in provider) {
      return { name: request.name, payload: await provider.run(request.payload, context) } as OperationResponse;
    }
    await context.scope.store.record(auditEvent(context, auditAction, { details: { operation: request.name } }));
    return { name: request.name, payload: provider.answer(request.payload, context) } as OperationResponse;
  }

  answer(request: OperationRequest, server: ServerFacts): OperationResponse | undefined {
    const provider = this.#entries.get(request.name)?.provider;
    if (provider === undefined || 'run' in provider) return undefined;
    return { name: request.name, payload: provider.answer(request.payload, server) } as OperationResponse;
  }
}

/** An operation newer than the message's version does not exist for that message. */
export function hasOperation(operation: number, version: ProtocolVersion): boolean {
  const introduced = operationIntroducedIn(operation);
  return introduced !== undefined && isAtLeast(version, introduced);
}

/** @throws OperationFailure('operation_not_supported') for what the message's version does not have */
export function requireOperation(operation: number, version: ProtocolVersion): void {
  if (!hasOperation(operation, version)) fail('operation_not_supported');
}
