import { randomBytes, randomUUID } from 'node:crypto';

import { startTestPostgres, type TestDatabase } from '@lib/testing';

import { PostgresRegionProgress } from '../restore/postgres-region-progress';
import { PostgresConsoleLogins } from './postgres-console-logins';
import { type ConsoleSession, type NewConsoleSession, PostgresConsoleSessions } from './postgres-console-sessions';

const HOUR_MS = 3_600_000;
const idleMs = HOUR_MS / 2;
const sealed = { serviceKeyVersion: 1, bytes: Buffer.from('sealed') };
const START = new Date('2026-11-30T08:00:00Z');
const after = (ms: number): Date => new Date(START.getTime() + ms);

let database: TestDatabase;
let sessions: PostgresConsoleSessions;
let logins: PostgresConsoleLogins;

beforeAll(async () => {
  database = await startTestPostgres();
  const dataSource = await database.openDataSource();
  sessions = new PostgresConsoleSessions(dataSource);
  logins = new PostgresConsoleLogins(dataSource);
});
afterAll(() => database.close());

async function signedIn(changes: Partial<NewConsoleSession> = {}, kept = 10): Promise<NewConsoleSession> {
  const session: NewConsoleSession = {
    id: randomUUID(),
    iamId: `IBMid-${randomUUID()}`,
    accountId: 'account-1',
    cookieHash: randomBytes(32),
    sealed,
    accessExpiresAt: after(HOUR_MS),
    signedInAt: START,
    expiresAt: after(8 * HOUR_MS),
    ...changes,
  };
  await sessions.add(session, kept);
  return session;
}

const found = (hash: Buffer, now = START): Promise<ConsoleSession | undefined> => sessions.find(hash, { now, idleMs });
const mustFind = async (hash: Buffer, now = START): Promise<ConsoleSession> => {
  const session = await found(hash, now);
  if (session === undefined) throw new Error('no such session');
  return session;
};

describe('a session', () => {
  it('is found by its cookie, and by no other', async () => {
    const { cookieHash, id, iamId } = await signedIn();
    expect(await found(cookieHash)).toMatchObject({ id, iamId, accountId: 'account-1', sealed, shown: 'current' });
    expect(await found(randomBytes(32))).toBeUndefined();
  });

  it('is asked for with others: which of them are still there', async () => {
    const [one, other, out] = [await signedIn(), await signedIn(), await signedIn()];
    await sessions.end(out.id);
    const ids = [one.id, other.id, out.id, randomUUID()];
    expect([...(await sessions.alive(ids, { now: START, idleMs }))].sort()).toEqual([one.id, other.id].sort());
    expect(await sessions.alive(ids, { now: after(idleMs), idleMs })).toEqual([]);
    expect(await sessions.alive([], { now: START, idleMs })).toEqual([]);
  });

  it('ends when it is not used, and at its end however much it is', async () => {
    const { cookieHash, id } = await signedIn();
    expect(await found(cookieHash, after(idleMs - 1))).toBeDefined();
    expect(await found(cookieHash, after(idleMs))).toBeUndefined();
    await sessions.touch(id, after(idleMs - 1));
    expect(await found(cookieHash, after(idleMs))).toBeDefined();
    await sessions.touch(id, after(8 * HOUR_MS - 1));
    expect(await found(cookieHash, after(8 * HOUR_MS - 1))).toBeDefined();
    expect(await found(cookieHash, after(8 * HOUR_MS))).toBeUndefined();
  });

  it('is not brought back by a backup', async () => {
    const { cookieHash, id } = await signedIn({
      signedInAt: new Date(),
      expiresAt: after(1e12),
      accessExpiresAt: START,
    });
    const progress = new PostgresRegionProgress(await database.openDataSource());
    const { counter } = await progress.read();
    const now = new Date();
    expect(await sessions.get(id, { now, idleMs })).toBeDefined();
    await progress.hold(counter + 1, 'counter');
    try {
      expect([await found(cookieHash, now), await sessions.get(id, { now, idleMs })]).toEqual([undefined, undefined]);
    } finally {
      await progress.release();
    }
  });

  it('is one of so many of a person; the first signed in ends for one more', async () => {
    const iamId = 'IBMid-many';
    const hashes: Buffer[] = [];
    for (const [index, accountId] of ['a', 'b', 'a', 'b'].entries()) {
      hashes.push((await signedIn({ iamId, accountId, signedInAt: after(index) }, 3)).cookieHash);
    }
    const left = await Promise.all(hashes.map(async (hash) => (await found(hash, after(10))) !== undefined));
    expect(left).toEqual([false, true, true, true]);
    const { cookieHash: other } = await signedIn();
    expect(await sessions.endAll(iamId)).toBe(3);
    expect(await Promise.all(hashes.map((hash) => found(hash)))).toEqual([undefined, undefined, undefined, undefined]);
    expect(await found(other)).toBeDefined();
  });
});

