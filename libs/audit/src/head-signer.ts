import { createHash } from 'node:crypto';

import { type Clock, type InstanceId } from '@lib/kernel';

import { type AuditChainHead, GENESIS_HASH, verifyAuditChain } from './audit-chain';
import {
  type AuditKey,
  type AuditHead,
  readSignedHead,
  signHead,
  signingKeyAt,
  type SignedAuditHead,
} from './audit-head';
import { type AuditTrail } from './audit-trail.port';

/** Where the chain in the database stands. */
export interface ChainPosition extends AuditChainHead {
  /** Number of the oldest record that is there; of the next one, where all are archived. */
  readonly firstSeq: number;
  /** The archive that ends before that record, with the signed head of its last one. */
  readonly archived?: AuditChainHead & { readonly jws?: string };
}

/** Signed heads in the database, and the chains they are of. */
export interface AuditHeads {
  /** @returns undefined when the instance has no record */
  position(instanceId: InstanceId): Promise<ChainPosition | undefined>;
  /** The signed head that was kept last, as text. */
  latest(instanceId: InstanceId): Promise<string | undefined>;
  keep(head: SignedAuditHead): Promise<void>;
  /** Instances whose chain goes on after what was signed, in pages. */
  unsigned(after: InstanceId | undefined, limit: number): Promise<readonly InstanceId[]>;
}

/** A row of the signed heads: what was signed, and what it is found by. */
export interface KeptHead {
  readonly seq: number;
  readonly hash: string;
  readonly signedAt: Date;
  readonly jws: string;
}

/** The signed heads of an instance, the newest first. */
export interface KeptHeads {
  /** @param after last head of the page before */
  list(
    instanceId: InstanceId,
    after: Pick<KeptHead, 'seq' | 'signedAt'> | undefined,
    limit: number,
  ): Promise<readonly KeptHead[]>;
}

/** The last head of each instance outside of the database, which does not come back with a backup of it. */
export interface HeadCopies {
  read(instanceId: InstanceId): Promise<string | undefined>;
  write(instanceId: InstanceId, jws: string): Promise<void>;
  /** Digests of heads that an operator has released: the chain need not hold them any more. */
  released(instanceId: InstanceId): Promise<ReadonlySet<string>>;
  /** Adds to those. */
  release(instanceId: InstanceId, digests: readonly string[]): Promise<void>;
  instances(): Promise<readonly InstanceId[]>;
}

/** How a chain contradicts a head that was signed before. */
export type Contradiction =
  /** It ends before that head. */
  | 'shorter'
  /** At its number stands another record, or none. */
  | 'other_record'
  /** Its oldest records are gone. */
  | 'begins_later'
  /** What follows that head does not chain. */
  | 'broken'
  /** The head itself was changed, is of another instance, or of a key that is lost. */
  | 'unknown_head';

export type HeadState =
  /** Not `complete`: the trail is long, and goes on after this head. */
  | { readonly state: 'signed'; readonly head: SignedAuditHead; readonly complete: boolean }
  | { readonly state: 'unsigned' }
  | {
      readonly state: 'contradicted';
      readonly contradiction: Contradiction;
      /** What the chain does not hold; absent when it cannot be read. */
      readonly head?: SignedAuditHead;
    };

export interface HeadSignerParts {
  readonly heads: AuditHeads;
  readonly copies: HeadCopies;
  readonly trail: Pick<AuditTrail, 'find' | 'list'>;
  /** Read for each signature, so that a new key needs no restart. Empty: nothing is signed. */
  readonly keys: () => Promise<readonly AuditKey[]>;
  readonly clock: Clock;
  readonly log: (message: string, error?: unknown) => void;
  /** Records that are looked at for one signature: a tenant who waits for it gets one before the end of a long trail. */
  readonly step?: number;
}

const BATCH = 1_000;
const STEP = 50_000;

interface KnownHead {
  readonly digest: string;
  /** Absent when it cannot be read. */
  readonly head?: SignedAuditHead;
  readonly contradiction?: Contradiction;
}

/** What is known of a chain before it is signed. */
interface Judgement {
  /** Not released by an operator. */
  readonly counting: readonly KnownHead[];
  readonly released: readonly KnownHead[];
  readonly chain: ChainPosition | undefined;
}

/**
 * Signs where chains end. Never a head that contradicts one signed before: each new one goes on from the last, over
 * every record between, or is refused. What was signed is kept in the database, and the last outside of it.
 */
export class HeadSigner {
  private readonly running = new Map<InstanceId, Promise<HeadState>>();

  constructor(private readonly parts: HeadSignerParts) {}

