import { Structure } from '../schema/structure';
import { Tag } from '../spec/tag';
import { describeOperation } from './operation-codec';

interface ActivateRequest {
  readonly uniqueIdentifier?: string;
}

interface ActivateResponse {
  readonly uniqueIdentifier: string;
}

/** KMIP 1.4 §4.19 */
export const activate = describeOperation('Activate', {
  request: new Structure<ActivateRequest>('Activate Request Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'optional' },
  ]),
  response: new Structure<ActivateResponse>('Activate Response Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'required' },
  ]),
});
