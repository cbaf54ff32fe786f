/**
 * How the first release reads an envelope, as it was released: whatever is written now, it must still read. Never edited.
 */
export function readAsBefore(payload: Buffer): Record<string, unknown> {
  const parsed: unknown = JSON.parse(payload.toString('utf8'));
  if (!isEnvelope(parsed)) throw new Error('stored_key_altered');
  return parsed;
}

const texts = ['instanceId', 'uniqueIdentifier', 'created', 'digest', 'rootKeyId', 'rootKeyVersion', 'ciphertext'];
const numbers = ['objectType', 'algorithm', 'length', 'usageMask'];

function isEnvelope(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const fields = new Map(Object.entries(value));
  return (
    fields.get('v') === 1 &&
    texts.every((name) => typeof fields.get(name) === 'string') &&
    numbers.every((name) => Number.isInteger(fields.get(name)))
  );
}
