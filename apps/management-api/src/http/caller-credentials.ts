import { type FastifyRequest } from 'fastify';

/** By what a caller of the tenant API says who he is. */
export interface CallerCredentials {
  /**
   * @returns `Bearer` and an access token; undefined when there is none
   * @throws ApiError, or what becomes one: a session of the console may not be used like that
   */
  of(request: FastifyRequest): Promise<string | undefined>;
}
