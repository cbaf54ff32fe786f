import type { ViTransport } from './transport';

export interface ViCredentials {
  readonly userName: string;
  readonly password: string;
}

export interface ViSessionOptions {
  readonly transport: ViTransport;
  readonly credentials: ViCredentials;
  readonly userAgent?: string;
  /** Ends whatever is under way. */
  readonly signal?: AbortSignal;
}
