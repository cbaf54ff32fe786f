import { z } from 'zod';

import { type Clock } from '@lib/kernel';

import { type AccessQuestion, type Authorizer, AuthorizerUnavailableError } from './authorizer.port';
import { type ServiceIdentity } from './service-identity';

const TIMEOUT_MS = 5_000;
/** Decisions kept at once; the oldest are dropped. */
const MAX_CACHED = 100_000;
/** However long IAM allows, a revoked role is noticed after this time. */
const MAX_CACHE_AGE_S = 600;
/** Questions in one request. */
const MAX_BATCH = 100;

const ANSWER = z.object({
  responses: z.array(
    z.object({
      status: z.coerce.string(),
      authorizationDecision: z
        .object({
          permitted: z.boolean(),
          obligation: z.object({ maxCacheAgeSeconds: z.number().nonnegative().optional() }).optional(),
        })
        .optional(),
    }),
  ),
});

export interface PolicyDecisionPointOptions {
  /** Base URL of IAM, e.g. `https://iam.cloud.ibm.com`. */
  readonly iamUrl: string;
  /** First word of every action, the name under which the service is registered with IAM. */
  readonly serviceName: string;
  /** Our own access token: the PDP answers services, not users. */
  readonly identity: Pick<ServiceIdentity, 'call'>;
}

interface CachedDecision {
  readonly permitted: boolean;
  readonly until: number;
}

/** IAM's policy decision point, `POST /v2/authz`. */
export class PolicyDecisionPoint implements Authorizer {
  readonly #cache = new Map<string, CachedDecision>();

  constructor(
    private readonly options: PolicyDecisionPointOptions,
    private readonly clock: Clock,
    private readonly send: typeof fetch = fetch,
  ) {}

  async decide(questions: readonly AccessQuestion[]): Promise<readonly boolean[]> {
    const now = this.clock.monotonicMs();
    const known = questions.map((question) => this.#cached(cacheKey(question), now));
    const open = questions.filter((_, index) => known[index] === undefined);
    const answers: boolean[] = [];
    for (let at = 0; at < open.length; at += MAX_BATCH) {
      answers.push(...(await this.#ask(open.slice(at, at + MAX_BATCH), now)));
    }
    let next = 0;
    return known.map((decision) => decision ?? answers[next++] ?? false);
  }

  #cached(key: string, now: number): boolean | undefined {
    const decision = this.#cache.get(key);
    return decision && decision.until > now ? decision.permitted : undefined;
  }

  async #ask(questions: readonly AccessQuestion[], now: number): Promise<boolean[]> {
    const { responses } = await this.#post(questions.map((question) => this.#entry(question)));
    if (responses.length !== questions.length) throw unavailable();
    return responses.map(({ status, authorizationDecision: decision }, index) => {
      // 403 may mean that IAM knows no such instance: that is a refusal, not an outage.
      if (!decision && status !== '403') throw unavailable();
      const permitted = decision?.permitted ?? false;
      const question = questions[index];
      if (question) this.#remember(cacheKey(question), permitted, decision?.obligation?.maxCacheAgeSeconds ?? 0, now);
      return permitted;
    });
  }

  #remember(key: string, permitted: boolean, maxAgeSeconds: number, now: number): void {
    this.#cache.delete(key);
    const ageMs = Math.min(maxAgeSeconds, MAX_CACHE_AGE_S) * 1000;
    if (ageMs > 0) this.#cache.set(key, { permitted, until: now + ageMs });
    if (this.#cache.size > MAX_CACHED) {
      const [oldest] = this.#cache.keys();
      if (oldest !== undefined) this.#cache.delete(oldest);
    }
  }

  #entry({ principal, action, resource }: AccessQuestion): unknown {
    return {
      subject: { attributes: { id: principal.iamId, scope: principal.scope, accountId: principal.accountId } },
      action: `${this.options.serviceName}.${action}`,
      resource: { crn: resource.crn },
    };
  }

  async #post(body: readonly unknown[]): Promise<z.infer<typeof ANSWER>> {
    try {
      return ANSWER.parse(await this.options.identity.call((headers) => this.#send(headers, JSON.stringify(body))));
    } catch (error) {
      throw unavailable(error);
    }
  }

  async #send(headers: Readonly<Record<string, string>>, body: string): Promise<unknown> {
    const answer = await this.send(`${this.options.iamUrl}/v2/authz`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', accept: 'application/vnd.authz.v2+json' },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!answer.ok) throw new DecisionRefused(answer.status);
    return answer.json();
  }
}

/** The decision point answered, and not with a decision. */
class DecisionRefused extends Error {
  constructor(readonly status: number) {
    super(`IAM's policy decision point answered with status ${status}`);
  }
}

const unavailable = (cause?: unknown): AuthorizerUnavailableError =>
  new AuthorizerUnavailableError('The permission of the caller cannot be checked now; try again later.', { cause });

/** JSON, so that no identity can be spelled to collide with another. */
const cacheKey = ({ principal, action, resource }: AccessQuestion): string =>
  JSON.stringify([principal.iamId, principal.accountId, principal.scope, action, resource.crn]);
