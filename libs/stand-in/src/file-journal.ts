import { type FileHandle, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Keeps batches of changes; a batch is kept whole or not at all. */
export interface Journal {
  /** Resolves once the batch would survive the loss of the process and of the machine. */
  append(batch: unknown): Promise<void>;
  close(): Promise<void>;
}

export const memoryJournal: Journal = { append: () => Promise.resolve(), close: () => Promise.resolve() };

interface Waiting {
  readonly line: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One JSON text a line, appended and flushed to the disk before the caller is answered. Batches that arrive while a
 * flush is under way share the next one, so many writers cost one flush.
 *
 * A full disk is no end: writers are refused, what memory is ahead of the disk is owed, and the next write that succeeds
 * pays it first. So a refused batch may still come true, as everyone may have seen it in memory meanwhile.
 */
export class FileJournal implements Journal {
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | undefined;
  #owed: string[] = [];

  private constructor(
    private readonly file: FileHandle,
    private soundBytes: number,
  ) {}

  /**
   * Opens the journal for appending, after dropping a last line that a crash cut off.
   * @throws Error when a line is damaged although later ones are sound: that is no crash, and guessing would lose keys.
   */
  static async open(path: string): Promise<{ journal: FileJournal; batches: unknown[] }> {
    const content = await readOrEmpty(path);
    const { batches, soundBytes } = parseLines(content, path);
    const file = await open(path, 'a', 0o600);
    if (soundBytes < content.length) await file.truncate(soundBytes);
    await file.sync();
    await syncFolder(path);
    return { journal: new FileJournal(file, soundBytes), batches };
  }

  /** Replaces the whole journal by the given batches: either the old file or the new one is there at any moment. */
  static async rewrite(path: string, batches: readonly unknown[]): Promise<void> {
    const temporary = `${path}.new`;
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(batches.map(toLine).join(''));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(path);
  }

  append(batch: unknown): Promise<void> {
    const kept = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ line: toLine(batch), resolve, reject });
    });
    this.#flushing ??= this.#flush();
    return kept;
  }

  async close(): Promise<void> {
    await this.#flushing;
    await this.file.close();
  }

  /** Never rejects: each writer learns its own outcome. */
  async #flush(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      const lines = group.map(({ line }) => line);
      try {
        await this.#write([...this.#owed, ...lines].join(''));
        this.#owed = [];
        for (const entry of group) entry.resolve();
      } catch (cause) {
        this.#owed.push(...lines);
        for (const entry of group) entry.reject(new Error('the journal cannot be written', { cause }));
      }
    }
    this.#flushing = undefined;
  }

  async #write(text: string): Promise<void> {
    // What an attempt before this one left behind may be torn, or not on the disk although it can be read.
    if (this.#owed.length > 0) await this.file.truncate(this.soundBytes);
    await this.file.appendFile(text);
    await this.file.datasync();
    this.soundBytes += Buffer.byteLength(text);
  }
}

const toLine = (batch: unknown): string => `${JSON.stringify(batch)}\n`;

async function readOrEmpty(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0);
    throw error;
  }
}

function parseLines(content: Buffer, path: string): { batches: unknown[]; soundBytes: number } {
  const batches: unknown[] = [];
  let soundBytes = 0;
  let damaged = false;
  for (let start = 0; start < content.length;) {
    const end = content.indexOf(0x0a, start);
    if (end === -1) break;
    const batch = parseLine(content.toString('utf8', start, end));
    if (batch === undefined) damaged = true;
    else if (damaged) throw new Error(`${path} is damaged before byte ${start}; restore it or move it away`);
    else {
      batches.push(batch);
      soundBytes = end + 1;
    }
    start = end + 1;
  }
  return { batches, soundBytes };
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** A new name in a folder is only safe once the folder itself was flushed. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
