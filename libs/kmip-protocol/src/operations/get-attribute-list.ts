import { Structure } from '../schema/structure';
import { Tag } from '../spec/tag';
import { describeOperation } from './operation-codec';

interface GetAttributeListRequest {
  readonly uniqueIdentifier?: string;
}

interface GetAttributeListResponse {
  readonly uniqueIdentifier: string;
  readonly attributeNames: readonly string[];
}

/** KMIP 1.4 §4.13 */
export const getAttributeList = describeOperation('GetAttributeList', {
  request: new Structure<GetAttributeListRequest>('GetAttributeList Request Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'optional' },
  ]),
  response: new Structure<GetAttributeListResponse>('GetAttributeList Response Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'required' },
    { name: 'attributeNames', tag: Tag.AttributeName, type: 'TextString', presence: 'many' },
  ]),
});
