import { resolve } from 'node:path';

import { choice, command, argument, flag, needed, value } from '../../command-line/command';
import { type Context } from '../../command-line/context';
import { usageFault } from '../../command-line/faults';
import { addressIn } from '../../profiles/address';
import { told } from '../../output/answer';
import { IAM_URL, type TokenSource } from '../../profiles/profile';
import { profileFilePath, readProfiles, writeProfiles } from '../../profiles/profile-file';
import { apiKeyIn } from '../../profiles/token';
import { fingerprintIn } from '../../tenant/fingerprint';

const SOURCES = ['api-key', 'ibmcloud', 'command'] as const;

export const profileAdd = command({
  name: 'add',
  about: 'Add a profile, or replace one of the same name',
  details: [
    'An API key is read from a file each time (--api-key-file), or once from standard input or at a prompt, and then',
    'kept in the profile. It is never taken from the command line. The file of the profiles is readable by you alone.',
    'With --instance the profile remembers which instance is worked on.',
  ].join('\n'),
  arguments: { name: argument('what to call it') },
  options: {
    url: needed('URL', 'of the service, e.g. https://us-south.kmip.cloud.example.com'),
    caFile: value('FILE', 'certificate authority of the service, in PEM, where it is no public one'),
    pin: value('SHA256', 'fingerprint of the certificate of the service: that one, and no other'),
    token: choice(SOURCES, 'where tokens come from'),
    apiKeyFile: value('FILE', 'file with an API key of IBM Cloud, as it is or as JSON'),
    command: value('COMMAND', 'shell command that prints a token, for --token command'),
    iamUrl: value('URL', `where API keys are exchanged for tokens (default: ${IAM_URL})`),
    use: flag('use it from now on where no profile is named'),
  },
  async run(given, context) {
    const url = addressIn(given.url);
    const { typedInstance: instance } = context.shared;
    const token = await tokenSourceIn(given, context);
    const path = profileFilePath(context.env);
    const { current, profiles } = await readProfiles(path);
    const profile = {
      url,
      ...(given.caFile !== undefined && { caFile: resolve(given.caFile) }),
      ...(given.pin !== undefined && { pinnedSha256: pinIn(given.pin) }),
      ...(instance !== undefined && { instance }),
      token,
    };
    const used = given.use || current === undefined ? given.name : current;
    await writeProfiles(path, { current: used, profiles: { ...profiles, [given.name]: profile } });
    return told(`Profile ${given.name} is in ${path}${used === given.name ? ', and in use' : ''}.`, {
      profile: given.name,
      in_use: used === given.name,
    });
  },
});

interface TokenOptions {
  readonly token: (typeof SOURCES)[number] | undefined;
  readonly apiKeyFile: string | undefined;
  readonly command: string | undefined;
  readonly iamUrl: string | undefined;
}

async function tokenSourceIn(given: TokenOptions, context: Context): Promise<TokenSource> {
  const kind = given.token ?? (given.command === undefined ? 'api-key' : 'command');
  if (kind !== 'command' && given.command !== undefined) throw usageFault('--command goes with --token command alone');
  if (kind !== 'api-key' && given.apiKeyFile !== undefined) {
    throw usageFault('--api-key-file goes with --token api-key alone');
  }
  if (kind === 'ibmcloud') return { kind };
  if (kind === 'api-key') return await apiKeySource(given, context);
  if (given.command === undefined) throw usageFault('--command is missing: the shell command that prints a token');
  return { kind, command: given.command };
}

async function apiKeySource(
  { iamUrl = IAM_URL, apiKeyFile }: TokenOptions,
  { ask, read }: Context,
): Promise<TokenSource> {
  const source = { kind: 'api-key', iamUrl: addressIn(iamUrl) } as const;
  if (apiKeyFile === undefined) {
    const text = ask.isPossible ? await ask.secret('API key: ', '--api-key-file FILE') : String(await read('-'));
    return { ...source, apiKey: apiKeyIn(text) };
  }
  // Read now, so that a wrong file is noticed now.
  apiKeyIn(String(await read(apiKeyFile)));
  return { ...source, apiKeyFile: resolve(apiKeyFile) };
}

function pinIn(text: string): string {
  const pin = fingerprintIn(text);
  if (pin === undefined) throw usageFault('--pin takes a SHA-256 fingerprint, 64 hexadecimal digits');
  return pin;
}
