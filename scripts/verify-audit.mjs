#!/usr/bin/env node
// Checks an exported audit log offline. One file for Node 20 or newer: it needs no build, no package and no network.
//
//   node verify-audit.mjs LOG [HEAD] [--keys FILE] [--after HEAD] [--instance ID] [--part]
//   node verify-audit.mjs --record RECORD --keys FILE [--instance ID]
//
//   LOG         lines of GET /v1/instances/ID/audit_log with Accept: application/x-ndjson
//   HEAD        answer of GET /v1/instances/ID/audit_head, fetched before the log, or its `jws`, or SEQ:HASH
//   --keys      answer of GET /v1/instances/ID/audit_key_set: needed for a signed head. Better one that was kept
//   --after     head at which an earlier log ended: this one must go on from there
//   --instance  the instance that the log must be of
//   --part      the log is of a part of the time: neither end is demanded
//   --record    answer of GET /v1/instances/ID/shred_plans/PLAN/record, or its `jws`: what was shown of keys that were shredded
//
// Exit status 0: intact. 1: something was changed. 2: it could not be checked.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { closeSync, openSync, readFileSync, readSync, realpathSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const CHUNK_BYTES = 1_048_576;
const GENESIS = '0'.repeat(64);
const HEAD_TYPE = 'kmip-audit-head+jws';
const RECORD_TYPE = 'kmip-shred-record+jws';

/** Exit status 1. */
export class Tampered extends Error {
  constructor(fault, explanation, seq) {
    super(`${seq === undefined ? '' : `event ${seq}: `}${fault}: ${explanation}`);
    this.fault = fault;
    this.seq = seq;
  }
}

/** Exit status 2. */
export class Unusable extends Error {}

// ---- the chain ------------------------------------------------------------------------------------------------------

/** SHA-256 over the previous hash, the sequence number as 8 bytes big-endian and the UTF-8 text of the event. */
export function auditHash(previousHash, seq, event) {
  const position = Buffer.alloc(8);
  position.writeBigInt64BE(BigInt(seq));
  return createHash('sha256').update(Buffer.from(previousHash, 'hex')).update(position).update(event).digest('hex');
}

/**
 * Checks the lines of a log, one at a time.
 * @param lines byte buffers without their line ends
 * @param expected head, after: {seq, hash, firstSeq?, instanceId?}; instance; part
 * @returns {first, last, hash, instanceId}, or undefined when there is no line
 */
export function checkLog(lines, { head, after, instance, part = false } = {}) {
  const wanted = instance ?? head?.instanceId ?? after?.instanceId;
  let first;
  let last = after;
  let instanceId;
  for (const bytes of lines) {
    const { text, chain } = readLine(bytes, (last?.seq ?? 0) + 1);
    if (first === undefined) {
      checkBeginning(chain, { head, after, part });
      first = chain.seq;
      instanceId = wanted ?? chain.instanceId;
      last = after ?? { seq: chain.seq - 1, hash: chain.previousHash };
    }
    checkLink(chain, last);
    checkContent(chain, text, instanceId);
    last = chain;
    if (chain.seq === head?.seq && chain.hash !== head.hash) {
      throw new Tampered('head_mismatch', 'the head has another record there: the log was made up anew', chain.seq);
    }
  }
  checkEnd(first, last, { head, part });
  return first === undefined ? undefined : { first, last: last.seq, hash: last.hash, instanceId };
}

function readLine(bytes, expected) {
  const unreadable = (why) => new Tampered('unreadable_line', `the line is no event of an export${why}`, expected);
  let text;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw unreadable(': it is not UTF-8');
  }
  if (text === '{"lines":[') {
    throw new Unusable('the log is in its JSON form: export it with Accept: application/x-ndjson');
  }
  let chain;
  try {
    ({ chain } = JSON.parse(text));
  } catch {
    throw unreadable('');
  }
  const { instanceId, seq, previousHash, hash, event } = chain ?? {};
  const texts = [instanceId, previousHash, hash, event];
  if (!Number.isSafeInteger(seq) || texts.some((each) => typeof each !== 'string')) throw unreadable('');
  return { text, chain };
}

function checkBeginning({ seq, previousHash }, { head, after, part }) {
  const firstSeq = after ? after.seq + 1 : part ? undefined : head?.firstSeq;
  if (firstSeq !== undefined && seq > firstSeq) {
    throw new Tampered('cut_at_start', `events ${firstSeq} to ${seq - 1} are missing before it`, seq);
  }
  if (firstSeq !== undefined && seq < firstSeq) {
    throw new Tampered('out_of_sequence', `the log should begin with event ${firstSeq}`, seq);
  }
  if (seq === 1 && previousHash !== GENESIS) {
    throw new Tampered('broken_link', 'the first event of all follows on another one', seq);
  }
}

