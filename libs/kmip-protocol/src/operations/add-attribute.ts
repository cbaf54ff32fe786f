import { type Attribute } from '../objects/object.types';
import { attribute } from '../objects/attribute';
import { Structure } from '../schema/structure';
import { Tag } from '../spec/tag';
import { describeOperation } from './operation-codec';

interface AddAttributeRequest {
  readonly uniqueIdentifier?: string;
  readonly attribute: Attribute;
}

interface AddAttributeResponse {
  readonly uniqueIdentifier: string;
  readonly attribute: Attribute;
}

/** KMIP 1.4 §4.14 */
export const addAttribute = describeOperation('AddAttribute', {
  request: new Structure<AddAttributeRequest>('AddAttribute Request Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'optional' },
    { name: 'attribute', tag: Tag.Attribute, type: attribute, presence: 'required' },
  ]),
  response: new Structure<AddAttributeResponse>('AddAttribute Response Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'required' },
    { name: 'attribute', tag: Tag.Attribute, type: attribute, presence: 'required' },
  ]),
});
