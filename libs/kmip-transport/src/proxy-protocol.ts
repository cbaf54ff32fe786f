import { type Socket } from 'node:net';

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
const FIXED_BYTES = 16;
/** Addresses and extensions; real headers stay below 300 bytes. */
const MAX_VARIABLE_BYTES = 1_024;
const VERSION_2 = 0x20;
const COMMAND_LOCAL = 0x00;
const COMMAND_PROXY = 0x01;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;

/** What a balancer says before the client's first byte. */
export interface ProxyHeader {
  readonly bytes: number;
  /** Absent when the balancer speaks for itself, e.g. to check our health. */
  readonly client?: { readonly address: string; readonly port: number };
}

/** Reads a PROXY protocol version 2 header. `incomplete` asks for more bytes; `invalid` will never become one. */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | 'incomplete' | 'invalid' {
  const seen = Math.min(bytes.length, SIGNATURE.length);
  if (bytes.compare(SIGNATURE, 0, seen, 0, seen) !== 0) return 'invalid';
  if (bytes.length < FIXED_BYTES) return 'incomplete';
  const versionAndCommand = bytes.readUInt8(12);
  const family = bytes.readUInt8(13);
  const length = bytes.readUInt16BE(14);
  const command = versionAndCommand & 0x0f;
  if ((versionAndCommand & 0xf0) !== VERSION_2 || command > COMMAND_PROXY || length > MAX_VARIABLE_BYTES)
    return 'invalid';
  const total = FIXED_BYTES + length;
  if (bytes.length < total) return 'incomplete';
  if (command === COMMAND_LOCAL) return { bytes: total };
  const client = clientAddress(family, bytes.subarray(FIXED_BYTES, total));
  return client === undefined ? 'invalid' : { bytes: total, client };
}

function clientAddress(family: number, block: Buffer): ProxyHeader['client'] {
  if (family === TCP_OVER_IPV4 && block.length >= 12) {
    return { address: block.subarray(0, 4).join('.'), port: block.readUInt16BE(8) };
  }
  if (family === TCP_OVER_IPV6 && block.length >= 36) {
    const groups = Array.from({ length: 8 }, (_, index) => block.readUInt16BE(index * 2).toString(16));
    return { address: groups.join(':'), port: block.readUInt16BE(32) };
  }
  return undefined;
}

/**
 * Takes the header off the front of a connection and leaves everything behind it in the socket for the TLS layer.
 * Calls back once, or never when the socket closes before; the caller's handshake timer bounds the wait.
 */
export function readProxyHeader(socket: Socket, done: (header: ProxyHeader | 'invalid') => void): void {
  let received = Buffer.alloc(0);
  const onReadable = (): void => {
    for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
      received = Buffer.concat([received, chunk]);
    }
    const header = parseProxyHeader(received);
    if (header === 'incomplete') return;
    socket.removeListener('readable', onReadable);
    if (header !== 'invalid' && received.length > header.bytes) socket.unshift(received.subarray(header.bytes));
    done(header);
  };
  socket.on('readable', onReadable);
}
