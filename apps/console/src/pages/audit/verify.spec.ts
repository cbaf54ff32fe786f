import { createHash, generateKeyPairSync, sign } from 'node:crypto';

import { linesOf, type Verification, verifyLog } from './verify';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const { crv = '', kty = '', x = '' } = publicKey.export({ format: 'jwk' });
const keys = { keys: [{ kty, crv, x }] };
const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');

/** A log as the service exports it. */
function logOf(events: readonly string[]): { lines: string[]; hash: string } {
  let hash = '0'.repeat(64);
  const lines = events.map((event, index) => {
    const previousHash = hash;
    const position = Buffer.alloc(8);
    position.writeBigInt64BE(BigInt(index + 1));
    hash = createHash('sha256').update(Buffer.from(previousHash, 'hex')).update(position).update(event).digest('hex');
    return JSON.stringify({ chain: { seq: index + 1, previousHash, hash, event } });
  });
  return { lines, hash };
}

function headOf(seq: number, hash: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const content = `${part({ alg: 'EdDSA', kid })}.${part({ seq, hash })}`;
  return `${content}.${sign(null, Buffer.from(content), privateKey).toString('base64url')}`;
}

const check = (lines: readonly string[], jws?: string): Promise<Verification> =>
  verifyLog(linesOf(new Blob([lines.map((line) => `${line}\n`).join('')]).stream()), jws, keys);

describe('an audit log that is checked in the browser', () => {
  const { lines, hash } = logOf(['{"a":1}', '{"b":"密"}', '{"c":3}']);

  it('is intact, and signed', async () => {
    expect(await check(lines)).toEqual({ result: 'intact', records: 3, last: 3, signed: false });
    expect(await check(lines, headOf(3, hash))).toEqual({ result: 'intact', records: 3, last: 3, signed: true });
  });

  it.each([
    ['a changed record', lines.map((line) => line.replace('{\\"a\\":1}', '{\\"a\\":2}')), 'hash', 1],
    ['a record that is gone', [lines[0]!, lines[2]!], 'missing', 3],
    ['records in another order', [lines[1]!, lines[0]!], 'missing', 1],
    ['a line that is none', [lines[0]!, 'x'], 'unreadable', 2],
  ])('shows %s', async (_what, given, fault, at) => {
    expect(await check(given)).toEqual({ result: 'changed', fault, at });
  });

  it('shows an end that was cut off, and a log that was made up anew', async () => {
    expect(await check(lines.slice(0, 2), headOf(3, hash))).toMatchObject({ result: 'changed', fault: 'cut_at_end' });
    const other = logOf(['{"a":1}', '{"b":2}', '{"c":3}']);
    expect(await check(other.lines, headOf(3, hash))).toMatchObject({ result: 'changed', fault: 'head', at: 3 });
  });

  it('believes no signature but that of the keys', async () => {
    const forged = `${headOf(3, hash).split('.').slice(0, 2).join('.')}.${'A'.repeat(86)}`;
    expect(await check(lines, forged)).toMatchObject({ result: 'changed', fault: 'signature' });
    const unknown = await verifyLog(linesOf(new Blob([]).stream()), headOf(3, hash), { keys: [] });
    expect(unknown).toEqual({ result: 'unusable', fault: 'unknown_key' });
  });
});
