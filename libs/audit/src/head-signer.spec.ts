import { generateKeyPairSync } from 'node:crypto';

import { type InstanceId, newCorrelationId, toInstanceId } from '@lib/kernel';

import { type AuditChainRow, auditHash, canonicalAuditEvent } from './audit-chain';
import { type AuditEvent } from './audit-event';
import { type AuditKey, auditKeyId, readSignedHead, signHead, type SignedAuditHead } from './audit-head';
import { type ChainPosition, type HeadState, HeadSigner } from './head-signer';

const ID: InstanceId = toInstanceId('11111111-1111-4111-8111-111111111111');
const OTHER: InstanceId = toInstanceId('22222222-2222-4222-8222-222222222222');
const START = Date.parse('2026-11-28T12:00:00.000Z');
const HOUR = 3_600_000;

const newKey = (from = START - HOUR, until?: number): AuditKey => ({
  ...generateKeyPairSync('ed25519'),
  from: new Date(from),
  ...(until !== undefined && { until: new Date(until) }),
});

const event = (text: string): AuditEvent => ({
  instanceId: ID,
  action: 'vmware-solutions.kmip-key.read',
  occurredAt: new Date(START),
  initiator: { kind: 'system', component: text },
  outcome: 'success',
  correlationId: newCorrelationId(),
  observer: 'test',
});

/** A chain that may be changed by who owns the database, and a folder that he does not reach. */
class World {
  rows: AuditChainRow[] = [];
  kept: SignedAuditHead[] = [];
  copies = new Map<string, string>();
  releases = new Set<string>();
  keys: AuditKey[] = [newKey()];
  now = START;
  folderFails = false;
  archived: ChainPosition['archived'];
  readonly logged: string[] = [];
  readonly signer = new HeadSigner({
    heads: {
      position: () => {
        const { archived } = this;
        const last = this.rows.at(-1) ?? archived;
        const firstSeq = this.rows[0]?.seq ?? (archived?.seq ?? Infinity) + 1;
        return Promise.resolve(last && { seq: last.seq, hash: last.hash, firstSeq, ...(archived && { archived }) });
      },
      latest: () => Promise.resolve(this.kept.at(-1)?.jws),
      keep: (head) => Promise.resolve(void this.kept.push(head)),
      unsigned: () => Promise.resolve([]),
    },
    copies: {
      read: (id) => Promise.resolve(this.copies.get(id)),
      write: (id, jws) =>
        this.folderFails ? Promise.reject(new Error('full')) : Promise.resolve(void this.copies.set(id, jws)),
      released: () => Promise.resolve(this.releases),
      release: (_id, digests) => {
        for (const digest of digests) this.releases.add(digest);
        return Promise.resolve();
      },
      instances: () => Promise.resolve([]),
    },
    trail: {
      find: (_id, seq) => Promise.resolve(this.records().find(({ row }) => row.seq === seq)),
      list: (_id, { after = 0, limit }) =>
        Promise.resolve(
          this.records()
            .filter(({ row }) => row.seq > after)
            .slice(0, limit),
        ),
    },
    keys: () => Promise.resolve(this.keys),
    clock: { now: () => new Date(this.now), monotonicMs: () => this.now },
    log: (message) => void this.logged.push(message),
    step: 20,
  });

  append(count = 1, text = 'x'): void {
    for (let made = 0; made < count; made += 1) {
      const previousHash = this.rows.at(-1)?.hash ?? Buffer.alloc(32);
      const seq = (this.rows.at(-1)?.seq ?? 0) + 1;
      const canonical = canonicalAuditEvent(event(text));
      const hash = auditHash(previousHash, seq, canonical);
      this.rows.push({ instanceId: ID, seq, event: canonical, previousHash, hash });
    }
  }

  /** Takes what an archive has from the chain. @param wish what its head says otherwise than it should */
  drop(until: number, wish: Partial<SignedAuditHead> = {}, key = this.keys[0]!): void {
    const { seq, hash } = this.rows.find((row) => row.seq === until)!;
    const end = { instanceId: ID, seq, hash: hash.toString('hex'), firstSeq: 1, recordCount: seq, supersedes: [] };
    const { jws } = signHead({ ...end, signedAt: new Date(this.now), ...wish }, key);
    this.rows = this.rows.filter((row) => row.seq > until);
    this.archived = { seq, hash, jws };
  }

  /** @returns a way back to here */
  backup(): () => void {
    const [rows, kept] = [[...this.rows], [...this.kept]];
    return () => {
      this.rows = [...rows];
      this.kept = [...kept];
    };
  }

