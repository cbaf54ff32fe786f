import { type GetAttributeListRequest, type GetAttributeListResponse } from '../messages/message.types';
import { Structure } from '../schema/structure';
import { Operation } from '../spec/enumerations';
import { Tag } from '../spec/tag';
import { describeOperation } from './operation-codec';

/** KMIP 1.4 §4.13 */
export const getAttributeList = describeOperation('GetAttributeList', Operation.GetAttributeList, {
  request: new Structure<GetAttributeListRequest>('GetAttributeList Request Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'optional' },
  ]),
  response: new Structure<GetAttributeListResponse>('GetAttributeList Response Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'required' },
    { name: 'attributeNames', tag: Tag.AttributeName, type: 'TextString', presence: 'many' },
  ]),
});
