import { access, cp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { type Account, blockedFolder } from './account';
import { EmbeddedPostgresError } from './embedded-postgres.error';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** Major version, as in a cluster's PG_VERSION file. */
  readonly major: string;
}

/**
 * The server programs of this platform's `@embedded-postgres/*` package, in a place where `account` can run them.
 * They are copied into `copyFolder` when they lie under a private home folder or their own folder cannot be completed.
 */
export async function locateBinaries(account: Account | undefined, copyFolder: string): Promise<Binaries> {
  const { folder, version } = await installedPackage();
  const native = join(folder, 'native');
  const blocked = account === undefined ? undefined : await blockedFolder(join(native, 'bin'), account);
  const usable = blocked === undefined && (await completeLibraries(native));
  const home = usable ? native : await copyOf(native, join(copyFolder, `postgres-${version}`));
  const bin = join(home, 'bin');
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), major: version.split('.')[0] ?? version };
}

async function installedPackage(): Promise<{ folder: string; version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let main: string;
  try {
    // Windows has a package too, but no Unix sockets that `pg` could use.
    if (process.platform === 'win32') throw new Error('no Unix sockets');
    main = require.resolve(name);
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `there is no embedded PostgreSQL for ${process.platform} on ${process.arch} (package ${name}); ` +
        'set DATABASE_URL to use a server of your own',
      { cause },
    );
  }
  const folder = resolve(dirname(main), '..');
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { version: string };
  return { folder, version };
}

/**
 * npm packages cannot carry symbolic links; the package makes them in its install script, which
 * `npm ci --ignore-scripts` skips. @returns false when they are missing and may not be made here.
 */
export async function completeLibraries(native: string): Promise<boolean> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as { source: string; target: string }[];
  for (const { source, target } of links) {
    // Paths are written from the package's own folder: native/lib/…
    const link = resolve(native, '..', target);
    const found = await access(link).then(
      () => true,
      () => false,
    );
    if (found) continue;
    try {
      await symlink(basename(source), link);
    } catch (error) {
      // Another process may have made it meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
    }
  }
  return true;
}

async function copyOf(native: string, target: string): Promise<string> {
  const home = join(target, 'native');
  const present = await access(target).then(
    () => true,
    () => false,
  );
  if (present) return home;
  const draft = `${target}.${String(process.pid)}`;
  await cp(native, join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  await completeLibraries(join(draft, 'native'));
  // Renamed when whole, so that an interrupted copy is never used; a copy that won the race is as good as ours.
  await rename(draft, target).catch(() => rm(draft, { recursive: true, force: true }));
  return home;
}
