import { type ActivateRequest, type ActivateResponse } from '../messages/message.types';
import { Structure } from '../schema/structure';
import { Operation } from '../spec/enumerations';
import { Tag } from '../spec/tag';
import { describeOperation } from './operation-codec';

/** KMIP 1.4 §4.19 */
export const activate = describeOperation('Activate', Operation.Activate, {
  request: new Structure<ActivateRequest>('Activate Request Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'optional' },
  ]),
  response: new Structure<ActivateResponse>('Activate Response Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'required' },
  ]),
});
