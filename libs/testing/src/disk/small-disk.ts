import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const BLOCK = Buffer.alloc(64 * 1024, 1);

/** CAP_SYS_ADMIN: of the root of a machine, and of that of few containers. */
const MAY_MOUNT = 1n << 21n;

export function mayMount(): boolean {
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  if ((BigInt(`0x${effective}`) & MAY_MOUNT) !== 0n) return true;
  process.stdout.write('no right to mount here (root has it): what a full disk does is not asked\n');
  return false;
}

/** For tests that need a {@link smallDisk}. */
export const itWithSmallDisk = (name: string, test: () => Promise<void>): void =>
  (mayMount() ? it : it.skip)(name, test);
export const describeWithSmallDisk = (name: string, suite: () => void): void =>
  (mayMount() ? describe : describe.skip)(name, suite);

/** A disk that a test may fill to its last byte. */
export interface SmallDisk {
  readonly folder: string;
  file(name: string): string;
  /** @returns the file that takes all the room there was; remove it to make room again */
  fill(): string;
  unmount(): void;
}

/** Puts a file system of its own over `folder`. */
export function smallDisk(folder: string, mebibytes = 4): SmallDisk {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0755`, 'tmpfs', folder]);
  const file = (name: string): string => join(folder, name);
  return {
    folder,
    file,
    fill() {
      const filler = file('filler');
      const descriptor = openSync(filler, 'a');
      try {
        for (;;) writeSync(descriptor, BLOCK);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        closeSync(descriptor);
      }
      return filler;
    },
    unmount: () => void execFileSync('umount', ['--lazy', folder]),
  };
}
