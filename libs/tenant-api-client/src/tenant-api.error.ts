import { DomainError } from '@lib/kernel';

import { type components } from './schema';

/** One fault as the tenant API words it. */
export type TenantApiFault = components['schemas']['Error'];

/** The tenant API answered, and refused. */
export class TenantApiError extends DomainError {
  readonly code = 'tenant_api_refusal';

  constructor(
    readonly status: number,
    readonly faults: readonly TenantApiFault[],
    /** Correlation id: the audit trail and the operator's log find the request by it. */
    readonly trace: string | undefined,
    /** When the service says how long to wait, in seconds. */
    readonly retryAfterSeconds: number | undefined,
  ) {
    super(faults.map(({ message }) => message).join(' ') || `the service answered with status ${status}`);
  }

  has(code: TenantApiFault['code']): boolean {
    return this.faults.some((fault) => fault.code === code);
  }

  /** @param text the body, which need not be of the service: a proxy may have answered in its place */
  static from(response: Response, text: string): TenantApiError {
    const { errors, trace } = containerIn(text);
    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
    return new TenantApiError(
      response.status,
      errors,
      trace ?? response.headers.get('x-correlation-id') ?? undefined,
      Number.isFinite(retryAfter) ? retryAfter : undefined,
    );
  }
}

function containerIn(text: string): { readonly errors: readonly TenantApiFault[]; readonly trace?: string } {
  try {
    // A parse edge: what is no ErrorContainer has neither.
    const { errors, trace } = JSON.parse(text) as Partial<components['schemas']['ErrorContainer']>;
    return { errors: Array.isArray(errors) ? errors : [], ...(typeof trace === 'string' && { trace }) };
  } catch {
    return { errors: [] };
  }
}
