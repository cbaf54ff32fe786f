import { type DestroyRequest, type DestroyResponse } from '../messages/message.types';
import { Structure } from '../schema/structure';
import { Operation } from '../spec/enumerations';
import { Tag } from '../spec/tag';
import { describeOperation } from './operation-codec';

/** KMIP 1.4 §4.21 */
export const destroy = describeOperation('Destroy', Operation.Destroy, {
  request: new Structure<DestroyRequest>('Destroy Request Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'optional' },
  ]),
  response: new Structure<DestroyResponse>('Destroy Response Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'required' },
  ]),
});
