import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type SharedOptions } from '../command-line/context';
import { chooseProfile } from './choose-profile';
import { readPrivateFile, NewPrivateFile, writePrivateFile } from './private-file';
import { readProfiles, writeProfiles } from './profile-file';

const NOTHING: SharedOptions = { profile: undefined, connection: undefined, instance: undefined, role: undefined };
const API_KEY = 'never-to-be-printed';

describe('files of profiles', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kmip4v-'));
    file = join(folder, 'below', 'config.json');
  });

  afterEach(async () => await rm(folder, { recursive: true, force: true }));

  it('are readable by their owner alone, and refused when they are not', async () => {
    await writePrivateFile(file, 'one');
    await writePrivateFile(file, 'two');
    expect([(await stat(file)).mode & 0o777, await readPrivateFile(file)]).toEqual([0o600, 'two']);
    for (const mode of [0o640, 0o604, 0o620]) {
      await chmod(file, mode);
      await expect(readPrivateFile(file)).rejects.toMatchObject({ exit: 3, remedy: `chmod 600 ${file}` });
    }
    expect(await readPrivateFile(join(folder, 'absent'))).toBeUndefined();
  });

  it('take the place of nothing that cannot be had again', async () => {
    const key = join(folder, 'key.pem');
    await (await NewPrivateFile.open(key)).fill('one');
    await expect(NewPrivateFile.open(key)).rejects.toMatchObject({ exit: 2 });
    expect([(await stat(key)).mode & 0o777, await readFile(key, 'utf8')]).toEqual([0o600, 'one']);
    const other = await NewPrivateFile.open(join(folder, 'other.pem'));
    await expect(other.orDiscard(Promise.reject(new Error('refused')))).rejects.toThrow('refused');
    await expect(stat(other.path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each([
    ['no JSON', '{'],
    [
      'a field that is not known',
      `{"profiles":{"p":{"url":"https://a.example","token":{"kind":"api-key","apiKey":"${API_KEY}"}}}}`,
    ],
    ['no URL', `{"profiles":{"p":{"url":"${API_KEY}","token":{"kind":"ibmcloud"}}}}`],
  ])('with %s are refused without a word of what they hold', async (_what, text) => {
    await writePrivateFile(file, text);
    const error: unknown = await readProfiles(file).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ exit: 2 });
    expect(JSON.stringify(error) + String(error)).not.toContain(API_KEY);
  });
});

describe('the profile in use', () => {
  let folder: string;

  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'kmip4v-'))));
  afterEach(async () => await rm(folder, { recursive: true, force: true }));

  const connection = {
    instance: { id: 'i' },
    management: { url: 'http://127.0.0.1:1', tokenCommand: { Manager: 'm', Viewer: 'v' } },
  };

  it('is the named one before the current one before the demo of the checkout', async () => {
    const env = { KMIP4V_CONFIG: join(folder, 'config.json') };
    await expect(chooseProfile(NOTHING, env, undefined)).rejects.toMatchObject({ exit: 2 });
    await writePrivateFile(join(folder, '.data', 'connection.json'), JSON.stringify(connection));
    expect(await chooseProfile(NOTHING, env, folder)).toMatchObject({
      url: 'http://127.0.0.1:1',
      token: { command: 'm' },
    });
    expect(await chooseProfile({ ...NOTHING, role: 'Viewer' }, env, folder)).toMatchObject({ token: { command: 'v' } });
    const token = { kind: 'ibmcloud' } as const;
    const profiles = { a: { url: 'https://a.example', token }, b: { url: 'https://b.example', token } };
    await writeProfiles(env.KMIP4V_CONFIG, { current: 'a', profiles });
    expect(await chooseProfile(NOTHING, env, folder)).toMatchObject({ name: 'a' });
    expect(await chooseProfile({ ...NOTHING, profile: 'b' }, env, folder)).toMatchObject({ name: 'b' });
    expect(await chooseProfile(NOTHING, { ...env, KMIP4V_TOKEN: 'x' }, folder)).toMatchObject({
      token: { kind: 'given' },
    });
    for (const profile of ['c', 'constructor', '__proto__']) {
      await expect(chooseProfile({ ...NOTHING, profile }, env, folder)).rejects.toMatchObject({ exit: 2 });
    }
  });

  it('is taken from a connection file that others cannot write, since it names commands', async () => {
    const file = join(folder, 'connection.json');
    await writeFile(file, JSON.stringify(connection), { mode: 0o666 });
    await chmod(file, 0o666);
    await expect(chooseProfile({ ...NOTHING, connection: file }, {}, undefined)).rejects.toMatchObject({ exit: 3 });
    await chmod(file, 0o600);
    expect(await chooseProfile({ ...NOTHING, connection: file }, {}, undefined)).toMatchObject({ instance: 'i' });
    await expect(
      chooseProfile({ ...NOTHING, connection: join(folder, 'absent') }, {}, undefined),
    ).rejects.toMatchObject({ exit: 5 });
  });

  it('may come from the environment alone', async () => {
    const env = { KMIP4V_URL: 'https://a.example', KMIP4V_CONFIG: join(folder, 'none') };
    await expect(chooseProfile(NOTHING, env, undefined)).rejects.toMatchObject({ exit: 2 });
    for (const url of ['http://kmip.example', 'kmip.example', 'https://user:password@kmip.example']) {
      const given = { ...env, KMIP4V_URL: url, KMIP4V_TOKEN: 'x' };
      await expect(chooseProfile(NOTHING, given, undefined)).rejects.toMatchObject({ exit: 2 });
    }
    expect(await chooseProfile(NOTHING, { ...env, KMIP4V_API_KEY: API_KEY }, undefined)).toMatchObject({
      url: 'https://a.example',
      token: { kind: 'api-key', iamUrl: 'https://iam.cloud.ibm.com' },
    });
  });
});
