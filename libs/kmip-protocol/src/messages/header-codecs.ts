import { credential } from '../objects/credential';
import { protocolVersion } from '../objects/protocol-version';
import { V1_2, V1_4 } from '../protocol-version';
import { mapped } from '../schema/codec';
import { Structure } from '../schema/structure';
import { ResultReason } from '../spec/enumerations';
import { Tag } from '../spec/tag';
import { type Credential } from '../objects/object.types';
import { type MessageExtension, type RequestHeader, type ResponseHeader } from './message.types';

/** A header that lacks something makes the whole message unreadable. */
const header = { whenMissing: ResultReason.InvalidMessage };

interface Authentication {
  readonly credentials: readonly Credential[];
}

const authentication = mapped(
  new Structure<Authentication>('Authentication', [
    { name: 'credentials', tag: Tag.Credential, type: credential, presence: 'many' },
  ]),
  (wire): readonly Credential[] => wire.credentials,
  (credentials): Authentication => ({ credentials }),
);

/** KMIP 1.4 §7.2, request header */
export const requestHeader = new Structure<RequestHeader>(
  'Request Header',
  [
    { name: 'protocolVersion', tag: Tag.ProtocolVersion, type: protocolVersion, presence: 'required' },
    { name: 'maximumResponseSize', tag: Tag.MaximumResponseSize, type: 'Integer', presence: 'optional' },
    {
      name: 'clientCorrelationValue',
      tag: Tag.ClientCorrelationValue,
      type: 'TextString',
      presence: 'optional',
      since: V1_4,
    },
    {
      name: 'serverCorrelationValue',
      tag: Tag.ServerCorrelationValue,
      type: 'TextString',
      presence: 'optional',
      since: V1_4,
    },
    { name: 'asynchronousIndicator', tag: Tag.AsynchronousIndicator, type: 'Boolean', presence: 'optional' },
    {
      name: 'attestationCapableIndicator',
      tag: Tag.AttestationCapableIndicator,
      type: 'Boolean',
      presence: 'optional',
      since: V1_2,
    },
    {
      name: 'attestationTypes',
      tag: Tag.AttestationType,
      type: 'Enumeration',
      presence: 'optionalMany',
      since: V1_2,
    },
    { name: 'authentication', tag: Tag.Authentication, type: authentication, presence: 'optional' },
    {
      name: 'batchErrorContinuationOption',
      tag: Tag.BatchErrorContinuationOption,
      type: 'Enumeration',
      presence: 'optional',
    },
    { name: 'batchOrderOption', tag: Tag.BatchOrderOption, type: 'Boolean', presence: 'optional' },
    { name: 'timeStamp', tag: Tag.TimeStamp, type: 'DateTime', presence: 'optional' },
    { name: 'batchCount', tag: Tag.BatchCount, type: 'Integer', presence: 'required' },
  ],
  header,
);

/** KMIP 1.4 §7.2, response header */
export const responseHeader = new Structure<ResponseHeader>(
  'Response Header',
  [
    { name: 'protocolVersion', tag: Tag.ProtocolVersion, type: protocolVersion, presence: 'required' },
    { name: 'timeStamp', tag: Tag.TimeStamp, type: 'DateTime', presence: 'required' },
    { name: 'nonce', tag: Tag.Nonce, type: 'Items', presence: 'optional', since: V1_2 },
    {
      name: 'attestationTypes',
      tag: Tag.AttestationType,
      type: 'Enumeration',
      presence: 'optionalMany',
      since: V1_2,
    },
    {
      name: 'clientCorrelationValue',
      tag: Tag.ClientCorrelationValue,
      type: 'TextString',
      presence: 'optional',
      since: V1_4,
    },
    {
      name: 'serverCorrelationValue',
      tag: Tag.ServerCorrelationValue,
      type: 'TextString',
      presence: 'optional',
      since: V1_4,
    },
    { name: 'batchCount', tag: Tag.BatchCount, type: 'Integer', presence: 'required' },
  ],
  header,
);

/** KMIP 1.4 §6.16 */
export const messageExtension = new Structure<MessageExtension>(
  'Message Extension',
  [
    { name: 'vendorIdentification', tag: Tag.VendorIdentification, type: 'TextString', presence: 'required' },
    { name: 'criticalityIndicator', tag: Tag.CriticalityIndicator, type: 'Boolean', presence: 'required' },
    { name: 'vendorExtension', tag: Tag.VendorExtension, type: 'Items', presence: 'required' },
  ],
  header,
);
