import { attributeNames } from '../attributes/attribute-view';
import { fail } from '../failures/operation-failure';
import { settleDates } from '../lifecycle';
import { auditEvent } from '../operation-context';
import { type Handler } from './handler';

/** Get Attribute List (KMIP 1.4 §4.13). */
export const getAttributeList: Handler<'GetAttributeList'> = async (request, context) => {
  const uniqueIdentifier = context.placeholder.resolve(request.uniqueIdentifier);
  const stored = (await context.scope.store.find(uniqueIdentifier)) ?? fail('unknown_object');
  await context.scope.store.record(
    auditEvent(context, 'vmware-solutions.kmip-key-attributes.retrieve', { key: uniqueIdentifier }),
  );
  return {
    uniqueIdentifier,
    attributeNames: attributeNames(settleDates(stored, context.now), context.version.minor),
  };
};
