/** What a check of an exported log in the browser came to. */
export type Verification =
  | { readonly result: 'intact'; readonly records: number; readonly last: number; readonly signed: boolean }
  | { readonly result: 'changed'; readonly at: number | undefined; readonly fault: Fault }
  | { readonly result: 'unusable'; readonly fault: 'no_ed25519' | 'unknown_key' | 'not_signed' };

type Fault = 'unreadable' | 'missing' | 'broken_link' | 'hash' | 'head' | 'cut_at_end' | 'signature';

interface Chain {
  readonly seq: number;
  readonly previousHash: string;
  readonly hash: string;
  readonly event: string;
}

interface Head {
  readonly seq: number;
  readonly hash: string;
}

interface KeySet {
  readonly keys: readonly { readonly kty: string; readonly crv: string; readonly x: string }[];
}

const GENESIS = '0'.repeat(64);

/**
 * The chain of records and the signed head, as scripts/verify-audit.mjs checks them. What a line shows beside the chain is
 * compared there, not here.
 */
export async function verifyLog(
  lines: AsyncIterable<string>,
  jws: string | undefined,
  keys: KeySet,
): Promise<Verification> {
  const head = jws === undefined ? undefined : await openHead(jws, keys);
  if (head !== undefined && 'result' in head) return head;
  let last: Head | undefined;
  let records = 0;
  for await (const line of lines) {
    if (line === '') continue;
    const found = await look(line, last, head);
    if ('result' in found) return found;
    last = found;
    records += 1;
  }
  const end = last?.seq ?? 0;
  if (head !== undefined && end < head.seq) return changed('cut_at_end', last?.seq);
  return { result: 'intact', records, last: end, signed: head !== undefined };
}

/** One line, after the one before it. */
async function look(line: string, last: Head | undefined, head: Head | undefined): Promise<Chain | Verification> {
  const chain = chainOf(line);
  if (chain === undefined) return changed('unreadable', last === undefined ? undefined : last.seq + 1);
  const fault = await faultOf(chain, last);
  if (fault !== undefined) return changed(fault, chain.seq);
  return chain.seq === head?.seq && chain.hash !== head.hash ? changed('head', chain.seq) : chain;
}

const changed = (fault: Fault, at: number | undefined): Verification => ({ result: 'changed', fault, at });

function chainOf(line: string): Chain | undefined {
  try {
    // A parse edge: each field is looked at before it is used.
    const { chain } = JSON.parse(line) as { chain?: Partial<Chain> };
    const { seq, previousHash, hash, event } = chain ?? {};
    if (!Number.isSafeInteger(seq) || [previousHash, hash, event].some((text) => typeof text !== 'string'))
      return undefined;
    return chain as Chain;
  } catch {
    return undefined;
  }
}

async function faultOf(chain: Chain, last: Head | undefined): Promise<Fault | undefined> {
  if (last !== undefined && chain.seq !== last.seq + 1) return 'missing';
  if (last !== undefined && chain.previousHash !== last.hash) return 'broken_link';
  if (chain.seq === 1 && chain.previousHash !== GENESIS) return 'broken_link';
  return (await hashOf(chain)) === chain.hash ? undefined : 'hash';
}

/** SHA-256 over the previous hash, the number as 8 bytes big-endian, and the text of the event. */
async function hashOf({ previousHash, seq, event }: Chain): Promise<string> {
  const text = new TextEncoder().encode(event);
  const bytes = new Uint8Array(40 + text.length);
  bytes.set(bytesOf(previousHash), 0);
  new DataView(bytes.buffer).setBigUint64(32, BigInt(seq));
  bytes.set(text, 40);
  return hexOf(await crypto.subtle.digest('SHA-256', bytes));
}

const bytesOf = (hex: string): number[] =>
  (hex.match(/../g) ?? []).slice(0, 32).map((pair) => Number.parseInt(pair, 16));

const hexOf = (buffer: ArrayBuffer): string =>
  Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** What the signature vouches for; the key is known by its thumbprint, not by what the set says of it. */
async function openHead(jws: string, { keys }: KeySet): Promise<Head | Verification> {
  const [header = '', payload = '', signature = ''] = jws.split('.');
  const { kid } = JSON.parse(textOf(header)) as { kid?: string };
  for (const { kty, crv, x } of keys) {
    if ((await thumbprintOf({ crv, kty, x })) !== kid) continue;
    try {
      const key = await crypto.subtle.importKey('jwk', { kty, crv, x }, { name: 'Ed25519' }, false, ['verify']);
      const signed = new TextEncoder().encode(`${header}.${payload}`);
      const good = await crypto.subtle.verify({ name: 'Ed25519' }, key, fromBase64Url(signature), signed);
      return good ? (JSON.parse(textOf(payload)) as Head) : changed('signature', undefined);
    } catch {
      return { result: 'unusable', fault: 'no_ed25519' };
    }
  }
  return { result: 'unusable', fault: 'unknown_key' };
}

/** RFC 7638. */
async function thumbprintOf(key: { readonly crv: string; readonly kty: string; readonly x: string }): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(key)));
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}

const fromBase64Url = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0));

const textOf = (base64Url: string): string => new TextDecoder().decode(fromBase64Url(base64Url));

/** The lines of a body, as they come. */
export async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (done) break;
  }
  if (rest !== '') yield rest;
}
