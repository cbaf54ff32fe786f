/** Why a body was refused; the edge words it for its own error shape. */
export type StrictJsonFault = 'syntax' | 'encoding' | 'depth' | 'duplicate';

export class StrictJsonError extends Error {
  constructor(
    readonly fault: StrictJsonFault,
    /** The repeated field, for `duplicate`. */
    readonly field?: string,
  ) {
    super(fault);
    this.name = 'StrictJsonError';
  }
}

/** Deepest nesting of arrays and objects; nothing in the API needs more than four. */
export const MAX_JSON_DEPTH = 32;

/**
 * JSON as two readers would agree on it: valid UTF-8, no repeated field, bounded depth. `JSON.parse` keeps the last of
 * two equal fields while a proxy or an audit tool may have read the first.
 *
 * `__proto__` arrives as an own property and is refused as an unknown field like any other.
 */
export function parseStrictJson(bytes: Uint8Array, maxDepth = MAX_JSON_DEPTH): unknown {
  const text = decodeUtf8(bytes);
  // Before JSON.parse, so that a megabyte of brackets is refused without building it.
  const duplicate = firstDuplicateField(text, maxDepth);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new StrictJsonError('syntax');
  }
  if (duplicate !== undefined) throw new StrictJsonError('duplicate', duplicate);
  return value;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new StrictJsonError('encoding');
  }
}

/**
 * Walks the tokens without judging syntax (JSON.parse does that after): strings are skipped whole, brackets are
 * counted, and a string followed by a colon is a field of the innermost object.
 */
function firstDuplicateField(text: string, maxDepth: number): string | undefined {
  const open: Set<string>[] = [];
  let duplicate: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      const end = endOfString(text, at);
      const field = fieldName(text, at, end);
      const fields = open.at(-1);
      if (field !== undefined && fields) {
        if (fields.has(field)) duplicate ??= field;
        fields.add(field);
      }
      at = end;
    } else if (character === '{' || character === '[') {
      if (open.push(new Set()) > maxDepth) throw new StrictJsonError('depth');
    } else if (character === '}' || character === ']') {
      open.pop();
    }
  }
  return duplicate;
}

/** Index of the closing quote, or of the end of the text when there is none. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return Math.min(at, text.length);
}

const COLON = /\s*:/y;

function fieldName(text: string, start: number, end: number): string | undefined {
  COLON.lastIndex = end + 1;
  if (!COLON.test(text)) return undefined;
  try {
    // Decoded, because "\u0061" and "a" are one field.
    return String(JSON.parse(text.slice(start, end + 1)));
  } catch {
    return undefined;
  }
}
