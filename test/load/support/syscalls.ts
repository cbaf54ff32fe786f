import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { once } from 'node:events';

import { type Watch } from './measure';
import { type Region } from './region';
import { type Share, shares } from './share';

const STRACE = '/usr/bin/strace';

/** The system calls of the gateways, if strace is there. */
export class Syscalls implements Watch {
  found: readonly Share[] | undefined;
  #strace: ChildProcess | undefined;
  #output = '';

  constructor(private readonly region: Region) {}

  async begin(): Promise<void> {
    if (!existsSync(STRACE)) return;
    const gateways = Object.entries(this.region.target.processes()).filter(([name]) => name.startsWith('kmip-gateway'));
    const strace = spawn(STRACE, ['-f', '-c', ...gateways.flatMap(([, pid]) => ['-p', String(pid)])], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#strace = strace;
    strace.stderr.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    // It says so when it has attached itself, or why it may not.
    await once(strace.stderr, 'data');
  }

  async end(operations: number): Promise<void> {
    if (this.#strace === undefined) return;
    if (this.#strace.exitCode === null) {
      const closed = once(this.#strace, 'close');
      this.#strace.kill('SIGINT');
      await closed;
    }
    const counts = countsIn(this.#output);
    if (counts.size > 0) this.found = shares(counts, operations);
  }
}

/** Lines of `strace -c`: % time, seconds, usecs/call, calls, errors (if any), name. */
function countsIn(output: string): ReadonlyMap<string, number> {
  const lines = output.matchAll(/^ *[\d.]+ +[\d.]+ +\d+ +(\d+) +(?:\d+ +)?(\w+)$/gm);
  return new Map(
    [...lines].filter(([, , name]) => name !== 'total').map(([, calls, name = '']) => [name, Number(calls)]),
  );
}
