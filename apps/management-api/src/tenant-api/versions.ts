import { preconditionFailed } from '../http/api-error';
import { entityTag, ifMatchAllows } from '../http/entity-tag';
import { type OperationCall } from '../http/operation';

interface Versioned {
  readonly revision: number;
}

/**
 * The revision a change must still find, for the transaction that makes it. The header is compared with what is stored
 * now; the revision that is returned keeps the comparison true until the commit.
 * @throws ApiError 412
 */
export function expectedRevision(call: OperationCall, id: string, current: Versioned): number | undefined {
  if (call.ifMatch === undefined) return undefined;
  if (!ifMatchAllows(call.ifMatch, versionOf(id, current))) throw preconditionFailed();
  return current.revision;
}

/** `If-Match` of something that does not exist never matches. @throws ApiError 412 */
export function refuseIfMatch(call: OperationCall): void {
  if (call.ifMatch !== undefined) throw preconditionFailed();
}

export function withEntityTag<T extends object>(
  id: string,
  versioned: Versioned,
  body: T,
): T & { readonly etag: string } {
  return { ...body, etag: entityTag(versionOf(id, versioned), body) };
}

const versionOf = (id: string, { revision }: Versioned): string => `${id} ${revision}`;