describe('new tokens', () => {
  const renew = async (session: ConsoleSession, nextHash: Buffer): Promise<boolean> =>
    sessions.renewed(session, { sealed, accessExpiresAt: after(2 * HOUR_MS), nextHash });

  it('are fetched by one process at a time', async () => {
    const { cookieHash } = await signedIn();
    const session = await mustFind(cookieHash);
    const claims = await Promise.all([1, 2, 3, 4].map(() => sessions.claimRenewal(session, START, after(15_000))));
    expect(claims.filter(Boolean)).toEqual([{ overdue: false }]);
    // One that ended in between keeps nobody away for ever.
    expect(await sessions.claimRenewal(session, after(14_999), after(30_000))).toBeUndefined();
    expect(await sessions.claimRenewal(session, after(15_000), after(30_000))).toEqual({ overdue: true });
    expect(await renew(session, randomBytes(32))).toBe(true);
    // Whoever read it before them has an old refresh token.
    expect(await sessions.claimRenewal(session, after(60_000), after(75_000))).toBeUndefined();
    expect(await renew(session, randomBytes(32))).toBe(false);
  });

  it('bring a new cookie, beside which the old one is good until the browser has it, and a moment longer', async () => {
    const { cookieHash: first } = await signedIn();
    const next = randomBytes(32);
    await renew(await mustFind(first), next);
    expect([await mustFind(first), await mustFind(next)]).toEqual([
      expect.objectContaining({ shown: 'current', revision: 2 }),
      expect.objectContaining({ shown: 'next' }),
    ]);
    const { id } = await mustFind(next);
    await sessions.confirm(id, next, after(60_000));
    expect(await mustFind(next)).toMatchObject({ shown: 'current' });
    expect(await mustFind(first, after(59_999))).toMatchObject({ shown: 'former' });
    expect(await found(first, after(60_000))).toBeUndefined();
  });

  it('do not lock out a browser that never got its cookie', async () => {
    const { cookieHash } = await signedIn();
    const [lost, got] = [randomBytes(32), randomBytes(32)];
    await renew(await mustFind(cookieHash), lost);
    await renew(await mustFind(cookieHash), got);
    expect([await found(lost), (await mustFind(got)).shown]).toEqual([undefined, 'next']);
  });

  it('are nothing to a session that has ended', async () => {
    const { cookieHash, id } = await signedIn();
    const session = await mustFind(cookieHash);
    await sessions.end(id);
    expect(await renew(session, randomBytes(32))).toBe(false);
    expect(await found(cookieHash)).toBeUndefined();
  });
});

describe('a sign-in that has begun', () => {
  const begun = async (expiresAt = after(600_000)): Promise<Buffer> => {
    const stateHash = randomBytes(32);
    await logins.begin({ stateHash, browserHash: Buffer.from('browser'), sealed, expiresAt });
    return stateHash;
  };

  it('is gone on with once, by one of those who try', async () => {
    const state = await begun();
    const taken = await Promise.all([1, 2, 3].map(() => logins.take(state, START)));
    expect(taken.filter((login) => login !== undefined)).toEqual([
      { stateHash: state, browserHash: Buffer.from('browser'), sealed, expiresAt: after(600_000) },
    ]);
  });

  it('is good for a while', async () => {
    expect(await logins.take(await begun(), after(600_000))).toBeUndefined();
  });
});

it('sweeps what is over, and the oldest of too many sign-ins', async () => {
  const admin = await database.openAdmin();
  const count = async (table: string): Promise<number> =>
    Number((await admin.query<{ count: string }>(`SELECT count(*) FROM ${table}`)).rows[0]?.count);
  await admin.query('DELETE FROM console_sessions; DELETE FROM console_logins');
  const { cookieHash: used, id } = await signedIn();
  await signedIn();
  await sessions.touch(id, after(HOUR_MS));
  await sessions.sweep({ now: after(HOUR_MS), idleMs });
  expect([await count('console_sessions'), await found(used, after(HOUR_MS))]).toEqual([1, expect.anything()]);

  for (let index = 1; index <= 4; index += 1) {
    const stateHash = Buffer.of(index);
    await logins.begin({ stateHash, browserHash: stateHash, sealed, expiresAt: after(index) });
  }
  await logins.sweep(after(1));
  expect(await count('console_logins')).toBe(3);
  await logins.sweep(START, 1);
  expect(await logins.take(Buffer.of(4), START)).toBeDefined();
  expect(await count('console_logins')).toBe(0);
});
