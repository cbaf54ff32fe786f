import { type ActionContext } from '@lib/tenancy';

/** One authenticated request of the platform. */
export interface OsbCall {
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly ifNoneMatch: string | undefined;
  readonly context: ActionContext;
}

export interface OsbAnswer {
  readonly status: number;
  /** A text is sent as it is. */
  readonly body?: object | string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface OsbRoute {
  readonly method: 'GET' | 'PUT' | 'PATCH' | 'DELETE';
  /** Without the prefix of its space. */
  readonly path: string;
  readonly handle: (call: OsbCall) => Promise<OsbAnswer> | OsbAnswer;
}
