import type { ManagedObjectType, MethodOf, ParametersOf, ResultOf } from '../types/methods';
import { SESSION_HEADER } from '../types/negotiation';
import type { ServiceContent, UserSession } from '../types/service';
import { type ManagedObjectReference, reference, unbox } from '../types/values';
import { isJson, negotiate, parsed } from './negotiation';
import { CALL_TIMEOUT_MS, deadline, patiently } from './patiently';
import { asResult } from './shapes';
import { VsanEndpoint, type VsanMethod } from './soap/vsan-endpoint';
import type { ViSessionOptions } from './session-options';
import type { ViResponse } from './transport';
import { ViConnectionError } from './vi-connection.error';
import { readFault, ViFault } from './vi-fault';
import { secretsIn, withoutSecrets } from './without-secrets';

/** A session that nobody ends ends by itself. */
const LOGOUT_TIMEOUT_MS = 5_000;

/**
 * A login at one vCenter. A session that ended is opened anew once per call, which is repeated: NotAuthenticated is said
 * before anything is done, so that is safe for every call. Reads are repeated when the proxy in front of vCenter was
 * not ready; changes are not, since they may have been made, and neither is Login, which would lock the account.
 */
export class ViSession {
  #token: string | undefined;
  #user: UserSession | undefined;
  #login: Promise<void> | undefined;
  #clockAheadMs = 0;
  #vsan: VsanEndpoint | undefined;

  private constructor(
    private readonly options: ViSessionOptions,
    readonly release: string,
    readonly content: ServiceContent,
  ) {}

  /**
   * @throws ViConnectionError
   * @throws ViFault InvalidLogin, NoPermission
   */
  static async open(options: ViSessionOptions): Promise<ViSession> {
    try {
      const { release, content } = await negotiate(options.transport, deadline(options.signal));
      const session = new ViSession(options, release, content);
      await session.#logIn();
      return session;
    } catch (error) {
      await options.transport.close();
      throw withoutSecrets(error, [options.credentials.password]);
    }
  }

