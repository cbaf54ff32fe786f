import { type Fault, type Schemas } from './schema';

/** Why there is no answer: it was refused, or nobody gave one. */
export type ProblemKind = 'refused' | 'unreachable' | 'slow';

/** What a page can show of a call that did not go well. */
export class Problem extends Error {
  constructor(
    readonly kind: ProblemKind,
    readonly status: number | undefined,
    readonly faults: readonly Fault[],
    /** Correlation id: the audit trail and the operator's log find the request by it. */
    readonly trace: string | undefined,
    readonly retryAfterSeconds: number | undefined,
  ) {
    super(faults.map(({ message }) => message).join(' ') || kind);
    this.name = 'Problem';
  }

  has(code: Fault['code']): boolean {
    return this.faults.some((fault) => fault.code === code);
  }

  /** Whether the same request may go well in a moment: nothing was said against it. */
  get passing(): boolean {
    return this.kind !== 'refused' || this.status === 429 || (this.status ?? 0) >= 500;
  }

  static unanswered(kind: 'unreachable' | 'slow'): Problem {
    return new Problem(kind, undefined, [], undefined, undefined);
  }

  /** @param text the body, which need not be of the service: a proxy may have answered in its place */
  static from(response: Response, text: string): Problem {
    const { errors, trace } = containerIn(text);
    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
    return new Problem(
      'refused',
      response.status,
      errors,
      trace ?? response.headers.get('x-correlation-id') ?? undefined,
      Number.isFinite(retryAfter) ? retryAfter : undefined,
    );
  }
}

export const asProblem = (error: unknown): Problem =>
  error instanceof Problem ? error : Problem.unanswered('unreachable');

function containerIn(text: string): { readonly errors: readonly Fault[]; readonly trace?: string } {
  try {
    // A parse edge: what is no ErrorContainer has neither.
    const { errors, trace } = JSON.parse(text) as Partial<Schemas['ErrorContainer']>;
    return { errors: Array.isArray(errors) ? errors : [], ...(typeof trace === 'string' && { trace }) };
  } catch {
    return { errors: [] };
  }
}
