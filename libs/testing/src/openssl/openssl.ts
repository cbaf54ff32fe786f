import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { type ClientKeyKind, Secret } from '@lib/kernel';
import { type IssuedCertificate } from '@lib/pki';

const execute = promisify(execFile);

function isHere(): boolean {
  try {
    execFileSync('openssl', ['version']);
    return true;
  } catch {
    process.stdout.write('no openssl here: what it makes and thinks is not asked\n');
    return false;
  }
}

/** For tests that need OpenSSL's command line, which scripts/setup-debian.sh installs. */
export const describeWithOpenssl = (name: string, suite: () => void): void =>
  (isHere() ? describe : describe.skip)(name, suite);

/** What `openssl genpkey` needs to make a key. */
export type KeyRecipe = readonly string[];

export const curveRecipe = (curve: string): KeyRecipe => ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`];

/** Of four primes when it is long: nobody sees that from outside, and it is found in a second. */
export const rsaRecipe = (bits: number, algorithm = 'RSA', ...options: readonly string[]): KeyRecipe => {
  const settings = [`rsa_keygen_bits:${bits}`, ...(bits > 4096 ? ['rsa_keygen_primes:4'] : []), ...options];
  return ['-algorithm', algorithm, ...settings.flatMap((setting) => ['-pkeyopt', setting])];
};

/** Keys of one kind: of RSA the shortest and the longest. */
export function recipesOf(kind: ClientKeyKind): readonly (readonly [string, KeyRecipe])[] {
  switch (kind.type) {
    case 'rsa':
    case 'rsa-pss':
      return [kind.minimumBits, kind.maximumBits].map((bits) => [
        `${kind.type} ${bits}`,
        rsaRecipe(bits, kind.type.toUpperCase()),
      ]);
    case 'ec':
      return [[kind.name, curveRecipe(kind.curve)]];
    case 'ed25519':
      return [[kind.name, ['-algorithm', 'ED25519']]];
  }
}

/** OpenSSL's command line in a folder of its own: a second opinion, and a maker of what we do not make. */
export class Openssl {
  readonly #keys = new Map<string, Promise<string>>();

  private constructor(readonly folder: string) {}

  static async open(): Promise<Openssl> {
    return new Openssl(await mkdtemp(join(tmpdir(), 'kmip-openssl-')));
  }

  /** What it prints; its standard input is at its end. @throws when it exits with a fault */
  async run(...args: readonly string[]): Promise<string> {
    const running = execute('openssl', args, { cwd: this.folder });
    running.child.stdin?.end();
    return (await running).stdout;
  }

  async write(file: string, content: string | Buffer): Promise<void> {
    await writeFile(join(this.folder, file), content);
  }

  /** The key of `recipe` with a certificate that it signed itself. */
  async selfSigned(recipe: KeyRecipe): Promise<IssuedCertificate> {
    const key = await this.#keyOf(recipe);
    const certificatePem = await this.run('req', '-x509', '-key', key, '-subj', '/CN=client', '-days', '2');
    return { certificatePem, privateKeyPem: Secret.of(await readFile(join(this.folder, key))) };
  }

  /** A signing request of the key of `recipe`. */
  async signingRequest(recipe: KeyRecipe): Promise<string> {
    return this.run('req', '-new', '-key', await this.#keyOf(recipe), '-subj', '/CN=client');
  }

  /** File of the key, made when it is asked for first: long ones take their time. */
  #keyOf(recipe: KeyRecipe): Promise<string> {
    const name = `${recipe.join(' ').replaceAll(/[^A-Za-z0-9]+/g, '-')}.key`;
    const key = this.#keys.get(name) ?? this.run('genpkey', ...recipe, '-out', name).then(() => name);
    this.#keys.set(name, key);
    return key;
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
