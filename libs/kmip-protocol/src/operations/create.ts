import { type EnumValue, type TemplateAttribute } from '../objects/object.types';
import { templateAttribute } from '../objects/attribute';
import { Structure } from '../schema/structure';
import { Tag } from '../spec/tag';
import { describeOperation } from './operation-codec';

interface CreateRequest {
  readonly objectType: EnumValue;
  readonly templateAttribute: TemplateAttribute;
}

interface CreateResponse {
  readonly objectType: EnumValue;
  readonly uniqueIdentifier: string;
  readonly templateAttribute?: TemplateAttribute;
}

/** KMIP 1.4 §4.1 */
export const create = describeOperation('Create', {
  request: new Structure<CreateRequest>('Create Request Payload', [
    { name: 'objectType', tag: Tag.ObjectType, type: 'Enumeration', presence: 'required' },
    { name: 'templateAttribute', tag: Tag.TemplateAttribute, type: templateAttribute, presence: 'required' },
  ]),
  response: new Structure<CreateResponse>('Create Response Payload', [
    { name: 'objectType', tag: Tag.ObjectType, type: 'Enumeration', presence: 'required' },
    { name: 'uniqueIdentifier', tag: Tag.UniqueIdentifier, type: 'TextString', presence: 'required' },
    { name: 'templateAttribute', tag: Tag.TemplateAttribute, type: templateAttribute, presence: 'optional' },
  ]),
});
