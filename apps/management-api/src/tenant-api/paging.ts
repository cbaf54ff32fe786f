import { createHash } from 'node:crypto';

import { ApiError } from '../http/api-error';
import { type OperationAnswer, type OperationCall } from '../http/operation';

/** Where the next page begins: the sort values of the last item, as text. */
export type Cursor = readonly string[];

export interface PageRequest {
  readonly limit: number;
  readonly after: Cursor | undefined;
}

/** Holds the longest name that is sorted by, each of its characters escaped. */
const MAX_TOKEN = 1_024;

/**
 * Reads `limit` and `start`. The token holds the filters' digest, so that a page of other filters is refused instead of
 * silently skipping keys.
 * @throws ApiError 400
 */
export function pageRequest(call: OperationCall, cursorLength: number): PageRequest {
  const limit = Number(call.query['limit']);
  const token = call.query['start'];
  if (token === undefined) return { limit, after: undefined };
  const [filters, ...after] = decode(String(token));
  if (filters !== filtersOf(call) || after.length !== cursorLength) throw invalidToken();
  return { limit, after };
}

/** @throws ApiError 400: a token that we did not make */
export function invalidToken(): ApiError {
  return ApiError.of(400, 'invalid_parameter', 'The page token is not one of this list and these filters.', {
    type: 'parameter',
    name: 'start',
  });
}

/** Of a collection that is bounded, and therefore read whole: this page and all that follow, by id. */
export function restById<T>(
  items: readonly T[],
  { after }: Pick<PageRequest, 'after'>,
  idOf: (item: T) => string,
): readonly T[] {
  return [...items]
    .sort((one, other) => (idOf(one) < idOf(other) ? -1 : 1))
    .filter((item) => after?.[0] === undefined || idOf(item) > after[0]);
}

/**
 * A page of a collection from its items and at least one more, if there is one: it only tells that there is a next page.
 */
export function pageAnswer<T>(
  call: OperationCall,
  publicUrl: string,
  field: string,
  items: readonly T[],
  { cursorOf, present }: { readonly cursorOf: (item: T) => Cursor; readonly present: (item: T) => object },
): OperationAnswer {
  const limit = Number(call.query['limit']);
  const page = items.slice(0, limit);
  const last = page.at(-1);
  const start = items.length > limit && last !== undefined ? encode([filtersOf(call), ...cursorOf(last)]) : undefined;
  const link = (extra: Record<string, string>): string => {
    const query = new URLSearchParams({ ...filters(call), ...extra, limit: String(limit) });
    return `${publicUrl}${call.target}?${query.toString()}`;
  };
  return {
    status: 200,
    body: {
      limit,
      first: { href: link({}) },
      ...(start !== undefined && { next: { href: link({ start }), start } }),
      [field]: page.map(present),
    },
  };
}

function filters(call: OperationCall): Record<string, string> {
  const entries = Object.entries(call.query).filter(([name]) => name !== 'start' && name !== 'limit');
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}

function filtersOf(call: OperationCall): string {
  const sorted = Object.entries(filters(call)).sort(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('base64url').slice(0, 8);
}

const encode = (parts: readonly string[]): string => Buffer.from(JSON.stringify(parts)).toString('base64url');

function decode(token: string): readonly string[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(token.slice(0, MAX_TOKEN), 'base64url').toString());
    if (Array.isArray(parts) && parts.every((part) => typeof part === 'string')) return parts;
  } catch {
    // Refused below.
  }
  throw invalidToken();
}
