import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createKey, fetchKey } from './support/keys';
import { RunningService } from './support/running-service';
import { TenantApi } from './support/tenant-api';

jest.setTimeout(120_000);

const COMMAND = join(process.cwd(), 'scripts', 'verify-audit.mjs');

interface Verified {
  readonly status: number;
  readonly said: string;
}

describe('an exported audit log', () => {
  let service: RunningService;
  let api: TenantApi;
  let folder: string;
  let lines: string[];

  beforeAll(async () => {
    service = await RunningService.start();
    api = new TenantApi(service, await service.token('manager'));
    folder = await mkdtemp(join(tmpdir(), 'kmip-audit-'));
    await Promise.all([0, 1].map((endpoint) => useKeys(endpoint)));
    const [key] = (await api.ok<{ keys: { id: string }[] }>('GET', '/keys')).keys;
    await api.ok('PATCH', `/keys/${key?.id ?? ''}`, { suspended: true });
    await api.call('PATCH', `/keys/${key?.id ?? ''}`, { state: 'active' });
    lines = await exported();
  });

  afterAll(async () => {
    await service.remove();
    await rm(folder, { recursive: true, force: true });
  });

  async function useKeys(endpoint: number): Promise<void> {
    const client = await service.kmip(endpoint);
    for (let made = 0; made < 5; made += 1) await fetchKey(client, await createKey(client));
    await client.close();
  }

  async function exported(query = ''): Promise<string[]> {
    const answer = await api.call('GET', `/audit_log${query}`, undefined, {
      headers: { accept: 'application/x-ndjson' },
    });
    expect(answer.status).toBe(200);
    return answer.text.split('\n').slice(0, -1);
  }

  async function verify(given: readonly string[], ...head: string[]): Promise<Verified> {
    const file = join(folder, 'export.ndjson');
    await writeFile(file, given.map((line) => `${line}\n`).join(''));
    return await new Promise((resolve) => {
      execFile(process.execPath, [COMMAND, file, ...head], (error, stdout, stderr) => {
        resolve({ status: typeof error?.code === 'number' ? error.code : 0, said: (stdout + stderr).trim() });
      });
    });
  }

  const headOf = ({ said }: Verified): string => /; head (\S+)$/m.exec(said)?.[1] ?? '';
  const line = (number: number): string => lines[number - 1] ?? '';
  /** The log with one line replaced, as an editor would. */
  const edited = (number: number, edit: (text: string) => string): string[] =>
    lines.map((text, index) => (index === number - 1 ? edit(text) : text));

  it('is whole: every operation on both endpoints and every call, in one chain', async () => {
    const actions = lines.map((text) => (JSON.parse(text) as { action: string }).action);
    for (const action of [
      'kmip-key.create',
      'kmip-key.read',
      'kmip-key.suspend',
      'kmip-key.reactivate',
      'kmip-key.list',
    ]) {
      expect(actions).toContain(`vmware-solutions.${action}`);
    }
    const verified = await verify(lines);
    expect(verified).toEqual({
      status: 0,
      said: expect.stringMatching(`^events 1 to ${lines.length} of instance \\S+ are intact; head`) as string,
    });
    // The export after it goes on from there.
    const later = await exported();
    expect(later.slice(0, lines.length)).toEqual(lines);
    expect((await verify(later.slice(0, lines.length), headOf(verified))).status).toBe(0);
  });

  it('can be checked for a part of the time, too', async () => {
    const { eventTime } = JSON.parse(line(6)) as { eventTime: string };
    const from = eventTime.replace('+0000', 'Z');
    const part = await exported(`?occurred_at=gte:${from}`);
    expect(await verify(part)).toMatchObject({ status: 0 });
    expect(part.length).toBeGreaterThan(5);
    expect(await exported('?occurred_at=lt:2001-01-01')).toEqual([]);
  });

  it.each<[string, () => string[], string]>([
    [
      'who it was',
      () => edited(5, (text) => text.replaceAll(/CertificateID-[0-9a-f]/g, 'CertificateID-z')),
      'event 5: copy_mismatch',
    ],
    [
      'what is shown',
      () => edited(5, (text) => text.replace('"outcome":"success"', '"outcome":"failure"')),
      'event 5: copy_mismatch',
    ],
    ['what was hashed', () => edited(5, (text) => text.replaceAll('success', 'failure')), 'event 5: hash_mismatch'],
    ['a hash', () => edited(3, (text) => text.replace(/"hash":"./, '"hash":"')), 'event 3: hash_mismatch'],
    ['that it happened', () => lines.filter((_, index) => index !== 6), 'event 8: out_of_sequence'],
    ['the order', () => [line(2), line(1), ...lines.slice(2)], 'event 1: out_of_sequence'],
    ['a character', () => edited(7, (text) => text.slice(0, -1)), 'event 7: unreadable_line'],
  ])('betrays whoever changed %s', async (_what, change, fault) => {
    expect(await verify(change())).toEqual({ status: 1, said: expect.stringMatching(`^${fault}: `) as string });
  });

  it('betrays a missing end, and a chain made up anew, to whoever kept its head', async () => {
    const head = headOf(await verify(lines));
    expect((await verify(lines.slice(0, -1))).status).toBe(0);
    expect(await verify(lines.slice(0, -1), head)).toMatchObject({
      status: 1,
      said: expect.stringContaining('cut_at_end') as string,
    });
    const forged = rechained(lines, 5);
    expect((await verify(forged)).status).toBe(0);
    expect(await verify(forged, head)).toMatchObject({
      status: 1,
      said: expect.stringContaining('head_mismatch') as string,
    });
  });

  it('agrees with the head that the service has signed, by the keys that it publishes', async () => {
    const saved = async (path: string): Promise<string> => {
      const file = join(folder, `${path}.json`);
      await writeFile(file, (await api.call('GET', `/${path}`)).text);
      return file;
    };
    const [head, keys] = [await saved('audit_head'), await saved('audit_key_set')];
    const whole = await exported();
    expect(await verify(whole, head, '--keys', keys)).toEqual({
      status: 0,
      said: expect.stringContaining('the log agrees with head') as string,
    });
    expect(await verify(whole.slice(1), head, '--keys', keys)).toMatchObject({ status: 1 });
    expect(await verify(rechained(whole, 5), head, '--keys', keys)).toMatchObject({ status: 1 });
  });

  it('is not confirmed when there is nothing to confirm', async () => {
    expect((await verify([])).status).toBe(2);
    expect((await verify(lines, 'not a head')).status).toBe(2);
  });
});

/** What somebody with the database in his hands would do: another address in one event, and all hashes after it anew. */
function rechained(lines: readonly string[], from: number): string[] {
  let previousHash: string | undefined;
  return lines.map((text, index) => {
    if (index + 1 < from) return text;
    const changed = index + 1 === from ? text.replaceAll('127.0.0.1', '192.0.2.66') : text;
    const cadf = JSON.parse(changed) as { chain: { seq: number; event: string; previousHash: string; hash: string } };
    const { chain } = cadf;
    chain.previousHash = previousHash ?? chain.previousHash;
    const position = Buffer.alloc(8);
    position.writeBigInt64BE(BigInt(chain.seq));
    const hash = createHash('sha256')
      .update(Buffer.from(chain.previousHash, 'hex'))
      .update(position)
      .update(chain.event);
    previousHash = chain.hash = hash.digest('hex');
    return JSON.stringify(cadf);
  });
}
