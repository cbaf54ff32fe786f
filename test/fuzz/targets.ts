import { describeCertificate, CertificateError } from '@lib/pki';
import { decodeRequestMessage, encodeRequestMessage, KmipError, MessageFramer } from '@lib/kmip-protocol';

import { parseStrictJson, StrictJsonError } from '../../apps/management-api/src/http/strict-json';
import { parseProxyHeader } from '../../libs/kmip-transport/src/proxy-protocol';

/** A reader of bytes from strangers. */
export interface Target {
  readonly name: string;
  /** Files whose coverage counts. */
  readonly watched: RegExp;
  /** @throws when the reader breaks a promise; refusing what it reads is no fault. */
  readonly read: (bytes: Buffer) => void;
}

const NOW = new Date('2030-01-01T00:00:00Z');

/** Runs a reader that may refuse only in its own words. @returns undefined when it refused */
function orRefused<T>(read: () => T, refusal: abstract new (...args: never[]) => Error): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof refusal) return undefined;
    throw error;
  }
}

function assert(holds: boolean, promise: string): void {
  if (!holds) throw new Error(`broken promise: ${promise}`);
}

/** What was understood is written and understood again as the same. */
function readTtlv(bytes: Buffer): void {
  const message = orRefused(() => decodeRequestMessage(bytes), KmipError);
  if (message === undefined || message.batchItems.some(({ payloadError }) => payloadError !== undefined)) return;
  const written = orRefused(() => encodeRequestMessage(message), KmipError);
  if (written === undefined) return;
  const again = encodeRequestMessage(decodeRequestMessage(written));
  assert(again.equals(written), 'a message that was read and written reads as the same');
}

/** The same messages come out however the stream is cut; the first byte says where. */
function readFrames(bytes: Buffer): void {
  const [cut = 0] = bytes;
  const stream = bytes.subarray(1);
  const whole = new MessageFramer({ maximumMessageBytes: 4_096 }).push(stream);
  const framer = new MessageFramer({ maximumMessageBytes: 4_096 });
  const parts = [framer.push(stream.subarray(0, cut)), framer.push(stream.subarray(cut))];
  const messages = parts.flatMap((part) => part.messages);
  assert(Buffer.concat(messages).equals(Buffer.concat(whole.messages)), 'cutting a stream changes nothing');
  assert(parts.at(-1)?.refusal?.fault === whole.refusal?.fault, 'cutting a stream changes no refusal');
  assert(framer.pendingBytes <= 4_096 + 8, 'no more is kept than one message');
}

function readPem(bytes: Buffer): void {
  const certificate = orRefused(() => describeCertificate(bytes.toString('latin1'), NOW), CertificateError);
  if (certificate === undefined) return;
  assert(certificate.fingerprint.length === 64, 'a certificate has a fingerprint');
}

function readJson(bytes: Buffer): void {
  const value = orRefused(() => parseStrictJson(bytes), StrictJsonError);
  if (value === undefined) return;
  assert(JSON.stringify(value) === JSON.stringify(JSON.parse(bytes.toString('utf8'))), 'JSON is what JSON.parse says');
  assert(
    JSON.stringify(parseStrictJson(Buffer.from(JSON.stringify(value)))) === JSON.stringify(value),
    'JSON reads again',
  );
}

function readProxyHeader(bytes: Buffer): void {
  const header = parseProxyHeader(bytes);
  for (let cut = 0; cut < Math.min(bytes.length, 64); cut += 1) {
    const early = parseProxyHeader(bytes.subarray(0, cut));
    if (header === 'incomplete') assert(early === 'incomplete', 'what is incomplete was never refused before');
    if (typeof header === 'object')
      assert(early === 'incomplete' || cut >= header.bytes, 'a header is waited for whole');
  }
  if (typeof header !== 'object') return;
  assert(header.bytes <= bytes.length && header.bytes >= 16, 'a header is as long as it says');
  assert(header.client === undefined || header.client.port < 65_536, 'a port is a port');
}

export const TARGETS: readonly Target[] = [
  { name: 'ttlv', watched: /\/libs\/kmip-protocol\//, read: readTtlv },
  { name: 'frames', watched: /\/libs\/kmip-protocol\/src\/ttlv\//, read: readFrames },
  { name: 'pem', watched: /\/libs\/pki\//, read: readPem },
  { name: 'json', watched: /\/strict-json/, read: readJson },
  { name: 'proxy', watched: /\/proxy-protocol/, read: readProxyHeader },
];