function checkLink({ seq, previousHash }, last) {
  if (seq > last.seq + 1) {
    const missing = seq === last.seq + 2 ? `event ${last.seq + 1} is` : `events ${last.seq + 1} to ${seq - 1} are`;
    throw new Tampered('out_of_sequence', `${missing} missing before it, or it stands in another place`, seq);
  }
  if (seq <= last.seq) {
    throw new Tampered('out_of_sequence', `it comes after event ${last.seq}: it is there twice or was moved`, seq);
  }
  if (previousHash !== last.hash) {
    throw new Tampered('broken_link', 'it does not follow on the event before it: one of the two was replaced', seq);
  }
}

function checkContent(chain, text, instanceId) {
  const { seq, hash, previousHash, event } = chain;
  if (hash !== auditHash(previousHash, seq, event)) {
    throw new Tampered('hash_mismatch', 'its hash is not the one of its content: the event was changed', seq);
  }
  let shown;
  try {
    const recorded = JSON.parse(event);
    if (recorded.instanceId === chain.instanceId) shown = JSON.stringify(toCadf(recorded, chain));
  } catch {
    // Hashed, and yet no event: somebody made a chain of his own.
  }
  if (shown !== text) throw new Tampered('copy_mismatch', 'the line shows something else than what was recorded', seq);
  if (chain.instanceId !== instanceId) {
    throw new Tampered('other_instance', `it is of instance ${chain.instanceId}, not of ${instanceId}`, seq);
  }
}

function checkEnd(first, last, { head, part }) {
  if (head === undefined || part) return;
  const missing = (from) => `events ${from} to ${head.seq} are missing at the end`;
  const end = last?.seq ?? (head.firstSeq ?? 1) - 1;
  if (end < head.seq) throw new Tampered('cut_at_end', missing(end + 1), last?.seq);
  if (first === undefined) return;
  if (first > head.seq) throw new Tampered('cut_at_start', `the head ends at ${head.seq}, before the log`, first);
}

// ---- signed heads ---------------------------------------------------------------------------------------------------

/** Keys of a JSON Web Key set by their thumbprint (RFC 7638): what a set says of itself is not believed. */
export function readKeys(text) {
  const { keys } = parsed(text, 'the key set is no JSON');
  if (!Array.isArray(keys)) throw new Unusable('the key set has no keys');
  return new Map(
    keys.map(({ kty, crv, x, not_before: from, not_after: until }) => {
      if (kty !== 'OKP' || crv !== 'Ed25519') throw new Unusable('the key set has a key that is not of Ed25519');
      const id = createHash('sha256').update(JSON.stringify({ crv, kty, x })).digest('base64url');
      return [id, { key: createPublicKey({ key: { kty, crv, x }, format: 'jwk' }), from, until }];
    }),
  );
}

/** A head as text: `SEQ:HASH`, an answer of the API, or a JWS (RFC 7515). */
export function readHead(text, keys) {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text.trim()) ?? [];
  if (seq !== undefined) return { seq: Number(seq), hash };
  const jws = text.trimStart().startsWith('{') ? parsed(text, 'the head is no JSON').jws : text.trim();
  if (typeof jws !== 'string') throw new Unusable('the file holds no signed head: it has no jws');
  if (keys === undefined) throw new Unusable('a signed head needs --keys FILE, the key set of the instance');
  return openHead(jws, keys);
}

function openHead(jws, keys) {
  const { content: head, keyId: kid } = opened(jws, keys, { type: HEAD_TYPE, what: 'head', at: 'signed_at' });
  return {
    instanceId: head.instance_id,
    seq: head.seq,
    hash: head.hash,
    firstSeq: head.first_seq,
    signedAt: head.signed_at,
    supersedes: head.supersedes,
    keyId: kid,
  };
}

/** What a JWS of ours holds, once its signature is found good. */
function opened(jws, keys, { type, what, at: dated }) {
  const [header = '', content = '', signature = '', ...rest] = jws.split('.');
  const decode = (part) => parsed(Buffer.from(part, 'base64url').toString(), `the ${what} is no JWS`);
  const { alg, kid, typ } = decode(header);
  if (alg !== 'EdDSA' || typ !== type || rest.length > 0) throw new Unusable(`the ${what} is no signed ${what}`);
  const key = keys.get(kid);
  if (key === undefined) throw new Unusable(`the ${what} is signed by key ${kid}, which is not among the keys given`);
  const isGood = verify(null, Buffer.from(`${header}.${content}`), key.key, Buffer.from(signature, 'base64url'));
  // Base64 has spellings of which one alone is written.
  if (!isGood || Buffer.from(signature, 'base64url').toString('base64url') !== signature) {
    throw new Tampered('bad_signature', `the ${what} was changed after it was signed, or is forged`);
  }
  const read = decode(content);
  const at = Date.parse(read[dated]);
  // A date that cannot be read is after no beginning.
  if (!(at >= Date.parse(key.from) && at <= Date.parse(key.until ?? '9999-12-31'))) {
    throw new Tampered('key_not_valid', `the key ${kid} was not valid at ${read[dated]}`);
  }
  return { content: read, keyId: kid };
}

