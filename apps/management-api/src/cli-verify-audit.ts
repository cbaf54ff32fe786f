import { closeSync, openSync, readSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

import { type ExportFault, verifyExport } from '@lib/audit';

const CHUNK_BYTES = 1_048_576;

const FAULTS: Readonly<Record<ExportFault, string>> = {
  out_of_sequence: 'events are missing before it, or it stands in another place',
  broken_link: 'it does not follow on the event before it: one of the two was replaced',
  hash_mismatch: 'its hash is not the one of its content: the event was changed',
  copy_mismatch: 'the line shows something else than what was recorded',
  unreadable_line: 'the line is no event of an export',
  head_mismatch: 'the log does not end at the given head: events are missing at its end, or were made up anew',
};

/**
 * `npm run -s verify-audit -- FILE [SEQ:HASH]`: checks an exported audit log offline. With a head kept elsewhere a
 * cut-off end and a log made up anew are found too. Exit status 1: the log was changed; 2: it cannot be read.
 */
function main([file, head]: readonly string[]): number {
  if (file === undefined) {
    console.error('usage: verify-audit FILE [SEQ:HASH]');
    return 2;
  }
  const [, seq = '0', hash = ''] = /^(\d+):([0-9a-f]{64})$/.exec(head ?? '') ?? [];
  if (head !== undefined && hash === '') {
    console.error('the head is a sequence number, a colon and a SHA-256 in hexadecimal');
    return 2;
  }
  const expected = head === undefined ? undefined : { seq: Number(seq), hash: Buffer.from(hash, 'hex') };
  const verdict = verifyExport(linesOf(file), expected);
  if (!verdict.intact) {
    console.error(`event ${verdict.seq}: ${verdict.fault}: ${FAULTS[verdict.fault]}`);
    return 1;
  }
  if (verdict.firstSeq === undefined) {
    console.error('the file holds no events');
    return 2;
  }
  const { seq: lastSeq, hash: lastHash } = verdict.head;
  console.log(`events ${verdict.firstSeq} to ${lastSeq} are intact; head ${lastSeq}:${lastHash.toString('hex')}`);
  return 0;
}

/** A log can be larger than memory. */
function* linesOf(file: string): Generator<string> {
  const descriptor = openSync(file, 'r');
  try {
    const decoder = new StringDecoder('utf8');
    const chunk = Buffer.alloc(CHUNK_BYTES);
    let rest = '';
    for (let read = 1; read > 0;) {
      read = readSync(descriptor, chunk);
      const lines = (rest + decoder.write(chunk.subarray(0, read))).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    yield rest;
  } finally {
    closeSync(descriptor);
  }
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
