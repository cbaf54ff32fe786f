import * as fc from 'fast-check';

import { decodeTextFile, tidyPasted } from './index';

const VALUE = 'crn:v1:bluemix:public:kms:us-south:a/1c8a:ed20abbe::';

describe('tidyPasted', () => {
  it.each([
    ['as it is', VALUE],
    ['a byte order mark', `\ufeff${VALUE}`],
    ['a line end of Windows', `${VALUE}\r\n`],
    ['a line end of an old Mac', `${VALUE}\r`],
    ['white space', `\t  ${VALUE}\u00a0 \n\n`],
    ['marks without width', `\u200b${VALUE}\u2060`],
    ['double quotes', `"${VALUE}"`],
    ['single quotes', `'${VALUE}'`],
    ['quotes of a word processor', `“${VALUE}”`],
    ['German quotes', `„${VALUE}“`],
    ['backticks', `\`${VALUE}\``],
    ['all of it', `\ufeff  " ${VALUE}\r\n" \r\n`],
  ])('takes away what was copied along: %s', (_name, pasted) => expect(tidyPasted(pasted)).toBe(VALUE));

  it.each([
    ['an opening quote alone', '"abc'],
    ['a closing quote alone', 'abc"'],
    ['one quote', '"'],
    ['quotes that do not match', `"abc'`],
    ['a second pair', '""abc""', '"abc"'],
  ])('leaves the rest: %s', (_name, text, tidied = text) => expect(tidyPasted(text)).toBe(tidied));

  it('never touches what is inside', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (inside) => {
        expect(tidyPasted(`" x${inside}y "\r\n`)).toBe(`x${inside}y`);
      }),
    );
  });
});

describe('decodeTextFile', () => {
  const text = '[{"näme": "Größe"}]\r\n';
  const big = Buffer.from(`\ufeff${text}`, 'utf16le').swap16();

  it.each([
    ['UTF-8', Buffer.from(text)],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${text}`)],
    ['UTF-16 little endian, of PowerShell and Notepad', Buffer.from(`\ufeff${text}`, 'utf16le')],
    ['UTF-16 big endian', big],
    ['UTF-16 big endian that was cut', Buffer.concat([big, Buffer.of(0)])],
  ])('reads %s', (_name, bytes) => expect(decodeTextFile(bytes)).toBe(text));

  it('leaves the bytes as they are', () => {
    const before = Buffer.from(big);
    decodeTextFile(big);
    expect(big).toEqual(before);
  });
});
