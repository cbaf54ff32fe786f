import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Raised for mistakes the person at the keyboard can mend; printed without a stack. */
export class StartError extends Error {}

/** Takes a data folder for this process. A second copy needs a folder of its own. */
export async function claimDataFolder(path: string): Promise<{ readonly path: string; release(): Promise<void> }> {
  const folder = resolve(path);
  const pidFile = join(folder, 'launcher.pid');
  await mkdir(folder, { recursive: true });
  // As root the database runs under another account, which must be able to pass through. Secrets in it are 0600.
  if (process.getuid?.() === 0) await chmod(folder, (await stat(folder)).mode | 0o011);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      await writeFile(pidFile, `${process.pid}\n`, { flag: 'wx' });
      return { path: folder, release: () => rm(pidFile, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = Number(await readFile(pidFile, 'utf8').catch(() => ''));
    if (owner > 0 && owner !== process.pid && isLauncher(owner, await commandLine(owner))) {
      throw new StartError(
        `The data folder ${folder} is in use by process ${owner}. Stop that copy, or set DATA_DIR to another folder (and the ports to 0 or free ones).`,
      );
    }
    await rm(pidFile, { force: true });
  }
  throw new StartError(`The data folder ${folder} could not be claimed: ${pidFile} keeps coming back.`);
}

async function commandLine(pid: number): Promise<string | undefined> {
  return await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
}

/** A pid may have been given to another program since; where /proc can tell, only a launcher counts as the owner. */
function isLauncher(pid: number, command: string | undefined): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return command === undefined || command.includes('launcher');
}
