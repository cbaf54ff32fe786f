import { setTimeout as delay } from 'node:timers/promises';

import { type TenantApi, tenantApi } from '@lib/tenant-api-client';

import { type Output } from '../output/output';
import { chooseProfile, findConnection } from '../profiles/choose-profile';
import { demoVcenter } from '../profiles/demo-vcenter';
import { readFileOrFault } from '../profiles/private-file';
import { type Connection } from '../profiles/connection-file';
import { type Profile } from '../profiles/profile';
import { tokenOf } from '../profiles/token';
import { instanceIdOf } from '../tenant/instance';
import { trustingFetch } from '../tenant/trusting-fetch';
import { type Context, type SharedOptions } from './context';
import { Prompt } from './prompt';
import { type Described } from './reference';

interface Opening {
  readonly reference: () => Promise<Described>;
  readonly world: NodeJS.Process;
  readonly out: Output;
  readonly checkout: string | undefined;
  readonly shared: SharedOptions;
  /** Told before the first request that changes something. */
  readonly onChange: () => void;
}

/** Everything is opened when a command first asks for it. */
export function contextOf({ world, out, checkout, shared, onChange, reference }: Opening): Context {
  const { env, stdin } = world;
  const profile = once(() => chooseProfile(shared, env, checkout));
  const api = once(async () => await openApi(await profile(), env, onChange));
  const tenant = once(async () => {
    const [opened, { instance }] = [await api(), await profile()];
    return { api: opened, instance: await instanceIdOf(opened, shared.instance ?? instance) };
  });
  const ask = new Prompt(world);
  const read = (file: string): Promise<Buffer> => (file === '-' ? wholeOf(stdin) : readFileOrFault(file));
  const look = (): Promise<Connection | undefined> => findConnection(shared, env, checkout);
  const waiting = { look, note: out.note.bind(out), pause: delay, monotonicMs: () => performance.now() };
  return {
    ...{ out, ask, env, shared, checkout, changes: onChange, read, profile, api, tenant, reference },
    demo: once(look),
    demoVcenter: once(() => demoVcenter(waiting)),
  };
}

async function openApi(profile: Profile, env: NodeJS.ProcessEnv, onChange: () => void): Promise<TenantApi> {
  const fetch = await trustingFetch(profile);
  return tenantApi({ url: profile.url, token: tokenOf(profile.token, env), fetch, onChange });
}

async function wholeOf(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () => (opened ??= open());
}
