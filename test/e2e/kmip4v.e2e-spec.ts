import { execFile, spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { freePort } from './support/compose-deployment';
import { createKey, fetchKey } from './support/keys';
import { RunningService } from './support/running-service';

jest.setTimeout(180_000);

const KMIP4V = join(process.cwd(), 'apps', 'kmip4v', 'bin', 'kmip4v.js');
const execute = promisify(execFile);

interface Ran {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

interface Wishes {
  readonly input?: string;
  /** Without those that are undefined. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly program?: readonly [string, ...string[]];
}

describe('kmip4v, as the demo tenant types it', () => {
  let service: RunningService;
  let folder: string;
  let token: string;
  /** All that it ever printed. */
  let printed = '';

  beforeAll(async () => {
    service = await RunningService.start();
    folder = await mkdtemp(join(tmpdir(), 'kmip4v-e2e-'));
    token = await service.token('Manager');
  });
  afterAll(async () => {
    await service.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const at = (name: string): string => join(folder, name);
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(at(name), text);
    return at(name);
  };
  const environment = (more: Wishes['env'] = {}): NodeJS.ProcessEnv => ({
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    KMIP4V_CONNECTION: join(service.dataFolder, 'connection.json'),
    // Else each command asks for one anew.
    KMIP4V_TOKEN: token,
    ...more,
  });

  /** Without a terminal, as a script would. */
  const ran = async (
    words: readonly string[],
    { input, env, program = [process.execPath, KMIP4V] }: Wishes = {},
  ): Promise<Ran> => {
    const [command, ...before] = program;
    const child = spawn(command, [...before, ...words], { env: environment(env), stdio: 'pipe' });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
    const exit = await new Promise<number | null>((resolve) => child.once('close', resolve));
    printed += out + err;
    return { exit, out, err };
  };
  const kmip4v = (line: string, wishes?: Wishes): Promise<Ran> => ran(line === '' ? [] : line.split(' '), wishes);
  /** @returns what it printed with `--output json`, once it ended with 0 */
  const json = async <T>(line: string, wishes?: Wishes): Promise<T> => {
    const { exit, out, err } = await kmip4v(`${line} -o json`, wishes);
    expect({ exit, err }).toMatchObject({ exit: 0 });
    return JSON.parse(out) as T;
  };

  it('shows an instance as a table, as JSON, and as YAML', async () => {
    const { id } = service.connection.instance;
    expect((await kmip4v('instance list')).out).toMatch(new RegExp(`^NAME +ID +REGION.*\ndemo-kmip +${id} `));
    expect(await json('instance list')).toEqual([expect.objectContaining({ id, name: 'demo-kmip' })]);
    expect((await kmip4v('instance show -o yaml')).out).toContain(`\nname: demo-kmip\n`);
    expect(await json('instance show demo-kmip --instance nobody-asks')).toMatchObject({ id });
  });

  it('is colourful and as narrow as a terminal, and plain without one', async () => {
    const onTerminal = async (columns: number, env?: Record<string, string>): Promise<string> => {
      const line = `stty cols ${columns}; exec ${process.execPath} ${KMIP4V} instance list`;
      return (
        await ran(['-qec', line, '/dev/null'], { program: ['script'], env: { TERM: 'xterm', ...env } })
      ).out.replaceAll('\r', '');
    };
    const plain = (text: string): string => text.replaceAll(/\u001b\[\d+m/g, '');
    const wide = await onTerminal(120);
    expect(wide).toContain('\u001b[');
    for (const text of [wide, await onTerminal(60)]) expect(plain(text)).toContain(service.connection.instance.id);
    for (const columns of [60, 90, 120]) {
      const lines = plain(await onTerminal(columns)).split('\n');
      expect(Math.max(...lines.map((line) => Array.from(line).length))).toBeLessThanOrEqual(columns);
    }
    expect(await onTerminal(120, { NO_COLOR: '1' })).not.toContain('\u001b[');
    expect((await kmip4v('instance list')).out).not.toContain('\u001b[');
  });

  it.each([
    ['--help', 0, 'Exit status'],
    ['help key list', 0, '--unservable'],
    ['', 2, 'Usage'],
    ['instance lst', 2, 'Did you mean list?'],
    ['key list --stat active', 2, 'Did you mean --state?'],
    ['key list --limit many', 2, '--limit takes a number'],
    ['instance list -o xml', 2, 'Allowed choices'],
    ['certificate add x', 2, '--file or --attempt'],
    ['certificate add x --file /nowhere', 2, '/nowhere cannot be read'],
    ['certificate show nobody', 4, 'kmip4v certificate list'],
    ['webhook show', 4, 'trace: '],
    ['certificate make-pair x --key-out /tmp --certificate-out /tmp', 2, '/tmp exists already'],
    ['key suspend nothing', 4, 'there is no key nothing'],
    ['reclaim list', 3, 'Upload an inventory first'],
    ['certificate rename demo-vcenter other --role Viewer', 3, 'ask the administrator'],
    ['instance list --role Nobody', 2, 'no user of the demo'],
    ['instance list --connection /nowhere', 5, 'npm start'],
    ['--instance nobody key list', 4, 'there is no instance nobody'],
  ])('answers `%s` with %d', async (line, exit, words) => {
    const ended = await kmip4v(line);
    expect(ended).toMatchObject({ exit });
    expect(ended.out + ended.err).toContain(words);
    // What went wrong is no answer.
    if (exit !== 0) expect(ended.out).toBe('');
  });

  it('says that nothing answers, in JSON too', async () => {
    const env = { KMIP4V_CONNECTION: undefined, KMIP4V_URL: `http://127.0.0.1:${await freePort()}` };
    const { exit, err } = await kmip4v('instance list -o json', { env });
    expect(exit).toBe(5);
    expect(JSON.parse(err)).toMatchObject({ error: { exit_code: 5, code: 'ECONNREFUSED' } });
  });

  it('ends quietly when nobody reads on', async () => {
    const line = `${process.execPath} ${KMIP4V} audit list -o json | head -c 1 >/dev/null; echo "\${PIPESTATUS[0]}"`;
    expect(await ran(['-c', line], { program: ['bash'] })).toEqual({ exit: 0, out: '0\n', err: '' });
  });

  it('lets certificates in, and has pairs made that serve', async () => {
    await execute('openssl', [
      ...'req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=vc'.split(' '),
      '-keyout',
      at('csr.key'),
      '-out',
      at('csr.pem'),
    ]);
    const request = await readFile(at('csr.pem'), 'utf8');
    const signed = await json<{ id: string; proof: object }>(
      `certificate add signed --file - --out ${at('signed.pem')}`,
      { input: request },
    );
    expect(await readFile(at('signed.pem'), 'utf8')).toContain('BEGIN CERTIFICATE');
    await expect(kmip4v(`certificate add again --file ${at('signed.pem')}`)).resolves.toMatchObject({ exit: 3 });
    const wrong = await kmip4v('certificate add key --file -', { input: await readFile(at('csr.key'), 'utf8') });
    expect([wrong.exit, wrong.err]).toEqual([2, expect.stringContaining('private key')]);

    const files = `--key-out ${at('pair.key')} --certificate-out ${at('pair.pem')}`;
    const made = await json<object>(`certificate make-pair pair ${files}`);
    expect(made).not.toHaveProperty('private_key');
    expect((await stat(at('pair.key'))).mode & 0o777).toBe(0o600);
    await expect(kmip4v(`certificate make-pair pair2 ${files}`)).resolves.toMatchObject({ exit: 2 });
    await json('wait certificate pair');
    const client = await service.kmipAs(await readFile(at('pair.pem'), 'utf8'), await readFile(at('pair.key'), 'utf8'));
    await createKey(client);
    await client.close();
    const archive = `certificate make-pair archived --encoding pkcs12 --key-out ${at('pair.p12')} --password-file -`;
    await json(archive, { input: 'secret of the archive\n' });
    await execute('openssl', [
      'pkcs12',
      '-in',
      at('pair.p12'),
      '-passin',
      'pass:secret of the archive',
      '-nodes',
      '-out',
      '/dev/null',
    ]);

    // In use since a moment ago: it has to be named.
    const refused = await kmip4v('certificate remove pair');
    expect([refused.exit, refused.err]).toEqual([3, expect.stringContaining('--confirm')]);
    await json('certificate remove pair --confirm pair');
    await json(`certificate rename ${signed.id} renamed`);
    await json('certificate remove renamed');
    expect((await json<{ name: string }[]>('certificate list')).map(({ name }) => name).sort()).toEqual([
      'archived',
      'demo-vcenter',
    ]);
  });

  it('suspends, revokes and destroys a key, and each wants what it wants', async () => {
    const client = await service.kmip();
    const key = await createKey(client);
    await client.activate(key);
    expect(await json('key list --state active')).toContainEqual(expect.objectContaining({ id: key, servable: true }));
    await expect(kmip4v(`key suspend ${key}`)).resolves.toMatchObject({
      exit: 2,
      err: expect.stringContaining('--yes') as string,
    });
    await json(`key suspend ${key} --yes`);
    expect(await fetchKey(client, key)).toHaveProperty('reason');
    await json(`key resume ${key}`);
    expect(await fetchKey(client, key)).toHaveProperty('hex');
    const { name } = await json<{ name: string }>(`key show ${key}`);
    await expect(kmip4v(`key destroy ${key} --yes`)).resolves.toMatchObject({ exit: 2 });
    await expect(kmip4v(`key destroy ${key}`)).resolves.toMatchObject({ exit: 2 });
    await expect(ran(['key', 'destroy', key, '--confirm', 'another'])).resolves.toMatchObject({ exit: 3 });
    await expect(ran(['key', 'destroy', key, '--confirm', name])).resolves.toMatchObject({ exit: 3 });
    await expect(ran(['key', 'destroy', key, '--confirm', name, '--revoke', '--dry-run'])).resolves.toMatchObject({
      exit: 0,
    });
    expect(await fetchKey(client, key)).toHaveProperty('hex');
    const destroyed = await ran(['key', 'destroy', key, '--confirm', name, '--revoke', '-o', 'json']);
    expect(JSON.parse(destroyed.out)).toMatchObject({ id: key, state: 'destroyed' });
    await client.close();
  });

  it('shreds by a plan that goes on until all is shown to be gone', async () => {
    const client = await service.kmip();
    const key = await createKey(client);
    await client.close();
    const plan = await json<{ id: string; hash: string }>(`shred plan --key ${key}`);
    await expect(kmip4v(`shred execute ${plan.id} --hash ${'0'.repeat(64)}`)).resolves.toMatchObject({ exit: 3 });
    expect(await json(`shred execute ${plan.id} --hash ${plan.hash}`)).toMatchObject({ key_count: 1, shown_count: 1 });
    await json(`shred record ${plan.id} --out ${at('record.json')}`);
    await json(`audit keys --out ${at('keys.json')}`);
    const { out, exit } = await kmip4v(`audit verify-record ${at('record.json')} --keys ${at('keys.json')}`);
    expect([exit, out]).toEqual([0, expect.stringContaining('is intact')]);
  });

  it('exports an audit trail that is verified, unless somebody changed it', async () => {
    await json(`audit head --out ${at('head.json')}`);
    await json(`audit keys --out ${at('set.json')}`);
    await json(`audit export --out ${at('log')}`);
    const verify = `audit verify ${at('log')} ${at('head.json')} --keys ${at('set.json')}`;
    expect(await kmip4v(verify)).toMatchObject({ exit: 0, out: expect.stringContaining('are intact') as string });
    await write('log', (await readFile(at('log'), 'utf8')).replace('success', 'failure'));
    expect(await kmip4v(verify)).toMatchObject({ exit: 1, err: expect.stringContaining('event 1') as string });
    await write('log', '');
    expect(await kmip4v(verify)).toMatchObject({ exit: 1 });
    expect(await kmip4v(`audit verify ${at('log')}`)).toMatchObject({ exit: 2 });
  });

  it('works by a profile with an API key, which is in its file and nowhere else', async () => {
    const { localCloud, management } = service.connection;
    const { apikey } = await service.localCloud<{ apikey: string }>('POST', '/api-keys', {
      iamId: 'IBMid-DEMOMANAGER',
    });
    const alone: Wishes = {
      env: { KMIP4V_CONNECTION: undefined, KMIP4V_TOKEN: undefined, XDG_CONFIG_HOME: at('xdg') },
    };
    const add = `profile add demo --url ${management.url} --iam-url ${localCloud.url}/iam --instance demo-kmip`;
    expect(await kmip4v(add, { ...alone, input: `${apikey}\n` })).toMatchObject({ exit: 0 });
    expect(await json('certificate list', alone)).toHaveLength(2);
    expect((await kmip4v('profile list', alone)).out).toContain('API key, kept in the profile');
    const file = at('xdg/kmip4v/config.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await chmod(file, 0o644);
    expect(await kmip4v('key list', alone)).toMatchObject({
      exit: 3,
      err: expect.stringContaining('chmod 600') as string,
    });
    await chmod(file, 0o600);
    await kmip4v(add, { ...alone, input: 'not-the-key\n' });
    expect(await kmip4v('key list', alone)).toMatchObject({
      exit: 3,
      err: expect.stringContaining('IAM gave no token') as string,
    });
    expect(printed).not.toContain(apikey);
  });

  it('tells whether a vCenter will work, and why not', async () => {
    const { kmip } = service.connection;
    interface Finding {
      readonly check: string;
      readonly result: string;
    }
    const well = await json<Finding[]>('doctor');
    expect(new Set(well.map(({ check }) => check))).toEqual(
      new Set([
        'instance',
        'DNS',
        'TCP',
        'TLS',
        'certificate',
        'listed',
        'Discover Versions',
        'Query',
        'clock',
        'pre-flight',
        'refusals',
      ]),
    );
    const make = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=stranger'.split(' ');
    await execute('openssl', [...make, '-keyout', at('stranger.key'), '-out', at('stranger.pem')]);
    const line = `doctor --certificate ${at('stranger.pem')} --key ${at('stranger.key')} --address ${kmip.host}:${kmip.ports[0] ?? 0} --address ${kmip.host}:1 -o json`;
    const { exit, out } = await kmip4v(line);
    expect(exit).toBe(1);
    const failed = (JSON.parse(out) as Finding[]).filter(({ result }) => result === 'failed').map(({ check }) => check);
    expect(failed).toEqual(['TCP', 'listed', 'KMIP']);
  });

  it('is one package that installs without a network, and works from anywhere', async () => {
    const { stdout } = await execute('npm', ['pack', '--silent', '--pack-destination', folder], {
      cwd: join(process.cwd(), 'apps', 'kmip4v'),
    });
    const prefix = at('prefix');
    await execute(
      'npm',
      ['install', '--global', '--offline', '--prefix', prefix, at(stdout.trim().split('\n').at(-1) ?? '')],
      {
        env: { ...environment(), npm_config_cache: at('npm-cache') },
      },
    );
    const installed: Wishes = { program: [join(prefix, 'bin', 'kmip4v')] };
    expect(await json('certificate show demo-vcenter', installed)).toMatchObject({ name: 'demo-vcenter' });
    expect(await kmip4v(`audit verify ${at('log')}`, installed)).toMatchObject({ exit: 2 });
    expect(await kmip4v('admin instance list', installed)).toMatchObject({
      exit: 2,
      err: expect.stringContaining('npx kmip4v admin') as string,
    });
  });

  it('has never printed a token or a private key', () => {
    expect(printed.length).toBeGreaterThan(10_000);
    expect(printed).not.toContain('PRIVATE KEY');
    // Of what is signed, heads and records of the audit trail alone may be shown.
    const headers = Array.from(printed.matchAll(/\beyJ[\w-]+(?=\.[\w-]+\.)/g), ([header]) =>
      Buffer.from(header, 'base64url').toString(),
    );
    expect(headers.filter((header) => !header.includes('"typ":"kmip-'))).toEqual([]);
  });
});
