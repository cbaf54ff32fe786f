import { hkdfSync } from 'node:crypto';

import * as fc from 'fast-check';

import { hkdfSha256 } from './derived-keys';

describe('hkdfSha256', () => {
  it('is what Node derives without a salt, for any material and purpose', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(bytes, fc.string({ maxLength: 200, unit: 'grapheme' }), (material, info) => {
        const expected = Buffer.from(hkdfSync('sha256', material, Buffer.alloc(0), info, 32));
        expect(hkdfSha256(Buffer.from(material), info)).toEqual(expected);
      }),
    );
  });
});
