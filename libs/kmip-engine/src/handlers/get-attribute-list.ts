import { attributeNames } from '../attributes/attribute-view';
import { fail } from '../failures/operation-failure';
import { settleDates } from '../lifecycle';
import { auditEvent } from '../operation-context';
import { type Handler } from './handler';
import { KmipOperation, type OperationProvider } from './kmip-operation';

const AUDIT_ACTION = 'vmware-solutions.kmip-key-attributes.retrieve';

/** Get Attribute List (KMIP 1.4 §4.13). */
@KmipOperation('GetAttributeList', { auditAction: AUDIT_ACTION, concern: 'object', serves: true })
export class GetAttributeListOperation implements OperationProvider<'GetAttributeList'> {
  readonly run: Handler<'GetAttributeList'> = async (request, context) => {
    const uniqueIdentifier = context.placeholder.resolve(request.uniqueIdentifier);
    const stored = (await context.scope.store.find(uniqueIdentifier)) ?? fail('unknown_object');
    await context.scope.store.record(auditEvent(context, AUDIT_ACTION, { key: uniqueIdentifier }));
    return {
      uniqueIdentifier,
      attributeNames: attributeNames(settleDates(stored, context.now), context.version),
    };
  };
}