  /** Signs the end of the chain, unless it is signed already or contradicts what is. */
  sign(instanceId: InstanceId): Promise<HeadState> {
    const running =
      this.running.get(instanceId) ??
      this.attempt(instanceId).finally(() => {
        this.running.delete(instanceId);
      });
    this.running.set(instanceId, running);
    return running;
  }

  /**
   * An operator knows why the chain contradicts what was signed. From now on it is signed again, and every head says
   * which one it supersedes. @returns the contradiction; undefined when there is none, and nothing is released
   */
  async release(instanceId: InstanceId): Promise<Contradiction | undefined> {
    const { counting } = await this.judge(instanceId, await this.parts.keys());
    const contradicted = counting.filter(({ contradiction }) => contradiction !== undefined);
    if (contradicted.length === 0) return undefined;
    const digests = contradicted.map(({ digest }) => digest);
    await this.parts.copies.release(instanceId, digests);
    return contradicted[0]?.contradiction;
  }

  private async attempt(instanceId: InstanceId): Promise<HeadState> {
    const keys = await this.parts.keys();
    const now = this.parts.clock.now();
    const key = signingKeyAt(keys, now);
    if (key === undefined) return { state: 'unsigned' };
    const { counting, released, chain } = await this.judge(instanceId, keys);
    const wrong = counting.find(({ contradiction }) => contradiction !== undefined);
    if (wrong?.contradiction !== undefined) return contradicted(wrong.contradiction, wrong.head);
    if (chain === undefined) return { state: 'unsigned' };
    const last = latestOf(counting);
    const supersedes = superseded(last, released);
    if (last && saysAll(last, chain, supersedes)) return this.again(last);
    return this.goOn(instanceId, chain, last, (next) => signHead({ ...next, signedAt: now, supersedes }, key));
  }

  private async goOn(
    instanceId: InstanceId,
    chain: ChainPosition,
    last: SignedAuditHead | undefined,
    sign: (next: Omit<AuditHead, 'signedAt' | 'supersedes'>) => SignedAuditHead,
  ): Promise<HeadState> {
    const end = await this.follow(instanceId, chain, last);
    if (end === undefined) return contradicted('broken', last);
    const { seq, hash } = end;
    const { archived } = chain;
    const { firstSeq } = archived ? chain : (last ?? chain);
    const precededBy = archived && { seq: archived.seq, hash: archived.hash.toString('hex') };
    const recordCount = last && !archived ? last.recordCount + seq - last.seq : seq - firstSeq + 1;
    const head = sign({ instanceId, seq, hash: hash.toString('hex'), firstSeq, recordCount, precededBy });
    // Outside first: whatever is shown to anybody is remembered where a restore does not reach.
    await this.copy(instanceId, head);
    await this.parts.heads.keep(head);
    return { state: 'signed', head, complete: seq === chain.seq };
  }

  /** The copy outside may be lost, or from before this head. */
  private async again(head: SignedAuditHead): Promise<HeadState> {
    const instanceId = head.instanceId as InstanceId;
    if ((await this.parts.copies.read(instanceId)) !== head.jws) await this.copy(instanceId, head);
    return { state: 'signed', head, complete: true };
  }

  private async judge(instanceId: InstanceId, keys: readonly AuditKey[]): Promise<Judgement> {
    const { copies, heads } = this.parts;
    // Before the chain: another process may sign a later head meanwhile, which an older look at the chain would lack.
    const texts = [await copies.read(instanceId), await heads.latest(instanceId)];
    const releases = await copies.released(instanceId);
    const chain = withSigned(await heads.position(instanceId), instanceId, keys);
    const known: KnownHead[] = [];
    for (const jws of new Set(texts.filter((text) => text !== undefined))) {
      const read = readSignedHead(jws, keys);
      const head = read?.instanceId === instanceId ? read : undefined;
      const contradiction = await this.contradiction(instanceId, head, chain);
      const digest = createHash('sha256').update(jws).digest('hex');
      known.push({ digest, ...(head && { head }), ...(contradiction && { contradiction }) });
    }
    return {
      counting: known.filter(({ digest }) => !releases.has(digest)),
      released: known.filter(({ digest }) => releases.has(digest)),
      chain,
    };
  }

  private async contradiction(
    instanceId: InstanceId,
    head: SignedAuditHead | undefined,
    chain: ChainPosition | undefined,
  ): Promise<Contradiction | undefined> {
    if (head === undefined) return 'unknown_head';
    if (chain === undefined || chain.seq < head.seq) return 'shorter';
    const { archived } = chain;
    if (chain.firstSeq > head.firstSeq && archived === undefined) return 'begins_later';
    // Of an archive the last record is signed; those before it were followed when it was made.
    if (archived && head.seq < archived.seq) return undefined;
    const hash = archived?.seq === head.seq ? archived.hash : await this.#hashOf(instanceId, head.seq);
    return hash?.toString('hex') === head.hash ? undefined : 'other_record';
  }

