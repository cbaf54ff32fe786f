import { join } from 'node:path';

import { EXIT } from '../command-line/exit-codes';
import { CommandFault } from '../command-line/faults';
import { type SharedOptions } from '../command-line/context';
import { addressIn } from './address';
import { type Connection, profileOf, readConnection } from './connection-file';
import { IAM_URL, type Profile, type TokenSource } from './profile';
import { profileFilePath, readProfiles } from './profile-file';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The first of: a connection file that is named, the service that the environment names, the profile that is named, the
 * one in use, and in a checkout the running demo. Connection files name commands that are run, so none is taken from
 * wherever one happens to stand.
 */
export async function chooseProfile(
  shared: SharedOptions,
  env: Environment,
  checkout: string | undefined,
): Promise<Profile> {
  const named = await namedConnection(shared, env);
  if (named !== undefined) return asUserOf(named, shared, env);
  const fromEnvironment = profileInEnvironment(env);
  const name = shared.profile ?? env['KMIP4V_PROFILE'];
  if (name === undefined && fromEnvironment !== undefined) return fromEnvironment;
  const path = profileFilePath(env);
  const { current, profiles } = await readProfiles(path);
  const chosen = name ?? current;
  if (chosen !== undefined) {
    const profile = Object.hasOwn(profiles, chosen) ? profiles[chosen] : undefined;
    if (profile === undefined) {
      throw new CommandFault(EXIT.usage, `there is no profile ${chosen} in ${path}`, 'kmip4v profile list');
    }
    return { name: chosen, ...profile, ...overrides(env) };
  }
  const demo = await demoConnection(env, checkout);
  if (demo !== undefined) return asUserOf(demo, shared, env);
  const ways = ['kmip4v profile add --help', ...(checkout === undefined ? [] : ['or start the demo: npm start'])];
  throw new CommandFault(EXIT.usage, 'it is not known which service to talk to', ways.join(', '));
}

/** A role that is named goes before a token that the environment gives. */
function asUserOf({ file, connection }: FoundConnection, shared: SharedOptions, env: Environment): Profile {
  const role = shared.role ?? env['KMIP4V_ROLE'];
  return { ...profileOf(file, connection, role), ...(role === undefined && overrides(env)) };
}

/** The running demo that is named, or that this checkout has. */
export async function findConnection(
  shared: SharedOptions,
  env: Environment,
  checkout: string | undefined,
): Promise<Connection | undefined> {
  return ((await namedConnection(shared, env)) ?? (await demoConnection(env, checkout)))?.connection;
}

interface FoundConnection {
  readonly file: string;
  readonly connection: Connection;
}

async function namedConnection(shared: SharedOptions, env: Environment): Promise<FoundConnection | undefined> {
  const file = shared.connection ?? env['KMIP4V_CONNECTION'];
  if (file === undefined) return undefined;
  const connection = await readConnection(file);
  if (connection === undefined) {
    throw new CommandFault(EXIT.unavailable, `there is no ${file}`, 'start the service first (npm start)');
  }
  return { file, connection };
}

async function demoConnection(env: Environment, checkout: string | undefined): Promise<FoundConnection | undefined> {
  const folder = env['DATA_DIR'] ?? (checkout === undefined ? undefined : join(checkout, '.data'));
  if (folder === undefined) return undefined;
  const file = join(folder, 'connection.json');
  const connection = await readConnection(file);
  return connection === undefined ? undefined : { file, connection };
}

function profileInEnvironment(env: Environment): Profile | undefined {
  const { KMIP4V_URL: url, KMIP4V_CA_FILE: caFile, KMIP4V_PIN: pinnedSha256, KMIP4V_INSTANCE: instance } = env;
  if (url === undefined) return undefined;
  const { token } = overrides(env);
  if (token === undefined) {
    throw new CommandFault(EXIT.usage, 'KMIP4V_URL is set, and neither KMIP4V_TOKEN nor KMIP4V_API_KEY');
  }
  return { name: 'the environment', url: addressIn(url), caFile, pinnedSha256, instance, token };
}

/** What the environment gives for this one command. */
function overrides(env: Environment): { readonly token?: TokenSource } {
  if (env['KMIP4V_TOKEN'] !== undefined) return { token: { kind: 'given', variable: 'KMIP4V_TOKEN' } };
  const { KMIP4V_API_KEY: apiKey, KMIP4V_IAM_URL: iamUrl = IAM_URL } = env;
  return apiKey === undefined ? {} : { token: { kind: 'api-key', iamUrl, apiKey } };
}