// ---- records of what was shredded -----------------------------------------------------------------------------------

/** A record as an answer of the API, or its JWS alone. What an answer says beside the JWS is not believed. */
export function readRecord(text, keys, instance) {
  const jws = text.trimStart().startsWith('{') ? parsed(text, 'the record is no JSON').jws : text.trim();
  if (typeof jws !== 'string') throw new Unusable('the record is not signed: it has no jws, and proves nothing');
  if (keys === undefined) throw new Unusable('a record needs --keys FILE, the key set of the instance');
  const record = opened(jws, keys, { type: RECORD_TYPE, what: 'record', at: 'issued_at' });
  const { instance_id: of } = record.content;
  if (instance !== undefined && of !== instance) throw new Tampered('other_instance', `it is of instance ${of}`);
  return record;
}

function reportRecord({ content, keyId }) {
  const { plan, keys, root_keys: rootKeys, says, does_not_say: doesNotSay } = content;
  const of = (found) => keys.filter((key) => key.stored_key === found).length;
  const spared = keys.filter(({ catalog }) => catalog === 'spared').length;
  const named = ({ id, name, owner, catalog, stored_key: storedKey, restorable_until: until }) =>
    `  ${id} ${JSON.stringify(owner?.name ?? name)}: ${
      catalog === 'spared'
        ? 'spared, as it was changed after the plan was made'
        : `${catalog === 'gone' ? 'gone from the catalog before, ' : ''}stored key ${storedKey}, restorable until ${until}`
    }`;
  return [
    `the record of plan ${plan.id} of instance ${content.instance_id} is intact, issued at ${content.issued_at}, signed by key ${keyId}`,
    `made by ${plan.created_by}, confirmed by ${plan.confirmed_by ?? 'nobody'}, executed by ${plan.executed_by}`,
    `${keys.length} ${keys.length === 1 ? 'key' : 'keys'}: ${of('deleted')} deleted, ${of('absent')} absent, ${of('not_asked')} not asked for in the key manager${spared > 0 ? `, ${spared} spared` : ''}`,
    ...keys.map(named),
    ...rootKeys.map(({ id, unwrap, because }) => `root key ${id}: unwrap ${unwrap}${because ? ` (${because})` : ''}`),
    ...says.map((claim) => `it says: ${claim}`),
    ...doesNotSay.map((claim) => `it does not say: ${claim}`),
  ];
}

function parsed(text, otherwise) {
  try {
    const value = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Said below.
  }
  throw new Unusable(otherwise);
}

// ---- what a line shows of an event (CADF, ISO 19395), as the service writes it ---------------------------------------

const INITIATOR_TYPES = {
  user: 'service/security/account/user',
  service: 'service/security/account/serviceid',
  certificate: 'service/security/client/certificateid',
  system: 'service/compute',
};
const WRITES = /\.(create|update|delete|destroy|revoke|set|unset|suspend|resume|reactivate|enable|disable)$/;
const DATA_EVENT = /^vmware-solutions\.kmip-(key|key-attributes|server)\./;
const CRITICAL = /\.(destroy|delete|unset)$/;

function toCadf(event, { instanceId, seq, previousHash, hash, event: text }) {
  return {
    typeURI: 'http://schemas.dmtf.org/cloud/audit/1.0/event',
    id: `${instanceId}:${seq}`,
    eventType: 'activity',
    eventTime: event.occurredAt.replace(/Z$/, '+0000'),
    action: event.action,
    outcome: event.outcome,
    ...(event.reason === undefined ? {} : { reason: { reasonType: event.reason } }),
    severity: severityOf(event),
    dataEvent: DATA_EVENT.test(event.action),
    correlationId: event.correlationId,
    initiator: initiatorOf(event.initiator),
    ...(event.target === undefined
      ? {}
      : { target: { id: event.target.id, name: event.target.name, typeURI: `vmware-solutions/${event.target.kind}` } }),
    observer: { id: event.observer, typeURI: 'service/security' },
    message: `${event.action}${event.outcome === 'failure' ? ' -failure' : ''}`,
    ...(event.latencyMs === undefined ? {} : { duration: `PT${event.latencyMs / 1000}S` }),
    requestData: event.details ?? {},
    chain: { instanceId, seq, previousHash, hash, event: text },
  };
}

