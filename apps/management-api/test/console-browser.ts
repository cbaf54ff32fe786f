import { type Answer, type TenantApiApp } from './tenant-api-app';

/** As much of a browser as the console needs: cookies, and what is said of where a request comes from. */
export class ConsoleBrowser {
  readonly cookies = new Map<string, string>();
  csrfToken = '';

  constructor(private readonly api: TenantApiApp) {}

  /** The same browser at another process of the region. */
  at(api: TenantApiApp): ConsoleBrowser {
    const other = new ConsoleBrowser(api);
    other.csrfToken = this.csrfToken;
    for (const [name, value] of this.cookies) other.cookies.set(name, value);
    return other;
  }

  async get<T = Record<string, unknown>>(path: string, headers: Record<string, string> = {}): Promise<Answer<T>> {
    return this.send<T>('GET', path, { headers });
  }

  /** A page of ours that sends its token. */
  async post<T = Record<string, unknown>>(path: string, headers: Record<string, string> = {}): Promise<Answer<T>> {
    return this.send<T>('POST', path, { headers: { 'x-csrf-token': this.csrfToken, ...headers } });
  }

  async send<T = Record<string, unknown>>(
    method: string,
    path: string,
    { body, headers = {} }: { readonly body?: unknown; readonly headers?: Record<string, string> } = {},
  ): Promise<Answer<T>> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await this.api.send<T>(method, path, {
      as: 'a browser',
      ...(body !== undefined && { body }),
      headers: { 'sec-fetch-site': 'same-origin', ...(cookie !== '' && { cookie }), ...headers },
    });
    for (const line of [answer.headers['set-cookie'] ?? []].flat()) this.#keep(line);
    return answer;
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split('; ');
    const [name = '', value = ''] = pair.split('=');
    // What a browser demands of such a name.
    const isHostCookie = attributes.includes('Path=/') && attributes.includes('Secure');
    if (!isHostCookie || !name.startsWith('__Host-')) throw new Error(`a browser refuses ${name}`);
    if (attributes.includes('Max-Age=0')) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }
}
