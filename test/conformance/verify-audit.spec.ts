import { execFile, execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  AUDIT_ACTIONS,
  type AuditEvent,
  auditHash,
  type AuditInitiator,
  auditKeyId,
  auditKeyJwk,
  canonicalAuditEvent,
  signContent,
  signHead,
  toCadf,
  verifyExport,
} from '@lib/audit';
import { newCorrelationId, toFingerprint, toInstanceId } from '@lib/kernel';

const SCRIPT = join(process.cwd(), 'scripts', 'verify-audit.mjs');
const MINE = toInstanceId('11111111-1111-4111-8111-111111111111');
const OTHER = toInstanceId('22222222-2222-4222-8222-222222222222');
const AT = new Date('2026-11-28T12:00:00.000Z');

const INITIATORS: readonly AuditInitiator[] = [
  { kind: 'certificate', fingerprint: toFingerprint('ab'.repeat(32)), name: 'vc', address: '192.0.2.1' },
  { kind: 'certificate', fingerprint: toFingerprint('cd'.repeat(32)) },
  { kind: 'user', iamId: 'IBMid-1', address: '2001:db8::1' },
  { kind: 'user', iamId: 'iam-ServiceId-1', name: 'pipeline' },
  { kind: 'system', component: 'reconciler' },
];

const event = (index: number, changes: Partial<AuditEvent> = {}): AuditEvent => ({
  instanceId: MINE,
  action: AUDIT_ACTIONS[index % AUDIT_ACTIONS.length] ?? 'vmware-solutions.kmip-key.read',
  occurredAt: new Date(AT.getTime() + index),
  initiator: INITIATORS[index % INITIATORS.length] ?? { kind: 'system', component: 'x' },
  outcome: index % 3 === 0 ? 'failure' : 'success',
  ...(index % 3 === 0 && { reason: 'key_suspended' }),
  ...(index % 4 > 0 && {
    target: { kind: 'key', id: `k${String(index)}`, ...(index % 4 > 1 && { name: 'Größe \uFFFD' }) },
  }),
  correlationId: newCorrelationId(),
  ...(index % 2 > 0 && { latencyMs: index * 1.5 }),
  observer: 'kmip-1',
  ...(index % 5 > 0 && { details: { state: 'Active', count: index, kept: true } }),
  ...changes,
});

/** A chain as an export shows it. */
function chained(events: readonly AuditEvent[], from = 1, previous: Buffer = Buffer.alloc(32)): string[] {
  let previousHash = previous;
  return events.map((each, index) => {
    const [seq, text] = [from + index, canonicalAuditEvent(each)];
    const hash = auditHash(previousHash, seq, text);
    const row = { instanceId: each.instanceId, seq, event: text, previousHash, hash };
    previousHash = hash;
    return JSON.stringify(toCadf(row));
  });
}

const chainOn = (line: string): { seq: number; hash: string } =>
  (JSON.parse(line) as { chain: { seq: number; hash: string } }).chain;
const written = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

const key = { ...generateKeyPairSync('ed25519'), from: new Date(AT.getTime() - 1) };
const stranger = { ...generateKeyPairSync('ed25519'), from: key.from };
const keySet = (...keys: (typeof key)[]): string =>
  JSON.stringify({
    keys: keys.map((each) => ({ ...auditKeyJwk(each), kid: auditKeyId(each), not_before: each.from.toISOString() })),
  });

const log = chained(Array.from({ length: 12 }, (_, index) => event(index)));
const lineAt = (seq: number): string => log[seq - 1] ?? '';

interface HeadWish {
  readonly of?: readonly string[];
  readonly seq?: number;
  readonly instanceId?: string;
  readonly firstSeq?: number;
  readonly by?: typeof key;
  readonly signedAt?: Date;
}

/** As the API answers it. */
function headOf({
  of = log,
  seq = of.length,
  instanceId = MINE,
  firstSeq = 1,
  by = key,
  signedAt = AT,
}: HeadWish = {}) {
  const { hash } = chainOn(of[seq - 1] ?? '');
  const supersedes = [{ seq: 99, hash: 'ab'.repeat(32), signedAt: AT }];
  const head = { instanceId, seq, hash, firstSeq, recordCount: seq - firstSeq + 1, signedAt, supersedes };
  return JSON.stringify({ state: 'signed', ...head, jws: signHead(head, by).jws });
}