  /** Who is logged in; its `key` is what HasPrivilegeOnEntities takes. */
  get user(): UserSession {
    if (this.#user === undefined) throw new Error('a session that was never opened');
    return this.#user;
  }

  /** How far the clock of vCenter's proxy is ahead of ours, to the second, by its last answer. */
  get clockAheadMs(): number {
    return this.#clockAheadMs;
  }

  /**
   * Calls a method of the managed object; `undefined` for one without parameters, which is sent without a body. A void one
   * gives nothing, a nullable one may give null. vSAN is below `/vsan` of the JSON API from 9.0 on, and asked by SOAP before.
   * @throws ViFault what vCenter refused
   */
  async call<Type extends ManagedObjectType, Name extends MethodOf<Type>>(
    object: ManagedObjectReference,
    type: Type,
    name: Name,
    parameters: ParametersOf<Type, Name> | undefined,
  ): Promise<ResultOf<Type, Name>> {
    try {
      const answer =
        type === 'VsanVcClusterConfigSystem' && !this.release.startsWith('9.')
          ? await (this.#vsan ??= new VsanEndpoint(this.options)).call(object, name as VsanMethod, parameters ?? {})
          : await this.#withSession(`${type}.${name}`, READS.has(name), () => ({
              method: 'POST' as const,
              path: this.#path(reference(type, object.value), name),
              ...(parameters === undefined ? {} : { body: JSON.stringify(parameters) }),
            }));
      return asResult(answer, type, name) as ResultOf<Type, Name>;
    } catch (error) {
      throw withoutSecrets(error, [this.options.credentials.password, ...secretsIn(parameters)]);
    }
  }

  /** A top-level property, as its declared type: never boxed; null when unset. */
  async property(object: ManagedObjectReference, name: string): Promise<unknown> {
    return await this.#withSession(`${object.type}.${name}`, true, () => ({
      method: 'GET' as const,
      path: this.#path(object, name),
    }));
  }

  /** Opens the session anew. For who finds NotAuthenticated inside an answer that was 200. */
  async renew(): Promise<void> {
    this.#token = undefined;
    await this.#logIn();
  }

  /** Ends the session, if there is one still, and the connections. */
  async close(): Promise<void> {
    await this.#vsan?.close();
    try {
      const { sessionManager } = this.content;
      if (sessionManager !== undefined)
        await this.#once('POST', this.#path(sessionManager, 'Logout'), undefined, LOGOUT_TIMEOUT_MS);
    } catch {
      // A session that has ended meanwhile is what was wanted.
    }
    await this.options.transport.close();
  }

  #path(object: ManagedObjectReference, name: string): string {
    const space = object.type.startsWith('Vsan') ? 'vsan/' : '';
    return `/sdk/vim25/${this.release}/${space}${object.type}/${encodeURIComponent(object.value)}/${name}`;
  }

  async #logIn(): Promise<void> {
    this.#login ??= this.#newLogin().finally(() => (this.#login = undefined));
    await this.#login;
  }

  async #newLogin(): Promise<void> {
    const { sessionManager } = this.content;
    if (sessionManager === undefined) throw new ViConnectionError('not_a_vcenter', 'This server has no sessions.');
    const { userName, password } = this.options.credentials;
    const answer = await this.#once(
      'POST',
      this.#path(sessionManager, 'Login'),
      JSON.stringify({ userName, password, locale: 'en' }),
    );
    this.#user = asResult(outcome(answer, 'SessionManager.Login'), 'SessionManager', 'Login') as UserSession;
    if (this.#token === undefined) throw new ViConnectionError('malformed', 'vCenter gave no session token.');
  }

  async #withSession(
    call: string,
    repeatable: boolean,
    asked: () => { method: 'GET' | 'POST'; path: string; body?: string },
  ): Promise<unknown> {
    const perform = async (): Promise<unknown> => {
      const { method, path, body } = asked();
      return outcome(await patiently(repeatable, () => this.#once(method, path, body)), call);
    };
    try {
      return await perform();
    } catch (error) {
      if (!(error instanceof ViFault) || !error.is('NotAuthenticated')) throw error;
      await this.renew();
      return await perform();
    }
  }

  async #once(
    method: 'GET' | 'POST',
    path: string,
    body: string | undefined,
    timeoutMs = CALL_TIMEOUT_MS,
  ): Promise<ViResponse> {
    const answer = await this.options.transport.exchange({
      method,
      path,
      headers: {
        'user-agent': this.options.userAgent ?? 'kmip4v',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(this.#token === undefined ? {} : { [SESSION_HEADER]: this.#token }),
      },
      ...(body === undefined ? {} : { body }),
      signal: deadline(this.options.signal, timeoutMs),
    });
    this.#token = answer.headers[SESSION_HEADER] ?? this.#token;
    const { date } = answer.headers;
    const at = Date.parse(date ?? '');
    if (!Number.isNaN(at)) this.#clockAheadMs = at - Date.now();
    return answer;
  }
}

/** Methods that change nothing, and may be sent again. */
const READS: ReadonlySet<string> = new Set([
  'HasPrivilegeOnEntities',
  'RetrieveKmipServersStatus_Task',
  'RetrievePropertiesEx',
  'ListKmipServers',
  'ListKmsClusters',
  'GetDefaultKmsCluster',
  'IsKmsClusterActive',
  'RetrieveKmipServerCert',
  'RetrieveSelfSignedClientCert',
  'RetrieveClientCsr',
  'RetrieveClientCert',
  'QueryCryptoKeyStatus',
  'ListKeys',
  'ListVStorageObject',
  'RetrieveVStorageObject',
  'VsanClusterGetConfig',
]);

/** What a 200 or 204 holds, null for an empty one. @throws ViFault, ViConnectionError */
function outcome(answer: ViResponse, call: string): unknown {
  if (answer.status === 204 || (answer.status === 200 && answer.body === '')) return null;
  if (!isJson(answer)) throw notJson(answer, call);
  const value = parsed(answer.body, call);
  if (answer.status === 200) return unbox(value);
  throw readFault(value, call) ?? notJson(answer, call);
}

function notJson(answer: ViResponse, call: string): ViConnectionError {
  return new ViConnectionError(
    'proxy_answer',
    `${call} was answered with HTTP ${answer.status} that is no answer of vCenter's API: the services behind its proxy may be starting.`,
  );
}
