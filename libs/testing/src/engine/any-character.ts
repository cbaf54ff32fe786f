import fc from 'fast-check';

const SURROGATES = 0xd800;
const AFTER_SURROGATES = 0xe000;
const GAP = AFTER_SURROGATES - SURROGATES;

/**
 * Any code point, as `unit: 'binary'` of fast-check has it, for the unit of a string. That one first makes a table of all
 * 1.1 million, which takes a second of processor time in every file that uses it.
 */
export const anyCharacter: fc.Arbitrary<string> = fc
  .nat({ max: 0x10_ffff - GAP })
  .map((number) => String.fromCodePoint(number < SURROGATES ? number : number + GAP), numberOf);

/** @throws for what is no such character, as fast-check asks */
function numberOf(text: unknown): number {
  const code = typeof text === 'string' ? text.codePointAt(0) : undefined;
  if (code === undefined || text !== String.fromCodePoint(code)) throw new Error('no character');
  if (code >= SURROGATES && code < AFTER_SURROGATES) throw new Error('no character');
  return code < SURROGATES ? code : code - GAP;
}
