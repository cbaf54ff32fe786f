import type { VsanConfigInfoEx, VsanDataEncryptionConfig } from '../../types/host';
import type { MethodOf } from '../../types/methods';
import { type ManagedObjectReference, reference } from '../../types/values';
import { deadline, patiently } from '../patiently';
import type { ViRequest, ViResponse } from '../transport';
import { ViConnectionError } from '../vi-connection.error';
import { ViFault } from '../vi-fault';
import type { ViSessionOptions } from '../session-options';
import { soapAnswer, soapRequest } from './soap-messages';
import { Element } from './xml';

export type VsanMethod = MethodOf<'VsanVcClusterConfigSystem'>;

const VIM_PATH = '/sdk';
const VSAN_PATH = '/vsanHealth';
const VERSIONS_PATH = '/sdk/vsanServiceVersions.xml';
const SESSION_MANAGER = reference('SessionManager', 'SessionManager');
const COOKIE = /vmware_soap_session="?[^";\s]+"?/;

/**
 * vSAN of 8.0, which has an interface of its own: SOAP at `/vsanHealth`, in the namespace `urn:vsan` and in the version that
 * `vsanServiceVersions.xml` names, with the cookie of a session that is opened by SOAP at `/sdk` (govmomi vsan/client.go,
 * vim25/soap/client.go; vsanapiutils.py). Whether the token of a JSON session would do is not established.
 */
export class VsanEndpoint {
  #session: Promise<Session> | undefined;

  constructor(private readonly options: ViSessionOptions) {}

  /** @throws ViFault, ViConnectionError */
  async call(object: ManagedObjectReference, method: VsanMethod, parameters: object): Promise<unknown> {
    const perform = async (): Promise<unknown> => {
      const { cookie, version } = await this.#open();
      const body = soapRequest('vsan', object, method, { ...parameters });
      const isRead = method === 'VsanClusterGetConfig';
      const answer = await patiently(isRead, () => this.#send(VSAN_PATH, `urn:vsan/${version}`, body, cookie));
      return RESULTS[method](soapAnswer(answer, method, `${object.type}.${method}`));
    };
    try {
      return await perform();
    } catch (error) {
      // Said before anything is done, so that every call may be repeated.
      if (!(error instanceof ViFault) || !error.is('NotAuthenticated')) throw error;
      this.#session = undefined;
      return await perform();
    }
  }

  async close(): Promise<void> {
    try {
      const session = await this.#session;
      if (session === undefined) return;
      await this.#send(VIM_PATH, 'urn:vim25', soapRequest('vim25', SESSION_MANAGER, 'Logout', {}), session.cookie);
    } catch {
      // A session that has ended meanwhile, or never began, is what was wanted.
    }
  }

  /** A login that was refused is not tried again, since vCenter locks accounts; one that was never answered is. */
  async #open(): Promise<Session> {
    this.#session ??= this.#logIn().catch((error: unknown) => {
      if (!(error instanceof ViFault)) this.#session = undefined;
      throw error;
    });
    return await this.#session;
  }

  async #logIn(): Promise<Session> {
    const version = await this.#version();
    const { userName, password } = this.options.credentials;
    const parameters = { userName, password, locale: 'en' };
    const answer = await this.#send(VIM_PATH, 'urn:vim25', soapRequest('vim25', SESSION_MANAGER, 'Login', parameters));
    soapAnswer(answer, 'Login', 'SessionManager.Login');
    const cookie = COOKIE.exec(answer.headers['set-cookie'] ?? '')?.[0];
    if (cookie === undefined) throw new ViConnectionError('malformed', 'vCenter gave no session to SOAP.');
    return { cookie, version };
  }

  /** Of vSAN's interface: it is not that of vSphere. @throws ViConnectionError where this vCenter has none */
  async #version(): Promise<string> {
    const answer = await patiently(true, () => this.#exchange({ method: 'GET', path: VERSIONS_PATH, headers: {} }));
    const found = answer.status === 200 ? versionIn(answer.body) : undefined;
    if (found !== undefined) return found;
    throw new ViConnectionError(
      'proxy_answer',
      `vCenter names no version of vSAN's interface (HTTP ${answer.status}).`,
    );
  }

  #send(path: string, action: string, body: string, cookie?: string): Promise<ViResponse> {
    const headers = {
      'content-type': 'text/xml; charset=utf-8',
      soapaction: action,
      ...(cookie === undefined ? {} : { cookie }),
    };
    return this.#exchange({ method: 'POST', path, headers, body });
  }

  #exchange(request: Pick<ViRequest, 'method' | 'path' | 'headers' | 'body'>): Promise<ViResponse> {
    const headers = { 'user-agent': this.options.userAgent ?? 'kmip4v', ...request.headers };
    return this.options.transport.exchange({ ...request, headers, signal: deadline(this.options.signal) });
  }
}

interface Session {
  readonly cookie: string;
  readonly version: string;
}

function versionIn(text: string): string | undefined {
  let root: Element;
  try {
    root = Element.parse(text);
  } catch {
    return undefined;
  }
  const vsan = root.children.find((namespace) => namespace.child('name')?.text === 'urn:vsan');
  return vsan?.child('version')?.text;
}

/** What each method returns, out of XML. */
const RESULTS: Readonly<Record<VsanMethod, (returned: Element | undefined) => unknown>> = {
  VsanClusterGetConfig: configOf,
  VsanClusterReconfig: taskOf,
  VsanEncryptedClusterRekey_Task: taskOf,
};

/** A task of vCenter's: it is looked at as any other (vsanapiutils.py, ConvertVsanTaskToVcTask). */
function taskOf(returned: Element | undefined): ManagedObjectReference {
  if (returned?.objectType === undefined) throw new ViConnectionError('malformed', 'vSAN named no task.');
  return reference(returned.objectType, returned.text);
}

/** Without `dataEncryptionConfig` nothing is encrypted (VMware's own workflows read it so). */
function configOf(returned: Element | undefined): VsanConfigInfoEx {
  if (returned === undefined) throw new ViConnectionError('malformed', 'vSAN says nothing of the cluster.');
  const encryption = returned.child('dataEncryptionConfig');
  return encryption === undefined ? {} : { dataEncryptionConfig: encryptionOf(encryption) };
}

function encryptionOf(element: Element): VsanDataEncryptionConfig {
  const text = (name: string): string | undefined => element.child(name)?.text;
  const encryptionEnabled = text('encryptionEnabled');
  // It is required: an answer without it is none that says that nothing is encrypted.
  if (encryptionEnabled === undefined)
    throw new ViConnectionError('malformed', 'vSAN does not say whether it is encrypted.');
  const id = element.child('kmsProviderId')?.child('id')?.text;
  const [kekId, hostKeyId, changing] = [text('kekId'), text('hostKeyId'), text('changing')];
  return {
    encryptionEnabled: isTrue(encryptionEnabled),
    ...(id === undefined ? {} : { kmsProviderId: { id } }),
    ...(kekId === undefined ? {} : { kekId }),
    ...(hostKeyId === undefined ? {} : { hostKeyId }),
    ...(changing === undefined ? {} : { changing: isTrue(changing) }),
  };
}

/** xsd:boolean */
const isTrue = (text: string): boolean => text.trim() === 'true' || text.trim() === '1';