interface Verified {
  readonly status: number;
  readonly said: string;
}

describe('scripts/verify-audit.mjs', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'verify-audit-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  function run(args: readonly string[]): Promise<Verified> {
    return new Promise((resolve) => {
      // From a folder without packages: it needs nothing of the product's build.
      execFile(process.execPath, [SCRIPT, ...args], { cwd: folder }, (error, stdout, stderr) => {
        resolve({ status: typeof error?.code === 'number' ? error.code : 0, said: (stdout + stderr).trim() });
      });
    });
  }

  const verify = (content: string, head = headOf(), ...more: string[]): Promise<Verified> =>
    run([file('log', content), file('head', head), '--keys', file('keys', keySet(key)), ...more]);

  it('confirms a whole log by its signed head, and says what it does not cover', async () => {
    const { hash } = chainOn(lineAt(12));
    const whole = await verify(written(log));
    expect(whole.status).toBe(0);
    expect(whole.said).toContain(`events 1 to 12 of instance ${MINE} are intact; head 12:${hash}`);
    expect(whole.said).toContain(
      `head 12, signed at ${AT.toISOString()} by key ${auditKeyId(key)}; 0 events came after it`,
    );
    expect(whole.said).toContain('the operator released a restore; head 99:');
    expect((await verify(written(log), headOf({ seq: 9 }))).said).toContain('3 events came after it');
  });

  it('confirms a log that goes on after an earlier head, and a part as a part', async () => {
    const earlier = file('earlier', headOf({ seq: 5 }));
    expect(await verify(written(log.slice(5)), headOf(), '--after', earlier)).toMatchObject({ status: 0 });
    expect(await verify(written(log.slice(6)), headOf(), '--after', earlier)).toMatchObject({
      status: 1,
      said: 'event 7: cut_at_start: events 6 to 6 are missing before it',
    });
    expect(await verify(written(log.slice(3, 8)), headOf(), '--part')).toMatchObject({ status: 0 });
    expect(await verify(written(log.slice(3, 8)), headOf({ seq: 6 }), '--part')).toMatchObject({ status: 0 });
  });

  it('takes a bare JWS and a number with a hash as head, and no head with a warning', async () => {
    const { jws } = JSON.parse(headOf()) as { jws: string };
    expect(await verify(written(log), jws)).toMatchObject({ status: 0 });
    const name = file('log', written(log));
    const { hash } = chainOn(lineAt(12));
    expect(await run([name, `12:${hash}`])).toMatchObject({ status: 0 });
    expect(await run([name, `12:${'0'.repeat(64)}`])).toMatchObject({
      status: 1,
      said: expect.stringContaining('head_mismatch') as string,
    });
    expect(await run([name])).toMatchObject({ status: 0, said: expect.stringContaining('not checked') as string });
  });

  const forged = chained([...Array.from({ length: 11 }, (_, index) => event(index)), event(50)]);
  const foreign = chained([event(0, { instanceId: OTHER })], 13, Buffer.from(chainOn(lineAt(12)).hash, 'hex'));
  const edit = (seq: number, change: (line: string) => string): string[] =>
    log.map((line, index) => (index === seq - 1 ? change(line) : line));

  it.each<[string, readonly string[], string]>([
    ['the first record is missing', log.slice(1), 'event 2: cut_at_start'],
    ['the first half is missing', log.slice(6), 'event 7: cut_at_start'],
    ['the last record is missing', log.slice(0, -1), 'event 11: cut_at_end'],
    ['nothing is left', [], 'cut_at_end'],
    ['a record in the middle is missing', log.toSpliced(5, 1), 'event 7: out_of_sequence'],
    ['a record is there twice', log.toSpliced(5, 0, lineAt(5)), 'event 5: out_of_sequence'],
    ['the last record is there twice', [...log, lineAt(12)], 'event 12: out_of_sequence'],
    ['two records are swapped', log.with(4, lineAt(6)).with(5, lineAt(5)), 'event 6: out_of_sequence'],
    ['the log is upside down', log.toReversed(), 'event 12: cut_at_start'],
    ['a record is of another chain', edit(6, () => forgedFrom(6)), 'event 7: broken_link'],
    ['a record of another instance follows', [...log, ...foreign], 'event 13: other_instance'],
    ['what was recorded was changed', edit(6, (line) => line.replaceAll('192.0.2.1', '192.0.2.9')), 'hash_mismatch'],
    ['what is shown was changed', edit(6, (line) => line.replace('192.0.2.1', '192.0.2.9')), 'event 6: copy_mismatch'],
    [
      'the outcome is shown otherwise',
      edit(2, (line) => line.replace('"success"', '"failure"')),
      'event 2: copy_mismatch',
    ],
    ['a field is there twice', edit(2, (line) => line.replace('{', '{"outcome":"failure",')), 'event 2: copy_mismatch'],
    ['a hash was changed', edit(3, (line) => line.replace(/"hash":"./, '"hash":"x')), 'event 3: hash_mismatch'],
    ['a number was changed', edit(3, (line) => line.replace('"seq":3', '"seq":4')), 'event 4: out_of_sequence'],
    ['a line is cut', edit(8, (line) => line.slice(0, -1)), 'event 8: unreadable_line'],
    ['a line is empty', log.toSpliced(3, 0, ''), 'event 4: unreadable_line'],
    ['a line is something else', edit(8, () => 'null'), 'event 8: unreadable_line'],
    ['the end was made up anew', forged, 'event 12: head_mismatch'],
    [
      'the whole chain was made up anew, and goes on after the head',
      chained(Array.from({ length: 20 }, (_, index) => event(index + 1))),
      'event 12: head_mismatch',
    ],
    ['all is of another instance', chained([event(0, { instanceId: OTHER })]), 'event 1: other_instance'],
  ])('finds that %s', async (_what, lines, fault) => {
    const verified = await verify(written(lines));
    expect([verified.status, verified.said]).toEqual([1, expect.stringContaining(fault) as string]);
  });

  it('finds a last line that was cut off, and a log that belongs to nobody', async () => {
    expect(await verify(written(log).slice(0, -1))).toMatchObject({ status: 1 });
    expect(await verify(`${written(log)}\u0000`)).toMatchObject({ status: 1 });
    expect(await run([file('log', written(log)), '--instance', OTHER])).toMatchObject({
      status: 1,
      said: expect.stringContaining('other_instance') as string,
    });
  });

  const resigned = (change: (content: Record<string, unknown>) => void): string => {
    const [header = '', content = '', signature = ''] = (JSON.parse(headOf()) as { jws: string }).jws.split('.');
    const claims = JSON.parse(Buffer.from(content, 'base64url').toString()) as Record<string, unknown>;
    change(claims);
    return [header, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
  };

  it.each<[string, string, number, string]>([
    ['is of another instance', headOf({ instanceId: OTHER }), 1, 'other_instance'],
    ['was changed', resigned((claims) => (claims['seq'] = 11)), 1, 'bad_signature'],
    ['was given another time', resigned((claims) => (claims['signed_at'] = 'x')), 1, 'bad_signature'],
    ['is by a key of nobody', headOf({ by: stranger }), 2, 'not among the keys given'],
    ['was signed before the time of its key', headOf({ signedAt: new Date(0) }), 1, 'key_not_valid'],
    ['begins later', headOf({ firstSeq: 3 }), 1, 'event 1: out_of_sequence'],
    ['is of a later record', headOf({ of: [...log, ...chained([event(3)], 13)], seq: 13 }), 1, 'cut_at_end'],
    ['is none', '{"state":"unsigned"}', 2, 'no signed head'],
    ['is some text', 'hello', 2, 'no JWS'],
  ])('does not confirm a log whose head %s', async (_what, head, status, said) => {
    const verified = await verify(written(log), head);
    expect([verified.status, verified.said]).toEqual([status, expect.stringContaining(said) as string]);
  });

  it('believes a key set for its keys alone', async () => {
    const lying = keySet(stranger).replaceAll(auditKeyId(stranger), auditKeyId(key));
    const verified = await run([file('log', written(log)), file('head', headOf()), '--keys', file('keys', lying)]);
    expect(verified).toMatchObject({ status: 2, said: expect.stringContaining('not among the keys') as string });
  });

  it.each<[string, () => string[], string]>([
    ['no file', () => [], 'usage:'],
    ['a file that is not there', () => [join(folder, 'nowhere')], 'ENOENT'],
    ['an option that does not exist', () => [file('log', ''), '--fast'], '--fast'],
    ['a signed head without keys', () => [file('log', written(log)), file('head', headOf())], '--keys'],
    ['an empty log without a head', () => [file('log', '')], 'no events'],
    ['the JSON form', () => [file('log', '{"lines":[\n"x"\n]}\n')], 'x-ndjson'],
  ])('cannot check %s', async (_what, args, said) => {
    const verified = await run(args());
    expect([verified.status, verified.said]).toEqual([2, expect.stringContaining(said) as string]);
  });

  /** In one process, as there are tens of thousands. @returns what was answered to each */
  function judge(body: string, input: unknown): unknown {
    const program = `
      import { readFileSync } from 'node:fs';
      import { checkLog, linesIn, readHead, readKeys } from ${JSON.stringify(`file://${SCRIPT}`)};
      const input = JSON.parse(readFileSync(0, 'utf8'));
      const judge = (bytes, options) => {
        try { checkLog(linesIn([bytes]), options); return 'intact'; } catch (error) { return error.fault ?? String(error); }
      };
      ${body}`;
    const answer = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      input: JSON.stringify(input),
      maxBuffer: 2 ** 26,
    });
    return JSON.parse(answer.toString());
  }

  it('notices every change of one byte, whichever, and every byte that is missing or too much', () => {
    const short = log.slice(0, 2);
    const accepted = judge(
      `const log = Buffer.from(input.log);
      const head = readHead(input.head, readKeys(input.keys));
      const accepted = judge(log, { head }) === 'intact' ? [] : ['the log itself'];
      for (let at = 0; at < log.length; at += 1) {
        for (const byte of [log[at] ^ 1, log[at] ^ 0x20, log[at] ^ 0x80, 0x0a, 0x20, 0xf0]) {
          if (byte === log[at]) continue;
          const changed = Buffer.from(log);
          changed[at] = byte;
          if (judge(changed, { head }) === 'intact') accepted.push([at, byte]);
        }
        const without = Buffer.concat([log.subarray(0, at), log.subarray(at + 1)]);
        if (judge(without, { head }) === 'intact') accepted.push([at, 'removed']);
        const more = Buffer.concat([log.subarray(0, at), Buffer.from(' '), log.subarray(at)]);
        if (judge(more, { head }) === 'intact') accepted.push([at, 'added']);
      }
      console.log(JSON.stringify(accepted));`,
      { log: written(short), head: headOf({ of: short }), keys: keySet(key) },
    );
    expect(accepted).toEqual([]);
  });

  it('judges as the product does, by the same hash and the same words', () => {
    const every = chained(Array.from({ length: AUDIT_ACTIONS.length * 2 }, (_, index) => event(index)));
    const cases = [
      every,
      every.slice(7),
      log,
      log.toSpliced(5, 1),
      log.with(4, lineAt(6)).with(5, lineAt(5)),
      edit(6, (line) => line.replace('192.0.2.1', '192.0.2.9')),
      edit(2, (line) => line.replace('{', '{"outcome":"failure",')),
      edit(6, (line) => line.replaceAll('192.0.2.1', '192.0.2.9')),
      edit(6, () => forgedFrom(6)),
      edit(8, (line) => line.slice(1)),
      edit(8, (line) => line.replace('"seq":8', '"seq":"8"')),
    ];
    const product = cases.map((lines) => {
      const verdict = verifyExport(lines);
      return verdict.intact ? 'intact' : verdict.fault;
    });
    const script = judge(`console.log(JSON.stringify(input.map((log) => judge(Buffer.from(log), { part: true }))));`, [
      ...cases.map(written),
    ]);
    expect(script).toEqual(product);
    expect(new Set(product).size).toBe(6);
  });

  describe('of a record of what was shredded', () => {
    const content = {
      v: 1,
      instance_id: MINE,
      issued_at: AT.toISOString(),
      plan: { id: 'plan', created_by: 'one', confirmed_by: 'two', executed_by: 'one' },
      keys: [{ id: 'key', name: 'disk', owner: { name: 'web-01' }, stored_key: 'deleted', restorable_until: 'then' }],
      root_keys: [{ id: 'root', unwrap: 'refused', because: 'root_key_deleted' }],
      says: ['that'],
      does_not_say: ['more'],
    };
    const sign = (what: object = content, by = key, type = 'kmip-shred-record+jws'): string =>
      signContent(type, JSON.stringify(what), by);
    const check = (jws: string | undefined, ...more: string[]): Promise<Verified> =>
      run(['--record', file('record', JSON.stringify({ jws })), '--keys', file('keys', keySet(key)), ...more]);

    it('shows what it says, and what it does not', async () => {
      const { status, said } = await check(sign(), '--instance', MINE);
      expect(status).toBe(0);
      expect(said).toContain(`the record of plan plan of instance ${MINE} is intact`);
      expect(said).toContain('confirmed by two');
      expect(said).toContain('key "web-01": stored key deleted, restorable until then');
      expect(said).toContain('root key root: unwrap refused (root_key_deleted)');
      expect(said).toContain('it does not say: more');
    });

    it('tells of keys that were spared, or gone before', async () => {
      const spared = { id: 'spared', name: 'disk', catalog: 'spared', checked_at: 'now' };
      const gone = { ...content.keys[0], id: 'gone', catalog: 'gone', stored_key: 'absent' };
      const { said } = await check(sign({ ...content, keys: [...content.keys, spared, gone] }));
      expect(said).toContain('3 keys: 1 deleted, 1 absent, 0 not asked for in the key manager, 1 spared');
      expect(said).toContain('spared "disk": spared, as it was changed after the plan was made');
      expect(said).toContain('gone "web-01": gone from the catalog before, stored key absent, restorable until then');
    });

    it('prints nothing that moves a cursor or turns a text round, wherever it stands', async () => {
      const hostile = '\u001b[2J\u009b31m\u0085\u202e\u2066\u2028\r\u007f';
      const told = await check(
        sign({
          ...content,
          plan: { id: hostile, created_by: hostile, confirmed_by: hostile, executed_by: hostile },
          keys: [{ id: hostile, name: hostile, stored_key: hostile, restorable_until: hostile }],
          root_keys: [{ id: hostile, unwrap: hostile, because: hostile }],
          says: [hostile],
          does_not_say: [hostile],
        }),
      );
      const refused = await check(sign({ ...content, instance_id: hostile }), '--instance', MINE);
      expect([told.status, refused.status]).toEqual([0, 1]);
      for (const { said } of [told, refused]) {
        expect(said).toContain('\\u009b31m');
        expect(said.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\u2028]/u);
      }
    });

    const changed = (): string => {
      const [header, , signature] = sign().split('.');
      const other = Buffer.from(JSON.stringify({ ...content, keys: [] })).toString('base64url');
      return [header, other, signature].join('.');
    };

    it.each<[string, number, string, () => string | undefined]>([
      ['changed', 1, 'bad_signature', changed],
      ['issued before its key was valid', 1, 'key_not_valid', () => sign({ ...content, issued_at: '1999-01-01' })],
      ['without a date', 1, 'key_not_valid', () => sign({ ...content, issued_at: 'never' })],
      ['of another instance', 1, 'other_instance', () => sign({ ...content, instance_id: OTHER })],
      ['by a key that nobody knows', 2, 'not among the keys given', () => sign(content, stranger)],
      ['that is a head', 2, 'no signed record', () => sign(content, key, 'kmip-audit-head+jws')],
      ['unsigned', 2, 'proves nothing', () => undefined],
    ])('finds one %s', async (_what, status, why, jws) => {
      const found = await check(jws(), '--instance', MINE);
      expect([found.status, found.said]).toEqual([status, expect.stringContaining(why)]);
    });
  });
});

/** A record that fits before it and is another one. */
function forgedFrom(seq: number): string {
  const previous = Buffer.from(chainOn(lineAt(seq - 1)).hash, 'hex');
  return chained([event(77)], seq, previous)[0] ?? '';
}
