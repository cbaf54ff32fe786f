import { readFileSync } from 'node:fs';

import { verifyExport } from '@lib/audit';

/**
 * `node dist/apps/management-api/src/cli-verify-audit.js FILE [SEQ:HASH]`: checks an exported audit log offline. With a
 * head kept elsewhere a cut-off end is found too. Exit status 1: the log was changed; 2: it cannot be read.
 */
function main([file, head]: readonly string[]): number {
  if (file === undefined) {
    console.error('usage: cli-verify-audit FILE [SEQ:HASH]');
    return 2;
  }
  const [, seq = '0', hash = ''] = /^(\d+):([0-9a-f]{64})$/.exec(head ?? '') ?? [];
  if (head !== undefined && hash === '') {
    console.error('the head is a sequence number, a colon and a SHA-256 in hexadecimal');
    return 2;
  }
  const expected = head === undefined ? undefined : { seq: Number(seq), hash: Buffer.from(hash, 'hex') };
  const verdict = verifyExport(readFileSync(file, 'utf8').split('\n'), expected);
  if (verdict.intact) {
    console.log(`intact up to ${verdict.head.seq}:${verdict.head.hash.toString('hex')}`);
    return 0;
  }
  console.error(`changed at event ${verdict.seq}: ${verdict.fault}`);
  return 1;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof SyntaxError ? 'this is not an exported audit log' : String(error));
  process.exitCode = 2;
}
