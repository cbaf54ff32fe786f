import { allAttributes, attributesNamed } from '../attributes/attribute-view';
import { fail } from '../failures/operation-failure';
import { settleDates } from '../lifecycle';
import { auditEvent } from '../operation-context';
import { type Handler } from './handler';
import { KmipOperation, type OperationProvider } from './kmip-operation';

const AUDIT_ACTION = 'vmware-solutions.kmip-key-attributes.retrieve';

/** Get Attributes (KMIP 1.4 §4.12). An attribute the object does not have is left out; that is no failure. */
@KmipOperation('GetAttributes', { auditAction: AUDIT_ACTION, concern: 'object', serves: true })
export class GetAttributesOperation implements OperationProvider<'GetAttributes'> {
  readonly run: Handler<'GetAttributes'> = async (request, context) => {
    const { attributeNames: names } = request;
    if (new Set(names).size !== names.length) fail('attribute_name_repeated');
    const { version } = context;
    const uniqueIdentifier = context.placeholder.resolve(request.uniqueIdentifier);
    const stored = (await context.scope.store.find(uniqueIdentifier)) ?? fail('unknown_object');
    const object = settleDates(stored, context.now);
    await context.scope.store.record(auditEvent(context, AUDIT_ACTION, { key: uniqueIdentifier }));
    const attributes =
      names.length === 0
        ? allAttributes(object, version)
        : names.flatMap((name) => attributesNamed(object, name, version));
    return { uniqueIdentifier, attributes };
  };
}
