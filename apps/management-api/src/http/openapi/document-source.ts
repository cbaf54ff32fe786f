import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'yaml';

/** The built API carries it with it: there `scripts/bundle-processes.mjs` has replaced this module. */
export const documentSource = (folder: string): unknown => parse(readFileSync(join(folder, 'tenant-api.yaml'), 'utf8'));
