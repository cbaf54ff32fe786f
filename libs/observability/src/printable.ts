import { Secret } from '@lib/kernel';

const MAX_DEPTH = 6;
const MAX_ITEMS = 100;
const MAX_TEXT = 4_096;
const MASK = '[secret]';

/** Fields that hold a credential whatever their type; the last line behind Secret, which is the first. */
const CREDENTIAL_NAMES =
  /^(?:authorization|cookie|password|passphrase|api_?key|(?:access_?|refresh_?|bearer_?|id_?)?token|private_?key(?:_?pem)?|secret|plaintext|ciphertext|key_?material|payload)$/i;

/**
 * A copy of `value` that is safe to log: secrets are masked by type and by field name, bytes become their length, and
 * errors keep message, code and stack but none of the extra fields in which clients hang requests and responses.
 */
export function toPrintable(value: unknown, depth = 0): unknown {
  return typeof value === 'object' && value !== null ? printableThing(value, depth) : printablePrimitive(value);
}

function printablePrimitive(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      return printableText(value);
    case 'bigint':
      return value.toString();
    case 'function':
    case 'symbol':
      return undefined;
    default:
      return value;
  }
}

function printableThing(value: object, depth: number): unknown {
  if (value instanceof Secret) return MASK;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (isError(value)) return printableError(value, depth);
  return depth >= MAX_DEPTH ? '[deep]' : printableCollection(value, depth);
}

function printableCollection(value: object, depth: number): unknown {
  if (Array.isArray(value) || value instanceof Set) {
    return [...(value as Iterable<unknown>)].slice(0, MAX_ITEMS).map((item) => toPrintable(item, depth + 1));
  }
  const entries: [string, unknown][] =
    value instanceof Map ? [...value].map(([key, item]) => [String(key), item as unknown]) : Object.entries(value);
  return Object.fromEntries(
    entries
      .slice(0, MAX_ITEMS)
      .map(([key, item]) => [
        key,
        CREDENTIAL_NAMES.test(key) && item !== undefined ? MASK : toPrintable(item, depth + 1),
      ]),
  );
}

/** By shape: errors of another realm (workers, vm contexts) are no instances of our Error. */
function isError(value: object): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]';
}

function printableError(error: Error, depth: number): Record<string, unknown> {
  const { code, cause, errors } = error as { code?: unknown; cause?: unknown; errors?: unknown };
  // JSON.parse quotes the text it could not read, and that text may be anything.
  const quoting = error.name === 'SyntaxError';
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const nested = depth < MAX_DEPTH;
  return {
    type: error.name,
    message: quoting ? 'text withheld' : printableText(error.message),
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    stack: frames.join('\n'),
    ...(cause !== undefined && nested ? { cause: toPrintable(cause, depth + 1) } : {}),
    ...(Array.isArray(errors) && nested ? { errors: toPrintable(errors, depth + 1) } : {}),
  };
}

function printableText(text: string): string {
  if (text.includes('PRIVATE KEY-----')) return MASK;
  if (text.includes('-----BEGIN ')) return '[pem]';
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text;
}
