import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { type Desk } from './desk';
import { type Ran, ResidentKmip4v } from './resident-kmip4v';

const run = promisify(execFile);

/** Words of earlier output that a page has in capitals. */
const PLACEHOLDERS: Readonly<Record<string, RegExp>> = {
  PLAN: /^id +(\S+)/m,
  HASH: /^hash +(\S+)/m,
  FINGERPRINT: /^client certificate +(\S+)/m,
};

/** Somebody who types the commands of a page, in one folder. */
export class Typist {
  readonly #known = new Map<string, string>();
  #last = '';

  private constructor(
    private readonly desk: Desk,
    private readonly kmip4v: ResidentKmip4v,
  ) {}

  /** @param program the installed kmip4v */
  static async at(desk: Desk, program: string): Promise<Typist> {
    const env = { PATH: process.env['PATH'] ?? '', ...desk.environment };
    return new Typist(desk, await ResidentKmip4v.start(program, desk.folder, env));
  }

  close(): void {
    this.kmip4v.close();
  }

  /** @throws Error unless each command ends as the page says */
  async type({ text: block, run: typed }: { readonly text: string; readonly run: boolean }): Promise<void> {
    const shown: string[] = [];
    for (const line of typed ? block.trim().split('\n') : []) {
      const [command = '', remark = ''] = line.split(/ +# /);
      const [, setting] = /^export (\w+)=/.exec(command) ?? [];
      // The same are set here, with what they are here.
      if (setting !== undefined && !(setting in this.desk.environment)) throw new Error(`what for: ${command}`);
      const wanted = Number(/^exit status (\d)/.exec(remark)?.[1] ?? 0);
      const { status, text } = await this.#run(this.desk.here(this.#filled(command)));
      shown.push(this.desk.shown(text));
      this.#last = shown.join('\n');
      if (status !== wanted) throw new Error(`${command} ended with ${status} instead of ${wanted}:\n${text}`);
    }
  }

  /** @throws Error unless these lines stand among what was shown last, in this order; `…` is anything */
  compare(block: string): void {
    const lines = this.#last.split('\n').map(plain);
    let from = 0;
    for (const wanted of block.trim().split('\n')) {
      const pattern = new RegExp(plain(wanted).split('…').map(escaped).join('.*'));
      const at = lines.findIndex((line, index) => index >= from && pattern.test(line));
      if (at < 0) throw new Error(`${wanted}\nis not shown, or not there:\n${this.#last}`);
      from = at;
    }
  }

  /** What a command answers as JSON. */
  async json<T>(command: string): Promise<T> {
    const { text } = await this.kmip4v.run([...command.split(' '), '--output', 'json']);
    return JSON.parse(text.slice(text.indexOf('\n{'))) as T;
  }

  #filled(command: string): string {
    let text = command;
    for (const [word, where] of Object.entries(PLACEHOLDERS)) {
      const found = where.exec(this.#last)?.[1] ?? this.#known.get(word) ?? '';
      this.#known.set(word, found);
      text = text.replaceAll(new RegExp(`\\b${word}\\b`, 'g'), found);
    }
    return text;
  }

  /** What needs a shell gets one. */
  async #run(command: string): Promise<Ran> {
    const [program, ...words] = command.split(' ');
    if (program === 'kmip4v' && /^[\w .,:/@-]*$/.test(command)) return await this.kmip4v.run(words);
    try {
      const { stdout, stderr } = await run('bash', ['--norc', '-euo', 'pipefail', '-c', command], {
        cwd: this.desk.folder,
      });
      return { status: 0, text: `${stderr}\n${stdout}` };
    } catch (error) {
      // Of execFile: the shell ran, and ended with another status.
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { status: code, text: `${stderr}\n${stdout}` };
    }
  }
}

const plain = (line: string): string => line.replaceAll(/\s+/g, ' ').trim();
const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
