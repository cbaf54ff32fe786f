import { attributeRules, attributeRulesByTag } from '../attributes/attribute-rules';
import { KmipError } from '../errors';
import { type Attribute } from './object.types';
import { type Codec, type CodecContext } from '../schema/codec';
import { Structure } from '../schema/structure';
import { ResultReason } from '../spec/enumerations';
import { Tag } from '../spec/tag';
import { tagName } from '../spec/tag-name';
import { type TtlvValue } from '../ttlv/ttlv.types';
import { type TtlvReader } from '../ttlv/ttlv-reader';

/** Attributes, the structure that 2.x has in place of a list of Attribute. */
export const ATTRIBUTES_TAG = 0x420125;

interface VendorAttribute {
  readonly vendorIdentification: string;
  readonly attributeName: string;
  readonly attributeValue: TtlvValue;
}

const vendorAttribute = new Structure<VendorAttribute>('Attribute', [
  { name: 'vendorIdentification', tag: Tag.VendorIdentification, type: 'TextString', presence: 'required' },
  { name: 'attributeName', tag: Tag.AttributeName, type: 'TextString', presence: 'required' },
  { name: 'attributeValue', tag: Tag.AttributeValue, type: 'Any', presence: 'required' },
]);

/** The prefix of a custom attribute's name is its vendor in 2.x: `x` is the client, `y` the server. */
const customName = /^([xy])-(.*)$/s;

/**
 * Attributes as KMIP 2.x writes them: a standard one under its tag, a custom one as an Attribute with its vendor, and the
 * instances of one attribute in their order, without an index. In memory they are what 1.x writes by name. An attribute
 * that 2.x has no more is not written, as a field would not be.
 */
export const attributesByTag: Codec<readonly Attribute[]> = {
  read(reader, context) {
    const outer = reader.enter();
    const attributes: Attribute[] = [];
    const instances = new Map<string, number>();
    while (reader.next()) {
      const read = reader.tag === Tag.Attribute ? readCustom(reader, context) : readStandard(reader, context);
      if (read === undefined) continue;
      const attributeIndex = instances.get(read.attributeName) ?? 0;
      instances.set(read.attributeName, attributeIndex + 1);
      attributes.push(attributeIndex === 0 ? read : { ...read, attributeIndex });
    }
    reader.leave(outer);
    return attributes;
  },

  write(writer, tag, attributes, context) {
    const mark = writer.begin(tag);
    for (const { attributeName: name, attributeValue } of attributes) {
      const [, vendorIdentification, attributeName] = customName.exec(name) ?? [];
      const rule = attributeRules.get(name);
      if (attributeValue === undefined) throw malformed(`${name} has no value`);
      if (vendorIdentification !== undefined && attributeName !== undefined) {
        vendorAttribute.write(writer, Tag.Attribute, { vendorIdentification, attributeName, attributeValue }, context);
      } else if (rule === undefined) {
        throw malformed(`${name} has no tag`);
      } else if (rule.until === undefined) {
        writer.writeValue(rule.tag, attributeValue);
      }
    }
    writer.end(mark);
  },
};

function readCustom(reader: TtlvReader, context: CodecContext): Attribute {
  const { vendorIdentification, attributeName, attributeValue } = vendorAttribute.read(reader, context);
  const name = `${vendorIdentification}-${attributeName}`;
  if (!customName.test(name)) throw malformed(`attributes of the vendor ${vendorIdentification} are not kept`);
  return { attributeName: name, attributeValue };
}

function readStandard(reader: TtlvReader, context: CodecContext): Attribute | undefined {
  const rule = attributeRulesByTag.get(reader.tag);
  if (rule !== undefined) return { attributeName: rule.name, attributeValue: reader.readValue() };
  if (context.skipsUnknownFields) return undefined;
  throw malformed(`${tagName(reader.tag)} does not belong there`);
}

const malformed = (what: string): KmipError => new KmipError(ResultReason.InvalidField, `Attributes: ${what}`);
