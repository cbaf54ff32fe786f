import { type EnumValue, type KeyBlock } from '../objects/object.types';
import { symmetricKey } from '../objects/symmetric-key';
import { V1_4 } from '../protocol-version';
import { Structure } from '../schema/structure';
import { Tag } from '../spec/tag';
import { type TtlvItem } from '../ttlv/ttlv.types';
import { describeOperation } from './operation-codec';

export interface GetRequest {
  readonly uniqueIdentifier?: string;
  readonly keyFormatType?: EnumValue;
  readonly keyWrapType?: EnumValue;
  readonly keyCompressionType?: EnumValue;
  /** Present when the client asked for a wrapped key; the items are not interpreted here. */
  readonly keyWrappingSpecification?: readonly TtlvItem[];
}

export interface GetResponse {
  readonly objectType: EnumValue;
  readonly uniqueIdentifier: string;
  readonly symmetricKey?: KeyBlock;
  readonly other?: readonly TtlvItem[];
}

/** Managed objects that travel uninterpreted. */
const otherObjects = [
  Tag.Certificate,
  Tag.OpaqueObject,
  Tag.PGPKey,
  Tag.PrivateKey,
  Tag.PublicKey,
  Tag.SecretData,
  Tag.SplitKey,
  Tag.Template,
];

/** KMIP 1.4 §4.11 */
export const get = describeOperation('Get', {
  request: new Structure<GetRequest>('Get Request Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'optional' },
    { name: 'keyFormatType', tag: Tag.KeyFormatType, type: 'Enumeration', presence: 'optional' },
    { name: 'keyWrapType', tag: Tag.KeyWrapType, type: 'Enumeration', presence: 'optional', since: V1_4 },
    { name: 'keyCompressionType', tag: Tag.KeyCompressionType, type: 'Enumeration', presence: 'optional' },
    { name: 'keyWrappingSpecification', tag: Tag.KeyWrappingSpecification, type: 'Items', presence: 'optional' },
  ]),
  response: new Structure<GetResponse>(
    'Get Response Payload',
    [
      { name: 'objectType', tag: Tag.ObjectType, type: 'Enumeration', presence: 'required' },
      { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'required' },
      { name: 'symmetricKey', tag: Tag.SymmetricKey, type: symmetricKey, presence: 'optional' },
    ],
    { rest: { name: 'other', tags: otherObjects } },
  ),
});
