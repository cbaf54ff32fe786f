import { type AuthorizationServer, processDiscoveryResponse } from 'oauth4webapi';

import { type Clock } from '@lib/kernel';
import { type Logger } from '@lib/observability';

import { IamUnavailableError } from '../../auth/iam-key-set';

/** The endpoints are regional and move: what is older is read again before it is used. */
const FRESH_MS = 600_000;
/** An IAM that is down is not asked by each who wants to sign in. */
const AGAIN_MS = 5_000;
const TIMEOUT_MS = 5_000;

export interface IamDiscoveryOptions {
  /** Base URL of IAM, e.g. `https://iam.cloud.ibm.com`. */
  readonly iamUrl: string;
  /** That the document must name, whichever host it came from. */
  readonly issuer: string;
}

export interface IamEndpoints {
  readonly server: AuthorizationServer;
  readonly authorization: string;
}

/** Where IAM says it is (OpenID Connect Discovery 1.0). What was read before serves while IAM cannot be read. */
export class IamDiscovery {
  #known: { readonly endpoints: IamEndpoints; readonly atMs: number } | undefined;
  #reading: Promise<void> | undefined;
  #triedAtMs = Number.NEGATIVE_INFINITY;
  #isDoubted = false;

  constructor(
    private readonly options: IamDiscoveryOptions,
    private readonly clock: Pick<Clock, 'monotonicMs'>,
    private readonly logger: Pick<Logger, 'warn'>,
    private readonly send: typeof fetch = fetch,
  ) {}

  /** @throws IamUnavailableError when it was never read */
  async endpoints(): Promise<IamEndpoints> {
    const now = this.clock.monotonicMs();
    const isFresh = !this.#isDoubted && this.#known !== undefined && now - this.#known.atMs < FRESH_MS;
    if (!isFresh && now - this.#triedAtMs >= AGAIN_MS) {
      this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    }
    // What is only old is good until it is read.
    if (this.#isDoubted || this.#known === undefined) await this.#reading;
    if (this.#known === undefined) throw new IamUnavailableError('IAM cannot be reached now; try again later.');
    return this.#known.endpoints;
  }

  /** An endpoint did not answer: it may have moved. */
  doubt(): void {
    this.#isDoubted = true;
  }

  /** Never rejects. */
  async #read(): Promise<void> {
    const now = this.clock.monotonicMs();
    try {
      const answer = await this.send(`${this.options.iamUrl}/identity/.well-known/openid-configuration`, {
        headers: { accept: 'application/json' },
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const server = await processDiscoveryResponse(new URL(this.options.issuer), answer);
      const { authorization_endpoint: authorization = '', token_endpoint: token = '' } = server;
      if (![authorization, token].every((address) => this.#isFit(address))) throw new Error('an endpoint without TLS');
      this.#known = { endpoints: { server, authorization }, atMs: now };
      this.#isDoubted = false;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.logger.warn({ reason }, 'the discovery document of IAM cannot be used');
    } finally {
      this.#triedAtMs = this.#known?.atMs === now ? Number.NEGATIVE_INFINITY : now;
    }
  }

  /** Secrets go there: encrypted, unless IAM itself is not. */
  #isFit(address: string): boolean {
    if (!URL.canParse(address)) return false;
    const { protocol } = new URL(address);
    return protocol === 'https:' || (protocol === 'http:' && this.options.iamUrl.startsWith('http:'));
  }
}
