import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const BLOCK = Buffer.alloc(64 * 1024, 1);

/** A disk that a test may fill to its last byte. */
export interface SmallDisk {
  readonly folder: string;
  file(name: string): string;
  /** @returns the file that takes all the room there was; remove it to make room again */
  fill(): string;
  unmount(): void;
}

/** Puts a file system of its own over `folder`. Needs root, as the suites have in CI. */
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
