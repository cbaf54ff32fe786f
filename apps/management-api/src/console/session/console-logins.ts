import { randomBytes } from 'node:crypto';

import { type Clock, Secret } from '@lib/kernel';
import { type PendingLogin, type PostgresConsoleLogins } from '@lib/persistence';
import { type CredentialSealer, TenancyError } from '@lib/tenancy';

import { type IamLogin, type IamTokens, type LoginSecrets } from '../iam/iam-login';
import { hashOf, newCookieValue } from './session-cookie';

/** Whoever asks to sign in adds a row: they are swept while they come, and not only when house is kept. */
const SWEPT_EVERY = 1_000;
/** For a person who looks for his second factor. */
export const LOGIN_GOOD_MS = 600_000;

export interface ConsoleLoginsParts {
  readonly store: PostgresConsoleLogins;
  readonly sealer: CredentialSealer;
  readonly iam: IamLogin;
  readonly clock: Pick<Clock, 'now'>;
}

/** Where one goes after it. */
export interface LoginTarget {
  readonly path: string;
  /** Whose tokens are wanted: of the account of what is looked at, if that is known. */
  readonly accountId?: string | undefined;
}

type Kept = Omit<LoginSecrets, 'state'> & LoginTarget;

/** The way of a browser to IAM and back. */
export class ConsoleLogins {
  #begun = 0;

  constructor(private readonly parts: ConsoleLoginsParts) {}

  /**
   * @param browser its cookie
   * @returns where to send it
   * @throws IamUnavailableError
   */
  async begin(browser: string, target: LoginTarget): Promise<string> {
    const { store, clock, iam } = this.parts;
    const [state, nonce, verifier] = [newCookieValue(), newCookieValue(), randomBytes(32).toString('base64url')];
    const address = await iam.address({ state, nonce, verifier });
    const stateHash = hashOf(state);
    const sealed = this.#seal(stateHash, { nonce, verifier, ...target });
    const expiresAt = new Date(clock.now().getTime() + LOGIN_GOOD_MS);
    this.#begun += 1;
    if (this.#begun % SWEPT_EVERY === 0) await store.sweep(clock.now());
    await store.begin({ stateHash, browserHash: hashOf(browser), sealed, expiresAt });
    return address;
  }

  /**
   * @param given what the browser brought back
   * @returns undefined when this browser was not sent there, or has been back
   * @throws LoginRefused, IamUnavailableError
   */
  async complete(
    browser: string | undefined,
    given: URLSearchParams,
    address: string,
  ): Promise<{ readonly tokens: IamTokens; readonly path: string } | undefined> {
    const { store, clock, iam } = this.parts;
    const state = given.get('state') ?? '';
    const pending = await store.take(hashOf(state), clock.now());
    const isHere = browser !== undefined && pending?.browserHash.equals(hashOf(browser)) === true;
    const kept = isHere ? this.#open(pending) : undefined;
    if (kept === undefined) return undefined;
    const tokens = await iam.redeem(given, { state, ...kept }, { accountId: kept.accountId, address });
    return { tokens, path: kept.path };
  }

  #seal(stateHash: Buffer, kept: Kept): PendingLogin['sealed'] {
    const text = Secret.fromText(JSON.stringify(kept));
    try {
      return this.parts.sealer.seal(rowOf(stateHash), text);
    } finally {
      text.wipe();
    }
  }

  #open({ stateHash, sealed }: PendingLogin): Kept | undefined {
    try {
      const opened = this.parts.sealer.open(rowOf(stateHash), sealed);
      const text = opened.exposeText();
      opened.wipe();
      // Written by #seal.
      return JSON.parse(text) as Kept;
    } catch (error) {
      if (error instanceof TenancyError) return undefined;
      throw error;
    }
  }
}

const rowOf = (stateHash: Buffer) =>
  ({ instanceId: 'region', rowId: `console-login ${stateHash.toString('hex')}` }) as const;
