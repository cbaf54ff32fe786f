import { type QueryRequest, type QueryResponse } from '../messages/message.types';
import { Structure } from '../schema/structure';
import { Operation } from '../spec/enumerations';
import { Tag } from '../spec/tag';
import { describeOperation } from './operation-codec';

/** Lists newer than KMIP 1.0, in the order of the table. */
const newerLists = [
  Tag.ExtensionInformation,
  Tag.AttestationType,
  Tag.RNGParameters,
  Tag.ProfileInformation,
  Tag.ValidationInformation,
  Tag.CapabilityInformation,
  Tag.ClientRegistrationMethod,
];

/** KMIP 1.4 §4.25 */
export const query = describeOperation('Query', Operation.Query, {
  request: new Structure<QueryRequest>('Query Request Payload', [
    { name: 'queryFunctions', tag: Tag.QueryFunction, type: 'Enumeration', presence: 'many' },
  ]),
  response: new Structure<QueryResponse>(
    'Query Response Payload',
    [
      { name: 'operations', tag: Tag.Operation, type: 'Enumeration', presence: 'optionalMany' },
      { name: 'objectTypes', tag: Tag.ObjectType, type: 'Enumeration', presence: 'optionalMany' },
      { name: 'vendorIdentification', tag: Tag.VendorIdentification, type: 'TextString', presence: 'optional' },
      { name: 'serverInformation', tag: Tag.ServerInformation, type: 'Items', presence: 'optional' },
      { name: 'applicationNamespaces', tag: Tag.ApplicationNamespace, type: 'TextString', presence: 'optionalMany' },
    ],
    { rest: { name: 'other', tags: newerLists } },
  ),
});
