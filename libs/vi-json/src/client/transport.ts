/** One request to vCenter. Paths begin with a slash; a body is JSON. */
export interface ViRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface ViResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** How bytes get to vCenter and back. @throws ViConnectionError */
export interface ViTransport {
  exchange(request: ViRequest): Promise<ViResponse>;
  close(): Promise<void>;
}
