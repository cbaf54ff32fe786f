import { attribute } from '../objects/attribute';
import { type AddAttributeRequest, type AddAttributeResponse } from '../messages/message.types';
import { Structure } from '../schema/structure';
import { Operation } from '../spec/enumerations';
import { Tag } from '../spec/tag';
import { describeOperation } from './operation-codec';

/** KMIP 1.4 §4.14 */
export const addAttribute = describeOperation('AddAttribute', Operation.AddAttribute, {
  request: new Structure<AddAttributeRequest>('AddAttribute Request Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'optional' },
    { name: 'attribute', tag: Tag.Attribute, type: attribute, presence: 'required' },
  ]),
  response: new Structure<AddAttributeResponse>('AddAttribute Response Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'required' },
    { name: 'attribute', tag: Tag.Attribute, type: attribute, presence: 'required' },
  ]),
});
