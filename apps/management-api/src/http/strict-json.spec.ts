import fc from 'fast-check';

import { parseStrictJson, StrictJsonError } from './strict-json';

const parse = (text: string): unknown => parseStrictJson(Buffer.from(text));
const faultOf = (run: () => unknown): string | undefined => {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof StrictJsonError ? [error.fault, error.field].filter(Boolean).join(':') : String(error);
  }
};

describe('parseStrictJson', () => {
  it.each([
    ['{"a":1,"a":2}', 'duplicate:a'],
    ['{"a":{"b":1,"c":2,"b":3}}', 'duplicate:b'],
    ['[{"a":1},{"x":[{"y":1,"y":1}]}]', 'duplicate:y'],
    [String.raw`{"a":1,"\u0061":2}`, 'duplicate:a'],
    [String.raw`{"a\"b":1, "a\"b" : 2}`, 'duplicate:a"b'],
    ['{"__proto__":1,"__proto__":2}', 'duplicate:__proto__'],
    ['{"a":', 'syntax'],
    ['{"a":1}}', 'syntax'],
    ["{'a':1}", 'syntax'],
    ['{"a":NaN}', 'syntax'],
    ['"', 'syntax'],
    ['', 'syntax'],
    ['['.repeat(33), 'depth'],
    [`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`, 'depth'],
    ['['.repeat(1_000_000), 'depth'],
    ['{"a":1,"a"', 'syntax'],
  ])('refuses %.40s', (text, fault) => {
    expect(faultOf(() => parse(text))).toBe(fault);
  });

  it.each([
    ['{"a":"{\\"a\\":1}","b":"a"}'],
    ['{"a":{"a":{"a":1}}}'],
    ['["a","a","a"]'],
    ['[{"a":1},{"a":1}]'],
    [`${'['.repeat(32)}${']'.repeat(32)}`],
    ['{"a":"\\\\","b":"a:"}'],
    [' null '],
  ])('accepts %.40s', (text) => {
    expect(parse(text)).toEqual(JSON.parse(text));
  });

  it('refuses bytes that are not UTF-8', () => {
    expect(faultOf(() => parseStrictJson(Buffer.from([0x22, 0xff, 0x22])))).toBe('encoding');
  });

  it('keeps __proto__ an own property and changes no prototype', () => {
    const value = parse('{"__proto__":{"admin":true}}') as Record<string, unknown>;
    expect(Object.keys(value)).toEqual(['__proto__']);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('reads whatever JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        const text = JSON.stringify(value);
        expect(JSON.stringify(parse(text))).toBe(JSON.stringify(JSON.parse(text)));
      }),
    );
  });

  it('finds a repeated field wherever it is', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue({ maxDepth: 2 }), fc.nat(5), (name, value, depth) => {
        const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
        const text = `${'[{"k":'.repeat(depth)}{${member} , ${member}}${'}]'.repeat(depth)}`;
        expect(faultOf(() => parse(text))).toMatch(/^duplicate/);
      }),
    );
  });
});