  sign = (): Promise<HeadState> => this.signer.sign(ID);

  async signed(): Promise<SignedAuditHead> {
    const state = await this.sign();
    if (state.state !== 'signed') throw new Error(JSON.stringify(state));
    return state.head;
  }

  private records = () => this.rows.map((row) => ({ row, event: event('unused') }));
}

describe('HeadSigner', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
    world.append(3);
  });

  it('signs where a trail begins and ends, and once', async () => {
    const head = await world.signed();
    expect(head).toMatchObject({ instanceId: ID, seq: 3, firstSeq: 1, recordCount: 3, supersedes: [] });
    expect(head.hash).toBe(world.rows[2]?.hash.toString('hex'));
    expect(readSignedHead(head.jws, world.keys)).toEqual(head);
    expect((await world.signed()).jws).toBe(head.jws);
    world.append(2);
    expect(await world.signed()).toMatchObject({ seq: 5, recordCount: 5 });
    expect(world.kept.map(({ seq }) => seq)).toEqual([3, 5]);
    expect(world.copies.get(ID)).toBe(world.kept[1]?.jws);
  });

  it('signs once for two who ask at the same time', async () => {
    const [one, other] = await Promise.all([world.signed(), world.signed()]);
    expect(one.jws).toBe(other.jws);
    expect(world.kept).toHaveLength(1);
  });

  it('signs nothing without a key, without a record, or before the time of its key', async () => {
    world.keys = [];
    expect(await world.sign()).toEqual({ state: 'unsigned' });
    world.keys = [newKey(START + HOUR), newKey(START - 2 * HOUR, START)];
    expect(await world.sign()).toEqual({ state: 'unsigned' });
    const empty = new World();
    expect(await empty.sign()).toEqual({ state: 'unsigned' });
  });

  it('signs with the newest key whose time has come; what the one before signed stays good', async () => {
    const first = await world.signed();
    world.keys = [...world.keys, newKey(START + HOUR)];
    world.append();
    expect((await world.signed()).keyId).toBe(first.keyId);
    world.now += HOUR;
    world.append();
    const later = await world.signed();
    expect(later.keyId).toBe(auditKeyId(world.keys[1]!));
    const { publicKey, from } = world.keys[0]!;
    const retired = { publicKey, from };
    expect(readSignedHead(first.jws, [retired, world.keys[1]!])).toEqual(first);
  });

  const attacks: [string, (world: World) => void, string][] = [
    ['a database of before', (w) => w.rows.splice(2), 'shorter'],
    ['no record any more', (w) => w.rows.splice(0), 'shorter'],
    [
      'another end, made up anew and longer',
      (w) => {
        w.rows.splice(2);
        w.append(4, 'forged');
      },
      'other_record',
    ],
    ['no beginning any more', (w) => w.rows.splice(0, 1), 'begins_later'],
    ['a hole before its last record', (w) => w.rows.splice(4, 1), 'broken'],
    [
      'a changed record since',
      (w) => {
        w.rows[4] = { ...w.rows[4]!, event: w.rows[4]!.event.replace('"success"', '"failure"') };
      },
      'broken',
    ],
    ['a changed copy of its head', (w) => w.copies.set(ID, `${w.copies.get(ID) ?? ''}A`), 'unknown_head'],
    ['the copy of another head', (w) => w.copies.set(ID, 'a.b.c'), 'unknown_head'],
  ];

  it.each(attacks)('never signs a trail with %s', async (_what, attack, contradiction) => {
    const head = await world.signed();
    const restore = world.backup();
    world.append(3);
    attack(world);
    // Whoever owns the database takes the heads that he finds there along.
    world.kept = [];
    for (let round = 0; round < 2; round += 1) {
      const state = await world.sign();
      expect(state).toMatchObject({ state: 'contradicted', contradiction });
      if (contradiction !== 'unknown_head') expect(state).toMatchObject({ head: { jws: head.jws } });
    }
    expect(world.kept).toEqual([]);
    // The true trail is signed again.
    restore();
    world.copies.set(ID, head.jws);
    world.append();
    expect(await world.signed()).toMatchObject({ seq: 4, supersedes: [] });
  });

  it('never signs against the heads in the database when those outside are lost, and makes up for the loss', async () => {
    const head = await world.signed();
    world.copies.clear();
    expect((await world.signed()).jws).toBe(head.jws);
    expect(world.copies.get(ID)).toBe(head.jws);
    world.copies.clear();
    world.rows.splice(1);
    expect(await world.sign()).toMatchObject({ contradiction: 'shorter' });
  });

  it('takes a head of another instance for none', async () => {
    const head = await world.signed();
    world.copies.set(OTHER, head.jws);
    expect(await world.signer.sign(OTHER)).toMatchObject({ state: 'contradicted', contradiction: 'unknown_head' });
  });

  it('says in every head from then on what an operator has released', async () => {
    await world.signed();
    const restore = world.backup();
    world.append(4);
    world.now += HOUR;
    const lost = await world.signed();
    restore();
    expect(await world.sign()).toMatchObject({ contradiction: 'shorter' });
    expect(await world.signer.release(ID)).toBe('shorter');
    const gone = { seq: 7, hash: lost.hash, signedAt: lost.signedAt };
    expect(await world.signed()).toMatchObject({ seq: 3, supersedes: [gone] });
    world.append();
    expect(await world.signed()).toMatchObject({ seq: 4, supersedes: [gone] });
    expect(await world.signer.release(ID)).toBeUndefined();
    // The next one is noticed all the same.
    world.rows.splice(3);
    expect(await world.sign()).toMatchObject({ contradiction: 'shorter' });
    await world.signer.release(ID);
    expect((await world.signed()).supersedes.map(({ seq }) => seq)).toEqual([7, 4]);
  });

  it('goes on when the folder outside cannot be written, and says so', async () => {
    world.folderFails = true;
    expect(await world.signed()).toMatchObject({ seq: 3 });
    expect(world.logged).toHaveLength(1);
    world.folderFails = false;
    await world.signed();
    expect(world.copies.get(ID)).toBe(world.kept[0]?.jws);
  });

  it('signs a long trail in steps', async () => {
    world.rows = [];
    world.append(25);
    expect(await world.sign()).toMatchObject({ state: 'signed', complete: false, head: { seq: 20 } });
    expect(await world.sign()).toMatchObject({ complete: true, head: { seq: 25, recordCount: 25 } });
  });

  describe('of a trail whose oldest records were archived and dropped', () => {
    beforeEach(() => {
      world.append(2);
    });

    it.each([2, 4, 5])('goes on, and names the last of %i of them', async (dropped) => {
      await world.signed();
      const { hash } = world.rows[dropped - 1]!;
      world.drop(dropped);
      const head = await world.signed();
      const precededBy = { seq: dropped, hash: hash.toString('hex') };
      expect(head).toMatchObject({ seq: 5, firstSeq: dropped + 1, recordCount: 5 - dropped, precededBy });
      expect(readSignedHead(head.jws, world.keys)).toMatchObject({ precededBy });
      expect((await world.signed()).jws).toBe(head.jws);
      if (dropped < 5) world.append(2);
      world.now += HOUR;
      expect(await world.sign()).toMatchObject({ state: 'signed', complete: true });
    });

    it('goes on from an older head that lies in the archive, and is signed for the first time', async () => {
      world.rows.splice(2);
      await world.signed();
      world.append(5);
      world.drop(4);
      expect(await world.signed()).toMatchObject({ seq: 7, firstSeq: 5, recordCount: 3 });
      world.kept = [];
      world.copies.clear();
      expect(await world.signed()).toMatchObject({ seq: 7, firstSeq: 5, recordCount: 3 });
    });

    it.each<[string, (dropped: World) => void]>([
      ['by no key of ours', (dropped) => dropped.drop(3, {}, newKey())],
      ['for another instance', (dropped) => dropped.drop(3, { instanceId: OTHER })],
      ['for another end', (dropped) => dropped.drop(3, { seq: 2 })],
      ['for another record', (dropped) => dropped.drop(3, { hash: 'ab'.repeat(32) })],
      [
        'not at all',
        (dropped) => {
          dropped.drop(3);
          dropped.archived = { seq: 3, hash: dropped.archived!.hash };
        },
      ],
    ])('is not fooled by an archive that is signed %s', async (_how, drop) => {
      await world.signed();
      drop(world);
      expect(await world.sign()).toMatchObject({ state: 'contradicted', contradiction: 'begins_later' });
    });

    it('notices another record at the end of the archive than was signed, and a break after it', async () => {
      await world.signed();
      const restore = world.backup();
      world.rows.splice(3);
      world.append(2, 'another');
      world.drop(5);
      expect(await world.sign()).toMatchObject({ state: 'contradicted', contradiction: 'other_record' });
      restore();
      world.kept = [];
      world.copies.clear();
      world.drop(3);
      world.rows[0] = { ...world.rows[0]!, previousHash: Buffer.alloc(32, 1) };
      expect(await world.sign()).toMatchObject({ state: 'contradicted', contradiction: 'broken' });
    });
  });
});