function initiatorOf({ kind, fingerprint, iamId, component, name, address: from }) {
  const id = { certificate: `CertificateID-${fingerprint}`, user: iamId, system: component }[kind];
  const type = kind === 'user' && iamId.startsWith('iam-ServiceId-') ? 'service' : kind;
  const address = kind === 'system' ? undefined : from;
  return {
    id,
    name: kind === 'system' ? component : (name ?? id),
    typeURI: INITIATOR_TYPES[type],
    credential: { type: kind === 'certificate' ? 'certificate' : 'token' },
    ...(address === undefined ? {} : { host: { address, addressType: address.includes(':') ? 'IPv6' : 'IPv4' } }),
  };
}

function severityOf({ action, outcome }) {
  if (CRITICAL.test(action)) return 'critical';
  return outcome === 'failure' || WRITES.test(action) ? 'warning' : 'normal';
}

// ---- the command ----------------------------------------------------------------------------------------------------

/** A log can be larger than memory. */
function* chunksOf(file) {
  const descriptor = openSync(file, 'r');
  try {
    for (;;) {
      const chunk = Buffer.alloc(CHUNK_BYTES);
      const read = readSync(descriptor, chunk);
      if (read === 0) return;
      yield chunk.subarray(0, read);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Each line without its end. */
export function* linesIn(chunks) {
  let rest = Buffer.alloc(0);
  for (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, from)) {
      yield rest.subarray(from, end);
      from = end + 1;
    }
    rest = rest.subarray(from);
  }
  if (rest.length > 0) {
    throw new Tampered('unreadable_line', 'the last line has no end: the log was cut in the middle of a line');
  }
}

function report(log, head, after) {
  const lines = [
    `events ${log.first} to ${log.last} of instance ${log.instanceId} are intact; head ${log.last}:${log.hash}`,
  ];
  if (head === undefined) {
    const begin = after ? '' : 'whether events are missing at the beginning was not checked; ';
    lines.push(`${begin}whether events are missing at the end was not checked: give a head`);
  } else {
    const by = head.keyId === undefined ? 'given' : `signed at ${head.signedAt} by key ${head.keyId}`;
    lines.push(`the log agrees with head ${head.seq}, ${by}; ${Math.max(0, log.last - head.seq)} events came after it`);
    if (head.firstSeq === undefined && !after)
      lines.push('whether events are missing at the beginning was not checked');
  }
  for (const { seq, hash, signed_at: at } of head?.supersedes ?? []) {
    lines.push(`note: the operator released a restore; head ${seq}:${hash}, signed at ${at}, is no part of this log`);
  }
  return lines;
}

/** What is checked is anybody's writing: nothing in it moves a terminal's cursor or turns a text round. */
const printable = (text) =>
  text.replaceAll(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    (each) => `\\u${each.codePointAt(0).toString(16).padStart(4, '0')}`,
  );

/**
 * The command. @param args its words, as above @returns lines to print
 * @throws Tampered, or Unusable for what could not be checked
 */
export function verifyAudit(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      keys: { type: 'string' },
      after: { type: 'string' },
      instance: { type: 'string' },
      part: { type: 'boolean', default: false },
      record: { type: 'string' },
    },
  });
  const [file, headText] = positionals;
  if (values.record !== undefined && positionals.length === 0) {
    const keys = values.keys === undefined ? undefined : readKeys(readFileSync(values.keys, 'utf8'));
    return reportRecord(readRecord(readFileSync(values.record, 'utf8'), keys, values.instance));
  }
  if (file === undefined || positionals.length > 2) {
    throw new Unusable('usage: verify-audit LOG [HEAD] [--keys FILE] [--after HEAD] [--instance ID] [--part]');
  }
  const keys = values.keys === undefined ? undefined : readKeys(readFileSync(values.keys, 'utf8'));
  const headOf = (given) => given && readHead(/^\d+:/.test(given) ? given : readFileSync(given, 'utf8'), keys);
  const [head, after] = [headOf(headText), headOf(values.after)];
  const log = checkLog(linesIn(chunksOf(file)), { head, after, instance: values.instance, part: values.part });
  if (log === undefined) throw new Unusable('the log holds no events');
  const isOutside = values.part && head && (head.seq > log.last || head.seq < log.first);
  return report(log, isOutside ? undefined : head, after);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(realpathSync(process.argv[1])).href) {
  try {
    for (const line of verifyAudit(process.argv.slice(2))) console.log(printable(line));
  } catch (error) {
    console.error(printable(error instanceof Error ? error.message : String(error)));
    process.exitCode = error instanceof Tampered ? 1 : 2;
  }
}
