import { type FileHandle, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { type InstanceId } from '@lib/kernel';

import { type AccessWord, WITHDRAWAL_KINDS } from './access-effects';

/** What was withdrawn and must not come back unseen, or was given back. */
export interface Withdrawal extends AccessWord {
  readonly instanceId: InstanceId;
  /** Place in the instance's audit chain, and the hash that stands there if it is committed. */
  readonly seq: string;
  readonly hash: string;
}

/** How far the region had come at least when it was written. */
export interface RecordedWithdrawal extends Withdrawal {
  readonly after: number;
}

export interface RecordedProgress {
  readonly counter: number;
  /** In the order they were written. */
  readonly withdrawals: readonly RecordedWithdrawal[];
}

interface Line extends Partial<Withdrawal> {
  readonly counter?: number;
}

/** Longer than backups are kept; what is older is deleted. */
const KEPT_DAYS = 60;
const FILE = /^(\d{4}-\d{2}-\d{2})\.jsonl$/;

/**
 * A folder beside the service keys, outside of the database and its backups: one file a day, one JSON object a line.
 * Several processes append at once; a line is written whole or, if the machine dies, torn and left out of account.
 */
export class WithdrawalRecord {
  constructor(
    private readonly folder: string,
    private readonly now: () => Date,
  ) {}

  /** Resolves once the lines are on the disk. @throws when the folder cannot be written */
  async append(lines: readonly Line[]): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const handle = await open(join(this.folder, `${this.#day(0)}.jsonl`), 'a', 0o600);
    try {
      // The leading line end keeps what is written apart from a torn line before it.
      // Unlike `write`, it fails when a disk that fills up takes only a part.
      await handle.appendFile(`\n${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
      await handle.datasync();
      await this.#giveAway(handle);
    } finally {
      await handle.close();
    }
  }

  async read(): Promise<RecordedProgress> {
    let counter = 0;
    const withdrawals: RecordedWithdrawal[] = [];
    for (const name of (await this.#files()).toSorted()) {
      for (const text of (await readFile(join(this.folder, name), 'utf8')).split('\n')) {
        const line = parse(text);
        counter = Math.max(counter, line?.counter ?? 0);
        if (isWithdrawal(line)) withdrawals.push({ ...line, after: counter });
      }
    }
    return { counter, withdrawals };
  }

  /** Takes files away that are older than any backup. */
  async prune(): Promise<void> {
    const oldest = `${this.#day(KEPT_DAYS)}.jsonl`;
    for (const name of await this.#files()) if (name < oldest) await rm(join(this.folder, name), { force: true });
  }

  /** An operator's command may run as root; the services must be able to go on with the file. */
  async #giveAway(handle: FileHandle): Promise<void> {
    if (process.getuid?.() !== 0) return;
    const { uid, gid } = await stat(this.folder);
    await handle.chown(uid, gid);
  }

  async #files(): Promise<readonly string[]> {
    try {
      return (await readdir(this.folder)).filter((name) => FILE.test(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  #day(ago: number): string {
    return new Date(this.now().getTime() - ago * 86_400_000).toISOString().slice(0, 10);
  }
}

function parse(text: string): Line | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function isWithdrawal(line: Line | undefined): line is Withdrawal {
  const texts = [line?.instanceId, line?.subject, line?.seq, line?.hash];
  return texts.every((text) => typeof text === 'string') && WITHDRAWAL_KINDS.some((kind) => kind === line?.kind);
}
