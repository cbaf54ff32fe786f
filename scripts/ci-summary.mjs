// Adds up what the steps of .ci/run left in the result folder and prints the closing line.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
let passed = 0;
let failed = 0;
for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const result = JSON.parse(readFileSync(join(folder, file), 'utf8'));
  passed += result.numPassedTests;
  failed += result.numFailedTests;
  if (result.numFailedTests > 0) console.log(`failed: ${file.replace('.json', '')}`);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
