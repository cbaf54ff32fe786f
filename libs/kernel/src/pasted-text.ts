/** White space of every kind, the byte order mark and the marks without width that web pages and chats put in. */
const BLANK = /[\s\u200b-\u200d\u2060\ufeff]/;

/** Opening quotes, as shells, JSON and word processors write them, with the closing one. */
const QUOTES = new Map(['""', "''", '``', '“”', '‘’', '„“', '«»'].map((pair) => [pair.charAt(0), pair.charAt(1)]));

/**
 * A value as somebody copied it, without what came along: byte order mark, line ends and other white space around it,
 * and one pair of quotes. Nothing inside is touched. Every value that people paste goes through here, whatever it is.
 */
export function tidyPasted(text: string): string {
  const trimmed = trimBlanks(text);
  const closing = QUOTES.get(trimmed.charAt(0));
  const quoted = trimmed.length >= 2 && closing !== undefined && trimmed.endsWith(closing);
  return quoted ? trimBlanks(trimmed.slice(1, -1)) : trimmed;
}

export const withoutBlanks = (text: string): string => text.replaceAll(new RegExp(BLANK, 'g'), '');

/** By hand: a pattern for the end of a long text takes the square of its length. */
function trimBlanks(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && BLANK.test(text.charAt(from))) from += 1;
  while (to > from && BLANK.test(text.charAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

/** Text of a file as editors save it: UTF-8, or UTF-16 when a byte order mark says so (Notepad, PowerShell). */
export function decodeTextFile(bytes: Buffer): string {
  const mark = bytes.subarray(0, 2).toString('hex');
  if (mark === 'fffe') return bytes.toString('utf16le', 2);
  if (mark === 'feff')
    return Buffer.from(bytes.subarray(2, bytes.length - (bytes.length % 2)))
      .swap16()
      .toString('utf16le');
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}
