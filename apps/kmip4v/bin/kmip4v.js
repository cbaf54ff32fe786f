#!/usr/bin/env node
/**
 * Loads the program: in an installed package its one bundled file, in a checkout and in the image what the build of the
 * repository has compiled. A checkout never runs a bundle that was left from packing.
 */
'use strict';

const { existsSync } = require('node:fs');
const { join } = require('node:path');

const builds = join(__dirname, '..', '..', '..', 'dist', 'apps', 'kmip4v', 'src');
// The same program: what the operator's commands need lies in few files there, and in 2,000 beside the other.
const names = process.argv[2] === 'admin' ? ['main-with-region.js', 'main.js'] : ['main.js'];
const compiled = names.map((name) => join(builds, name));
const bundled = join(__dirname, '..', 'dist', 'kmip4v.js');
const isCheckout = existsSync(join(__dirname, '..', 'src', 'main.ts'));
const file = (isCheckout ? compiled : [bundled, ...compiled]).find((path) => existsSync(path));

if (file === undefined) {
  process.stderr.write(
    isCheckout
      ? 'kmip4v is not built yet: run `npm start`, or `npm run build`, in the checkout first.\n'
      : 'kmip4v is not installed completely: install the package again.\n',
  );
  process.exitCode = 1;
} else {
  require(file).main(process, isCheckout ? join(__dirname, '..', '..', '..') : undefined);
}
