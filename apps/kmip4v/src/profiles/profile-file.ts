import { homedir } from 'node:os';
import { join } from 'node:path';

import { z } from 'zod';

import { EXIT } from '../command-line/exit-codes';
import { CommandFault } from '../command-line/faults';
import { readPrivateFile, writePrivateFile } from './private-file';
import { type Profile } from './profile';

const tokenSource = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('api-key'),
    iamUrl: z.url(),
    apiKeyFile: z.string().exactOptional(),
    apiKey: z.string().exactOptional(),
  }),
  z.strictObject({ kind: z.literal('ibmcloud') }),
  z.strictObject({ kind: z.literal('command'), command: z.string().min(1) }),
]);

const profileFile = z.strictObject({
  current: z.string().exactOptional(),
  profiles: z.record(
    z.string(),
    z.strictObject({
      url: z.url(),
      caFile: z.string().exactOptional(),
      pinnedSha256: z.string().exactOptional(),
      instance: z.string().exactOptional(),
      token: tokenSource,
    }),
  ),
});

/** Profiles by their names, and which of them is used where none is named. */
export interface Profiles {
  readonly current?: string;
  readonly profiles: Readonly<Record<string, Omit<Profile, 'name'>>>;
}

export const profileFilePath = (env: Readonly<Record<string, string | undefined>>): string => {
  const { KMIP4V_CONFIG: named, XDG_CONFIG_HOME: folder } = env;
  return named ?? join(folder ?? join(homedir(), '.config'), 'kmip4v', 'config.json');
};

/** @throws CommandFault when others can read it, or when it is none of ours */
export async function readProfiles(path: string): Promise<Profiles> {
  const text = await readPrivateFile(path);
  if (text === undefined) return { profiles: {} };
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new CommandFault(EXIT.usage, `${path} is no JSON`, 'mend it, or remove it and add the profiles again');
  }
  const read = profileFile.safeParse(content);
  if (read.success) return read.data;
  // The paths alone: what stands there may be a secret.
  const where = read.error.issues.map(({ path: at }) => at.join('.') || 'the whole').join(', ');
  throw new CommandFault(EXIT.usage, `${path} is not understood (${where})`, 'mend it, or add the profile again');
}

export const writeProfiles = (path: string, profiles: Profiles): Promise<void> =>
  writePrivateFile(path, `${JSON.stringify(profiles, null, 2)}\n`);
