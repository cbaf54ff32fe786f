/** A query string that a strict reader refuses; `name` is the parameter, when it is known. */
export class StrictQueryError extends Error {
  constructor(
    readonly fault: 'encoding' | 'duplicate',
    readonly parameter: string | undefined,
  ) {
    super(fault);
    this.name = 'StrictQueryError';
  }
}

/**
 * The parameters of a raw request target. A parameter given twice is refused unless both values are the same
 * (API Handbook, robustness), and so is a malformed percent sequence.
 */
export function parseStrictQuery(target: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const mark = target.indexOf('?');
  if (mark < 0) return values;
  for (const pair of target.slice(mark + 1).split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = decode(equals < 0 ? '' : pair.slice(equals + 1), name);
    const earlier = values.get(name);
    if (earlier !== undefined && earlier !== value) throw new StrictQueryError('duplicate', name);
    values.set(name, value);
  }
  return values;
}

function decode(text: string, name?: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new StrictQueryError('encoding', name);
  }
}

/** What the declared type makes of the text; text that does not fit stays text, and the schema then refuses it. */
export function readAs(type: string | undefined, text: string): string | number | boolean {
  if (type === 'integer' && /^-?(0|[1-9]\d{0,14})$/.test(text)) return Number(text);
  if (type === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}
