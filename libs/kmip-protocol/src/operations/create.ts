import { templateAttribute } from '../objects/attribute';
import { type CreateRequest, type CreateResponse } from '../messages/message.types';
import { Structure } from '../schema/structure';
import { Operation } from '../spec/enumerations';
import { Tag } from '../spec/tag';
import { describeOperation } from './operation-codec';

/** KMIP 1.4 §4.1 */
export const create = describeOperation('Create', Operation.Create, {
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
