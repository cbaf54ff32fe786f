import { randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { z } from 'zod';

import { localVcenterFolder, type Setting } from './children';
import { type ConnectionFile } from './connection-file';

const USER = 'administrator@vsphere.local';

/** Chosen once and kept. Worth something only at the stand-in beside it. */
export async function vcenterPassword(dataFolder: string): Promise<string> {
  const file = join(dataFolder, 'vcenter-password');
  const known = await readFile(file, 'utf8').catch(() => '');
  if (known !== '') return known.trim();
  const password = randomBytes(18).toString('base64url');
  await writeFile(`${file}.new`, `${password}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return password;
}

const announcement = z.object({ url: z.string(), adminUrl: z.string(), fingerprint: z.string() });

/** How the stand-in that serves by now is reached. */
export async function vcenterConnection(
  setting: Setting,
  password: string,
): Promise<NonNullable<ConnectionFile['vcenter']>> {
  const file = join(localVcenterFolder(setting), 'local-vcenter.json');
  const { url, adminUrl, fingerprint } = announcement.parse(JSON.parse(await readFile(file, 'utf8')));
  return { url, user: USER, password, fingerprint, adminUrl };
}
