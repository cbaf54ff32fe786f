import { Tag } from '../spec/tag';
import { V1_0, V1_1, V1_2, V1_3, V1_4, V2_0 } from '../protocol-version';
import {
  attributeRules,
  attributeRulesByTag,
  isClientCustomAttribute,
  isServerCustomAttribute,
} from './attribute-rules';

describe('attributeRules', () => {
  it.each([
    ['Unique Identifier', { since: V1_0, type: 'TextString', multiple: false }],
    ['State', { since: V1_0, type: 'Enumeration', multiple: false }],
    ['Name', { type: 'Structure', multiple: true }],
    ['Cryptographic Usage Mask', { type: 'Integer' }],
    ['Activation Date', { type: 'DateTime' }],
    ['Lease Time', { type: 'Interval' }],
    ['Fresh', { since: V1_1, type: 'Boolean' }],
    ['Original Creation Date', { since: V1_2 }],
    ['Random Number Generator', { since: V1_3, type: 'Structure' }],
    ['Sensitive', { since: V1_4, type: 'Boolean' }],
    ['Contact Information', { multiple: false }],
  ])('%s', (name, expected) => expect(attributeRules.get(name)).toMatchObject(expected));

  it.each(['__proto__', 'constructor', 'x-Product', 'state'])('%s is no standard attribute', (name) =>
    expect(attributeRules.has(name)).toBe(false),
  );

  it('have the tag that 2.x names them by, unless it has them no more', () => {
    expect(attributeRules.get('Cryptographic Usage Mask')?.tag).toBe(Tag.CryptographicUsageMask);
    expect(attributeRulesByTag.get(Tag.CryptographicUsageMask)?.name).toBe('Cryptographic Usage Mask');
    expect(attributeRules.get('Operation Policy Name')?.until).toBe(V2_0);
    expect(attributeRulesByTag.has(Tag.OperationPolicyName)).toBe(false);
  });

  it('have a tag each', () =>
    expect(new Set([...attributeRules.values()].map(({ tag }) => tag)).size).toBe(attributeRules.size));

  it('tells custom attributes apart', () => {
    expect([isClientCustomAttribute('x-Name'), isClientCustomAttribute('y-Name')]).toEqual([true, false]);
    expect([isServerCustomAttribute('y-Name'), isServerCustomAttribute('Name')]).toEqual([true, false]);
  });
});
