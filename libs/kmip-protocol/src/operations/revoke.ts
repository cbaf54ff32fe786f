import { type EnumValue } from '../objects/object.types';
import { Structure } from '../schema/structure';
import { Tag } from '../spec/tag';
import { describeOperation } from './operation-codec';

interface RevokeRequest {
  readonly uniqueIdentifier?: string;
  readonly revocationReason: { readonly revocationReasonCode: EnumValue; readonly revocationMessage?: string };
  readonly compromiseOccurrenceDate?: Date;
}

interface RevokeResponse {
  readonly uniqueIdentifier: string;
}

/** KMIP 1.4 §3.31 */
const revocationReason = new Structure<RevokeRequest['revocationReason']>('Revocation Reason', [
  { name: 'revocationReasonCode', tag: Tag.RevocationReasonCode, type: 'Enumeration', presence: 'required' },
  { name: 'revocationMessage', tag: Tag.RevocationMessage, type: 'TextString', presence: 'optional' },
]);

/** KMIP 1.4 §4.20 */
export const revoke = describeOperation('Revoke', {
  request: new Structure<RevokeRequest>('Revoke Request Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'optional' },
    { name: 'revocationReason', tag: Tag.RevocationReason, type: revocationReason, presence: 'required' },
    { name: 'compromiseOccurrenceDate', tag: Tag.CompromiseOccurrenceDate, type: 'DateTime', presence: 'optional' },
  ]),
  response: new Structure<RevokeResponse>('Revoke Response Payload', [
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'required' },
  ]),
});
