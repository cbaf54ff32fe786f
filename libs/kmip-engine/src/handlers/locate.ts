import { isAtLeast, type LocateRequest, StorageStatusMask, V1_3 } from '@lib/kmip-protocol';

import { readLocateCriteria } from '../attributes/locate-filter';
import { fail } from '../failures/operation-failure';
import { LOCATE_LIMITS } from '../limits';
import { type OperationContext, auditEvent } from '../operation-context';
import { type Handler } from './handler';
import { KmipOperation, type OperationProvider } from './kmip-operation';

function pageOf({ maximumItems, offsetItems }: LocateRequest, { scope, version }: OperationContext) {
  const most = scope.limits.maximumLocatedItems ?? LOCATE_LIMITS.items;
  const limit = Math.min(maximumItems ?? most, most);
  const offset = isAtLeast(version, V1_3) ? (offsetItems ?? 0) : 0;
  // Integers of the wire have a sign; numbers of items have none.
  if (limit < 0 || offset < 0) fail('locate_page_negative');
  return { limit, offset };
}

const AUDIT_ACTION = 'vmware-solutions.kmip-key.locate';

/** Locate (KMIP 1.4 §4.9). No hit is a success with nothing in it. */
@KmipOperation('Locate', { auditAction: AUDIT_ACTION, concern: 'births' })
export class LocateOperation implements OperationProvider<'Locate'> {
  readonly run: Handler<'Locate'> = async (request, context) => {
    const { version } = context;
    const criteria = readLocateCriteria(request, version);
    const page = pageOf(request, context);
    // The official dialogues count for clients that page, and for nobody else.
    const count = request.offsetItems !== undefined && isAtLeast(version, V1_3);
    context.budget.requireWork();
    // Nothing of ours is ever in archival storage.
    const archivedOnly =
      request.storageStatusMask !== undefined && (request.storageStatusMask & StorageStatusMask.OnLineStorage) === 0;
    const found =
      criteria === undefined || archivedOnly
        ? { uniqueIdentifiers: [], total: 0 }
        : await context.scope.store.locate({ ...criteria, asOf: context.now, ...page, count });
    context.budget.matched(found.total ?? page.offset + found.uniqueIdentifiers.length);
    const { length: returned } = found.uniqueIdentifiers;
    await context.scope.store.record(auditEvent(context, AUDIT_ACTION, { details: { returned } }));
    const only = found.uniqueIdentifiers[0];
    // Several hits must not leave an earlier key in the placeholder for the next item to fall back on.
    if (only !== undefined && found.uniqueIdentifiers.length === 1) context.placeholder.set(only);
    else context.placeholder.clear();
    return {
      uniqueIdentifiers: found.uniqueIdentifiers,
      ...(count && found.total !== undefined ? { locatedItems: found.total } : {}),
    };
  };
}
