import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
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
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, content, { mode: 0o600, flag: 'wx' });
  await rename(temporary, path);
}

/** For what must not take the place of anything: a private key that cannot be had again. @throws CommandFault when it exists */
export async function writeNewPrivateFile(path: string, content: string | Buffer): Promise<void> {
  try {
    await writeFile(path, content, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new CommandFault(
      EXIT.failed,
      exists ? `${path} exists already` : `${path} cannot be written: ${error instanceof Error ? error.message : ''}`,
      'name another file',
    );
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
