import { type Attribute } from '../objects/object.types';
import { attribute } from '../objects/attribute';
import { ATTRIBUTES_TAG, attributesByTag } from '../objects/attributes-by-tag';
import { V2_0 } from '../protocol-version';
import { Structure } from '../schema/structure';
import { Tag } from '../spec/tag';
import { describeOperation } from './operation-codec';

interface GetAttributesRequest {
  readonly uniqueIdentifier?: string;
  readonly attributeNames: readonly string[];
}

interface GetAttributesResponse {
  readonly uniqueIdentifier: string;
  readonly attributes: readonly Attribute[];
}

/** KMIP 1.4 §4.12 */
export const getAttributes = describeOperation('GetAttributes', {
  request: new Structure<GetAttributesRequest>('GetAttributes Request Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'optional' },
    { name: 'attributeNames', tag: Tag.AttributeName, type: 'TextString', presence: 'many' },
  ]),
  response: new Structure<GetAttributesResponse>('GetAttributes Response Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'required' },
    { name: 'attributes', tag: Tag.Attribute, type: attribute, presence: 'many', until: V2_0 },
    { name: 'attributes', tag: ATTRIBUTES_TAG, type: attributesByTag, presence: 'required', since: V2_0 },
  ]),
});
