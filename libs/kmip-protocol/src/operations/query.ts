import { type EnumValue } from '../objects/object.types';
import { Structure } from '../schema/structure';
import { Tag } from '../spec/tag';
import { type TtlvItem } from '../ttlv/ttlv.types';
import { describeOperation } from './operation-codec';

interface QueryRequest {
  readonly queryFunctions: readonly EnumValue[];
}

export interface QueryResponse {
  readonly operations?: readonly EnumValue[];
  readonly objectTypes?: readonly EnumValue[];
  readonly vendorIdentification?: string;
  readonly serverInformation?: readonly TtlvItem[];
  readonly applicationNamespaces?: readonly string[];
  /** Extension Information, RNG Parameters, Profile Information, … in the order of KMIP 1.4 §4.25. */
  readonly other?: readonly TtlvItem[];
}

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
export const query = describeOperation('Query', {
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
