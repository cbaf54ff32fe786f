// Judges one jest run for .ci/run: no result file, no test, or an exit status that the counts do not explain is a failure.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const [file, status, name] = process.argv.slice(2);
const ran = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
const passed = ran?.numPassedTests ?? 0;
let failed = (ran?.numFailedTests ?? 0) + (ran?.numRuntimeErrorTestSuites ?? 0);
if (passed + failed === 0 || (status !== '0' && failed === 0)) {
  console.log(`!!! ${name}: exit status ${status} with ${passed} passed tests counts as a failure`);
  failed += 1;
}
const skipped = ran?.numPendingTests ?? 0;
console.log(`${name}: ${passed} passed, ${failed} failed, ${skipped} skipped`);
writeFileSync(file, JSON.stringify({ numPassedTests: passed, numFailedTests: failed }));
