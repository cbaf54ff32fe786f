import { type Attribute, type TemplateAttribute } from './object.types';
import { Structure } from '../schema/structure';
import { Tag } from '../spec/tag';

/** KMIP 1.4 §2.1.1 */
export const attribute = new Structure<Attribute>('Attribute', [
  { name: 'attributeName', tag: Tag.AttributeName, type: 'TextString', presence: 'required' },
  { name: 'attributeIndex', tag: Tag.AttributeIndex, type: 'Integer', presence: 'optional' },
  { name: 'attributeValue', tag: Tag.AttributeValue, type: 'Any', presence: 'optional' },
]);

const name = new Structure<NonNullable<TemplateAttribute['names']>[number]>('Name', [
  { name: 'nameValue', tag: Tag.NameValue, type: 'TextString', presence: 'required' },
  { name: 'nameType', tag: Tag.NameType, type: 'Enumeration', presence: 'required' },
]);

/** KMIP 1.4 §2.1.8 */
export const templateAttribute = new Structure<TemplateAttribute>('Template-Attribute', [
  { name: 'names', tag: Tag.Name, type: name, presence: 'optionalMany' },
  { name: 'attributes', tag: Tag.Attribute, type: attribute, presence: 'optionalMany' },
]);
