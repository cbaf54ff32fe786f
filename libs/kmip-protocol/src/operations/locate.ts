import { type Attribute, type EnumValue, type TemplateAttribute } from '../objects/object.types';
import { attribute, templateAttribute } from '../objects/attribute';
import { V1_1, V1_3 } from '../protocol-version';
import { mapped } from '../schema/codec';
import { Structure } from '../schema/structure';
import { Tag } from '../spec/tag';
import { describeOperation } from './operation-codec';

export interface LocateRequest {
  readonly maximumItems?: number;
  readonly offsetItems?: number;
  readonly storageStatusMask?: number;
  readonly objectGroupMember?: EnumValue;
  /** Filters; a Template-Attribute around them (FortiOS) is unwrapped by the decoder. */
  readonly attributes: readonly Attribute[];
}

interface LocateResponse {
  readonly locatedItems?: number;
  readonly uniqueIdentifiers: readonly string[];
}

/** FortiOS puts its filters into a Template-Attribute, which the table of the operation does not have. */
interface WireLocateRequest extends LocateRequest {
  readonly templateAttribute?: TemplateAttribute;
}

const wireRequest = new Structure<WireLocateRequest>('Locate Request Payload', [
  { name: 'maximumItems', tag: Tag.MaximumItems, type: 'Integer', presence: 'optional' },
  { name: 'offsetItems', tag: Tag.OffsetItems, type: 'Integer', presence: 'optional', since: V1_3 },
  { name: 'storageStatusMask', tag: Tag.StorageStatusMask, type: 'Integer', presence: 'optional' },
  { name: 'objectGroupMember', tag: Tag.ObjectGroupMember, type: 'Enumeration', presence: 'optional', since: V1_1 },
  { name: 'templateAttribute', tag: Tag.TemplateAttribute, type: templateAttribute, presence: 'optional' },
  { name: 'attributes', tag: Tag.Attribute, type: attribute, presence: 'many' },
]);

function unwrapFilters({ templateAttribute: wrapped, ...request }: WireLocateRequest): LocateRequest {
  if (wrapped?.attributes === undefined) return request;
  return { ...request, attributes: [...request.attributes, ...wrapped.attributes] };
}

/** KMIP 1.4 §4.9 */
export const locate = describeOperation('Locate', {
  request: mapped(wireRequest, unwrapFilters, (request): WireLocateRequest => request),
  response: new Structure<LocateResponse>('Locate Response Payload', [
    { name: 'locatedItems', tag: Tag.LocatedItems, type: 'Integer', presence: 'optional', since: V1_3 },
    { name: 'uniqueIdentifiers', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'many' },
  ]),
});
