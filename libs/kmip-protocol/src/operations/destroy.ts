import { Structure } from '../schema/structure';
import { Tag } from '../spec/tag';
import { describeOperation } from './operation-codec';

interface DestroyRequest {
  readonly uniqueIdentifier?: string;
}

interface DestroyResponse {
  readonly uniqueIdentifier: string;
}

/** KMIP 1.4 §4.21 */
export const destroy = describeOperation('Destroy', {
  request: new Structure<DestroyRequest>('Destroy Request Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'optional' },
  ]),
  response: new Structure<DestroyResponse>('Destroy Response Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'required' },
  ]),
});
