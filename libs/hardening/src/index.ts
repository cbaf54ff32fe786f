/**
 * Import it first in the main file of each process: what it does must be done before other modules look.
 * Keys and tokens of tenants are in this process, so nothing may make it talk about its memory.
 */

import { url as inspectorUrl } from 'node:inspector';

import { DEVELOPMENT_SWITCH, refusalOf } from './unsafe-start';

/** Sections that libraries print and Node does not: they ask the environment when they are loaded. */
const OF_LIBRARIES = /^(?:ibm-cloud-sdk-core.*|axios)$/i;

const { NODE_DEBUG: nodeDebug = '', [DEVELOPMENT_SWITCH]: development } = process.env;

// The SDK prints API keys, tokens and payloads when asked to by either of them.
delete process.env['DEBUG'];
delete process.env['NODE_DEBUG'];

// Node read the variable before us and would print every header and every buffer; nothing can stop it any more.
if (nodeDebug.split(',').some((section) => section.trim() !== '' && !OF_LIBRARIES.test(section.trim()))) {
  process.stderr.write('NODE_DEBUG is set: Node would print keys and tokens. Unset it and start again.\n');
  process.exit(1);
}

const refusal =
  refusalOf({ execArgv: process.execArgv, environment: process.env }) ??
  (inspectorUrl() === undefined ? undefined : 'This process holds keys and does not start under a debugger.');
if (refusal !== undefined) {
  process.stderr.write(`${refusal}\n`);
  // Development only, and said at every start.
  if (development === 'development') process.stderr.write(`${DEVELOPMENT_SWITCH} is set: started all the same.\n`);
  else process.exit(1);
}

// Node's own reaction is to open the inspector, which can read all memory. From the start, not only when we serve.
process.on('SIGUSR1', () => undefined);

// A closed pipe or a full disk behind either of them: Node would end the process for want of a listener.
for (const output of [process.stdout, process.stderr]) output.on('error', () => undefined);

// Same as `node --disable-proto=delete`: names chosen by clients must not reach a prototype.
Reflect.deleteProperty(Object.prototype, '__proto__');
