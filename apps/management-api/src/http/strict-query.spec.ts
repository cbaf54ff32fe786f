import { parseStrictQuery, readAs, StrictQueryError } from './strict-query';

describe('parseStrictQuery', () => {
  it.each<[string, Record<string, string>]>([
    ['/v1/x', {}],
    ['/v1/x?', {}],
    ['/v1/x?a=1&b=', { a: '1', b: '' }],
    ['/v1/x?a', { a: '' }],
    ['/v1/x?a=1&&a=1', { a: '1' }],
    ['/v1/x?created_by.id=%C3%A9+x&q=a%3Db=c', { 'created_by.id': 'é x', q: 'a=b=c' }],
    ['/v1/x?a=1?b', { a: '1?b' }],
    ['/v1/x?__proto__=1&constructor=2', JSON.parse('{"__proto__":"1","constructor":"2"}') as Record<string, string>],
  ])('reads %s', (target, expected) => {
    expect([...parseStrictQuery(target)]).toEqual(Object.entries(expected));
  });

  it.each([
    ['/v1/x?a=1&a=2', 'duplicate', 'a'],
    ['/v1/x?a=%zz', 'encoding', 'a'],
    ['/v1/x?a=%', 'encoding', 'a'],
    ['/v1/x?%ff=1', 'encoding', undefined],
  ])('refuses %s', (target, fault, parameter) => {
    const run = (): unknown => parseStrictQuery(target);
    expect(run).toThrow(StrictQueryError);
    expect(run).toThrow(expect.objectContaining({ fault, parameter }) as Error);
  });
});

describe('readAs', () => {
  it.each([
    ['integer', '7', 7],
    ['integer', '-7', -7],
    ['integer', '0', 0],
    ['integer', '07', '07'],
    ['integer', '7.0', '7.0'],
    ['integer', '1e3', '1e3'],
    ['integer', ' 7', ' 7'],
    ['integer', '', ''],
    ['integer', '9999999999999999', '9999999999999999'],
    ['boolean', 'true', true],
    ['boolean', 'false', false],
    ['boolean', 'True', 'True'],
    ['boolean', '1', '1'],
    ['string', '7', '7'],
    [undefined, 'true', 'true'],
  ])('%s %p is %p', (type, text, value) => {
    expect(readAs(type, text)).toBe(value);
  });
});
