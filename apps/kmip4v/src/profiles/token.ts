import { execFile } from 'node:child_process';

import { EXIT } from '../command-line/exit-codes';
import { CommandFault } from '../command-line/faults';
import { readFileOrFault } from './private-file';
import { type TokenSource } from './profile';

type Environment = Readonly<Record<string, string | undefined>>;
type Fetch = typeof globalThis.fetch;

/** Tokens live 15 minutes at least; a command that works longer asks again in time. */
const KEPT_MS = 5 * 60_000;
const COMMAND_TIMEOUT_MS = 120_000;
const IAM_TIMEOUT_MS = 30_000;
const API_KEY_GRANT = 'urn:ibm:params:oauth:grant-type:apikey';

/** Gives a bearer token, and asks its source as seldom as it can. */
export function tokenOf(source: TokenSource, env: Environment, fetch: Fetch = globalThis.fetch): () => Promise<string> {
  let last: { readonly token: Promise<string>; readonly askedAt: number } | undefined;
  return () => {
    const now = performance.now();
    if (last === undefined || now - last.askedAt > KEPT_MS)
      last = { token: freshToken(source, env, fetch), askedAt: now };
    return last.token;
  };
}

async function freshToken(source: TokenSource, env: Environment, fetch: Fetch): Promise<string> {
  switch (source.kind) {
    case 'given':
      return tokenIn(env[source.variable] ?? '', source.variable);
    case 'command':
      return tokenIn(await printed('/bin/sh', ['-c', source.command], 'the command of the profile'), 'the command');
    case 'ibmcloud':
      return tokenIn(await printed('ibmcloud', ['iam', 'oauth-tokens'], 'ibmcloud iam oauth-tokens'), 'ibmcloud');
    case 'api-key':
      return await exchanged(source, fetch);
  }
}

/** `Bearer TOKEN` wherever it stands, or the token alone. */
function tokenIn(text: string, from: string): string {
  const [, token] = /(?:^|\bBearer\s+)([\w.~+/=-]{8,})\s*$/m.exec(text.trim()) ?? [];
  if (token === undefined) throw new CommandFault(EXIT.refused, `${from} gave no token`, REMEDY);
  return token;
}

const REMEDY = 'log in again (e.g. ibmcloud login), or give the profile another source of tokens';

function printed(program: string, words: readonly string[], named: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, words, { timeout: COMMAND_TIMEOUT_MS, encoding: 'utf8' }, (error, stdout) => {
      if (error === null) resolve(stdout);
      // Neither its text nor what it printed: the command line may hold what is secret.
      else if (error.code === 'ENOENT')
        reject(new CommandFault(EXIT.unavailable, `${named}: ${program} is not installed`));
      else reject(new CommandFault(EXIT.refused, `${named} failed, and gave no token`, REMEDY));
    });
  });
}

/** https://cloud.ibm.com/apidocs/iam-identity-token-api#gettoken-apikey */
async function exchanged(source: Extract<TokenSource, { kind: 'api-key' }>, fetch: Fetch): Promise<string> {
  const { iamUrl, apiKeyFile } = source;
  const apiKey = source.apiKey ?? apiKeyIn((await readFileOrFault(apiKeyFile ?? '')).toString('utf8'));
  const response = await fetch(`${iamUrl.replace(/\/$/, '')}/identity/token`, {
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: API_KEY_GRANT, apikey: apiKey }).toString(),
    signal: AbortSignal.timeout(IAM_TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) {
    const exit = response.status >= 500 || response.status === 429 ? EXIT.unavailable : EXIT.refused;
    throw new CommandFault(exit, `IAM gave no token (${reasonIn(text) ?? `status ${response.status}`})`, REMEDY_OF_IAM);
  }
  const { access_token: token } = JSON.parse(text) as { readonly access_token?: string };
  if (token === undefined) throw new CommandFault(EXIT.refused, 'IAM gave no token', REMEDY_OF_IAM);
  return token;
}

const REMEDY_OF_IAM = 'check that the API key is the right one and not locked, and the address of IAM';

/** IAM's own code. Its sentence may repeat what it was sent. */
function reasonIn(text: string): string | undefined {
  return /"errorCode"\s*:\s*"(\w+)"/.exec(text)?.[1];
}

/** As it is, or as IBM Cloud's downloads have it: `{"apikey": "…"}`. */
export function apiKeyIn(text: string): string {
  const [, ofJson] = /"apikey"\s*:\s*"([^"]+)"/.exec(text) ?? [];
  const key = (ofJson ?? text).trim();
  if (key === '' || /\s/.test(key)) throw new CommandFault(EXIT.usage, 'the file holds no API key');
  return key;
}
