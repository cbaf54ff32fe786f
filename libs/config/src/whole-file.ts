import { randomBytes } from 'node:crypto';
import { chown, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes a file that only its owner reads, whole or not at all; one that is there already stays. */
export async function makeWhole(file: string, content: Buffer): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  try {
    // Unlike a rename, a link does not replace a file that came into being meanwhile.
    await withDraft(file, content, (draft) => link(draft, file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * Puts a content in the place of a file, whole or not at all.
 * @param like whose owner the file gets when root does it: a command of the operator takes it from nobody
 */
export async function replaceWhole(file: string, content: Buffer, like = file): Promise<void> {
  const { uid, gid } = await stat(like);
  await withDraft(file, content, async (draft) => {
    if (process.getuid?.() === 0) await chown(draft, uid, gid);
    await rename(draft, file);
  });
}

async function withDraft(file: string, content: Buffer, use: (draft: string) => Promise<void>): Promise<void> {
  const draft = `${file}.new-${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await use(draft);
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

export async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
