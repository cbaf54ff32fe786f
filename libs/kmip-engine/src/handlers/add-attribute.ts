import { attributeRules } from '@lib/kmip-protocol';

import { addAttribute as addTo } from '../attributes/attribute-changes';
import { recordedAttributes } from '../attributes/recorded-attributes';
import { fail } from '../failures/operation-failure';
import { settleDates, wholeSeconds } from '../lifecycle';
import { auditEvent } from '../operation-context';
import { ObjectStoreError } from '../ports/managed-object-store.port';
import { type Handler } from './handler';
import { KmipOperation, type OperationProvider } from './kmip-operation';

/** Custom names are the client's own text and stay out of this field; the values are in one of their own. */
const nameForAudit = (name: string): string => (attributeRules.has(name) ? name : 'custom');

const AUDIT_ACTION = 'vmware-solutions.kmip-key-attributes.add';

/** Add Attribute (KMIP 1.4 §4.14). vCenter adds three at once while another of its connections activates the key. */
@KmipOperation('AddAttribute', { auditAction: AUDIT_ACTION, concern: 'object', changes: true })
export class AddAttributeOperation implements OperationProvider<'AddAttribute'> {
  readonly run: Handler<'AddAttribute'> = async (request, context) => {
    const { attributeName, attributeValue } = request.attribute;
    const uniqueIdentifier = context.placeholder.resolve(request.uniqueIdentifier);
    try {
      const done = await context.scope.store.mutate(uniqueIdentifier, (current) => {
        const settled = settleDates(current, context.now);
        const { object, index } = addTo(settled, request.attribute, context.version);
        const added = object.attributes.filter((attribute) => !settled.attributes.includes(attribute));
        return {
          object: { ...object, lastChangeDate: wholeSeconds(context.now) },
          audit: auditEvent(context, AUDIT_ACTION, {
            key: uniqueIdentifier,
            details: { attribute: nameForAudit(attributeName), ...recordedAttributes(added) },
          }),
          result: index,
        };
      });
      const index = done?.result ?? fail('unknown_object');
      return {
        uniqueIdentifier,
        attribute: {
          attributeName,
          ...(index === 0 ? {} : { attributeIndex: index }),
          ...(attributeValue === undefined ? {} : { attributeValue }),
        },
      };
    } catch (error) {
      if (error instanceof ObjectStoreError && error.fault === 'name_taken') fail('name_taken', { cause: error });
      throw error;
    }
  };
}
