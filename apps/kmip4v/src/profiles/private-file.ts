import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { EXIT } from '../command-line/exit-codes';
import { CommandFault } from '../command-line/faults';

const OTHERS = 0o077;

/** Reads a file that holds, or leads to, secrets. @returns undefined when there is none @throws CommandFault when others can get at it */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  let file;
  try {
    file = await open(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new CommandFault(EXIT.failed, `${path} cannot be read: ${error instanceof Error ? error.message : ''}`);
  }
  try {
    const { mode, uid } = await file.stat();
    const me = process.getuid?.();
    if (me !== undefined && uid !== me) {
      throw new CommandFault(EXIT.refused, `${path} belongs to somebody else`, 'use a file of your own');
    }
    if (me !== undefined && (mode & OTHERS) !== 0) {
      throw new CommandFault(EXIT.refused, `others can read ${path}, or write it`, `chmod 600 ${path}`);
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

/** Replaces it as a whole; nobody else can read it, at no time. */
export async function writePrivateFile(path: string, content: string | Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  // Of a name that no run before can have left: in containers the same process id comes again and again.
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, content, { mode: 0o600, flag: 'wx' });
  await rename(temporary, path);
}

/**
 * For what must not take the place of anything, and cannot be had again: the file is made before the thing is asked for,
 * so that nothing is lost for want of a place.
 */
export class NewPrivateFile {
  private constructor(
    readonly path: string,
    private readonly file: FileHandle,
  ) {}

  /** @throws CommandFault when it exists, or cannot be made */
  static async open(path: string): Promise<NewPrivateFile> {
    try {
      return new NewPrivateFile(path, await open(path, 'wx', 0o600));
    } catch (error) {
      const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
      const what = exists ? 'exists already' : `cannot be written: ${error instanceof Error ? error.message : ''}`;
      throw new CommandFault(EXIT.usage, `${path} ${what}`, 'name another file');
    }
  }

  /** Takes the file away again when what it was made for fails. */
  async orDiscard<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      await this.#discard();
      throw error;
    }
  }

  async #discard(): Promise<void> {
    await this.file.close();
    await rm(this.path, { force: true });
  }

  async fill(content: string | Uint8Array): Promise<void> {
    await this.fillFrom([content]);
  }

  /** Piece by piece: what is written can be larger than memory. What was begun is taken away when the rest fails. */
  async fillFrom(pieces: AsyncIterable<Uint8Array> | Iterable<string | Uint8Array>): Promise<void> {
    try {
      for await (const piece of pieces) await this.file.writeFile(piece);
      await this.file.sync();
    } catch (error) {
      await this.#discard();
      throw error;
    }
    await this.file.close();
  }
}

/** @throws CommandFault that names the file and nothing in it */
export async function readFileOrFault(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch {
    throw new CommandFault(EXIT.usage, `the file ${path} cannot be read`);
  }
}