  async #hashOf(instanceId: InstanceId, seq: number): Promise<Buffer | undefined> {
    return (await this.parts.trail.find(instanceId, seq))?.row.hash;
  }

  /** Follows the chain from the last head. @returns where it ends; undefined when it breaks */
  private async follow(
    instanceId: InstanceId,
    chain: ChainPosition,
    last: SignedAuditHead | undefined,
  ): Promise<AuditChainHead | undefined> {
    let at: AuditChainHead = last
      ? { seq: last.seq, hash: Buffer.from(last.hash, 'hex') }
      : await this.beginning(instanceId, chain);
    if (chain.archived && chain.archived.seq > at.seq) at = chain.archived;
    const until = Math.min(chain.seq, at.seq + (this.parts.step ?? STEP));
    while (at.seq < until) {
      const limit = Math.min(BATCH, until - at.seq);
      const records = await this.parts.trail.list(instanceId, { newestFirst: false, after: at.seq, limit });
      const rows = records.map(({ row }) => row);
      const verdict = verifyAuditChain(rows, undefined, at);
      if (!verdict.intact || rows.length === 0) return undefined;
      at = verdict.head;
    }
    // The head in the database is what the next record goes on from.
    return at.seq === chain.seq && !at.hash.equals(chain.hash) ? undefined : at;
  }

  /** Before a whole trail is nothing. What one begins with that begins later is believed: the hash before it is gone. */
  private async beginning(instanceId: InstanceId, { firstSeq, archived }: ChainPosition): Promise<AuditChainHead> {
    if (archived) return archived;
    const first = firstSeq > 1 ? await this.parts.trail.find(instanceId, firstSeq) : undefined;
    return first ? { seq: firstSeq, hash: first.row.hash } : { seq: firstSeq - 1, hash: GENESIS_HASH };
  }

  /** A folder that cannot be written is no reason to show tenants nothing. */
  private async copy(instanceId: InstanceId, head: SignedAuditHead): Promise<void> {
    try {
      await this.parts.copies.write(instanceId, head.jws);
    } catch (error) {
      this.parts.log(
        'a signed head is not kept outside of the database: a restore of its trail may go unnoticed',
        error,
      );
    }
  }
}

/** An archive counts where one of the keys has signed its end: rows of the database alone hide no cut. */
function withSigned(
  chain: ChainPosition | undefined,
  instanceId: InstanceId,
  keys: readonly AuditKey[],
): ChainPosition | undefined {
  if (chain?.archived === undefined) return chain;
  const { archived, ...others } = chain;
  const head = archived.jws === undefined ? undefined : readSignedHead(archived.jws, keys);
  const isOfIt =
    head?.instanceId === instanceId && head.seq === archived.seq && head.hash === archived.hash.toString('hex');
  if (isOfIt) return chain;
  // All of it gone, and nobody vouches for an archive: as if there were none.
  return { ...others, firstSeq: others.firstSeq > others.seq ? Infinity : others.firstSeq };
}

const contradicted = (contradiction: Contradiction, head: SignedAuditHead | undefined): HeadState => ({
  state: 'contradicted',
  contradiction,
  ...(head && { head }),
});

/** Whether there is nothing to say that a head has not said: no record since, no release, no month dropped. */
const saysAll = (
  head: SignedAuditHead,
  { seq, firstSeq, archived }: ChainPosition,
  supersedes: AuditHead['supersedes'],
): boolean =>
  head.seq === seq &&
  head.supersedes.length === supersedes.length &&
  (archived === undefined || head.firstSeq === firstSeq);

const latestOf = (known: readonly KnownHead[]): SignedAuditHead | undefined =>
  known
    .flatMap(({ head }) => head ?? [])
    .toSorted(bySequence)
    .at(-1);

const bySequence = (one: SignedAuditHead, other: SignedAuditHead): number =>
  one.seq - other.seq || one.signedAt.getTime() - other.signedAt.getTime();

/** What the last head supersedes, and what an operator has released since. */
function superseded(last: SignedAuditHead | undefined, released: readonly KnownHead[]): AuditHead['supersedes'] {
  const heads = released.flatMap(({ head }) => head ?? []);
  const all = [...(last?.supersedes ?? []), ...heads.flatMap((head) => [...head.supersedes, head])];
  const unique = new Map(all.map(({ seq, hash, signedAt }) => [`${String(seq)}:${hash}`, { seq, hash, signedAt }]));
  return [...unique.values()].toSorted((one, other) => one.signedAt.getTime() - other.signedAt.getTime());
}
