import { attributeRules, isClientCustomAttribute, isServerCustomAttribute } from './attribute-rules';

describe('attributeRules', () => {
  it.each([
    ['Unique Identifier', { introducedInMinor: 0, type: 'TextString', initiallySetBy: 'Server', alwaysPresent: true }],
    ['State', { introducedInMinor: 0, type: 'Enumeration', modifiableByClient: false, multiple: false }],
    ['Name', { type: 'Structure', multiple: true, initiallySetBy: 'Client', deletableByClient: true }],
    ['Cryptographic Usage Mask', { type: 'Integer', initiallySetBy: 'Either', modifiableByClient: false }],
    ['Activation Date', { type: 'DateTime', modifiableByClient: true, deletableByClient: false }],
    ['Lease Time', { type: 'Interval' }],
    ['Fresh', { introducedInMinor: 1, type: 'Boolean' }],
    ['Original Creation Date', { introducedInMinor: 2 }],
    ['Random Number Generator', { introducedInMinor: 3, type: 'Structure' }],
    ['Sensitive', { introducedInMinor: 4, type: 'Boolean' }],
    ['Certificate Type', { appliesToSymmetricKeys: false }],
    ['Cryptographic Domain Parameters', { appliesToSymmetricKeys: false }],
    ['Process Start Date', { appliesToSymmetricKeys: true }],
    ['Contact Information', { multiple: false, appliesToSymmetricKeys: true }],
  ])('%s', (name, expected) => expect(attributeRules.get(name)).toMatchObject(expected));

  it.each(['__proto__', 'constructor', 'x-Product', 'state'])('%s is no standard attribute', (name) =>
    expect(attributeRules.has(name)).toBe(false),
  );

  it('tells custom attributes apart', () => {
    expect([isClientCustomAttribute('x-Name'), isClientCustomAttribute('y-Name')]).toEqual([true, false]);
    expect([isServerCustomAttribute('y-Name'), isServerCustomAttribute('Name')]).toEqual([true, false]);
  });
});
