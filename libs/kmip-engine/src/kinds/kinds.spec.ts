import { OBJECT_KINDS } from '@lib/kmip-engine';

/** What every stored envelope may have. */
const COMMON = [
  ...['v', 'instanceId', 'uniqueIdentifier', 'objectType', 'created', 'digest', 'rootKeyId', 'rootKeyVersion'],
  ...['ciphertext', 'createdBy', 'dates', 'attributes', 'mac'],
];

describe('the kinds of objects', () => {
  it.each(['objectType', 'envelopeVersion'] as const)('have an %s each', (what) => {
    expect(new Set(OBJECT_KINDS.map((kind) => kind[what])).size).toBe(OBJECT_KINDS.length);
  });

  it.each(OBJECT_KINDS)('say nothing in an envelope that stands there already: $objectType', ({ fields }) => {
    const names = Object.values(fields);
    expect(new Set([...names, ...COMMON]).size).toBe(names.length + COMMON.length);
  });
});
