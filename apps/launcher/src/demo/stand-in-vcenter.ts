import {
  type CryptoKeyId,
  type ManagedObjectReference,
  PinnedTransport,
  reference,
  retrieveAll,
  taskOutcome,
  ViConnectionError,
  ViSession,
} from '@lib/vi-json';

import { type ConnectionFile } from '../connection-file';

/** A virtual machine as vCenter shows it. */
export interface Machine {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly power: string;
  /** `locked`, `unlocked`, or absent for one that is not encrypted. */
  readonly cryptoState: string | undefined;
  readonly keyId: string | undefined;
}

interface Connection {
  readonly at: string;
  readonly action: string;
  readonly failure?: string;
}

export interface Host {
  readonly id: string;
  readonly name: string;
}

const ADMIN_DEADLINE_MS = 120_000;
const PATHS = [
  'name',
  'config.keyId',
  'runtime.host',
  'runtime.powerState',
  'runtime.cryptoState',
] as const satisfies readonly string[];

/** The vCenter that runs beside the service: its own API as anybody uses it, and the hand that sets the scene. */
export class StandInVcenter {
  private constructor(
    private readonly transport: PinnedTransport,
    private readonly session: ViSession,
  ) {}

  static async open({
    fingerprint,
    password,
    url,
    user,
  }: NonNullable<ConnectionFile['vcenter']>): Promise<StandInVcenter> {
    const transport = new PinnedTransport(new URL(url), fingerprint);
    const session = await ViSession.open({ transport, credentials: { userName: user, password } });
    return new StandInVcenter(transport, session);
  }

  async close(): Promise<void> {
    await this.session.close();
  }

  async machines(): Promise<readonly Machine[]> {
    const read = await retrieveAll(this.session, { VirtualMachine: PATHS });
    return read.map((machine) => ({
      id: machine.ref.value,
      name: machine.name,
      host: machine.get<ManagedObjectReference>('runtime.host')?.value ?? '',
      power: machine.get<string>('runtime.powerState') ?? '',
      cryptoState: machine.get<string>('runtime.cryptoState'),
      keyId: machine.get<CryptoKeyId>('config.keyId')?.keyId,
    }));
  }

  async host(id: string): Promise<Host> {
    const hosts = await retrieveAll(this.session, { HostSystem: ['name'] });
    return { id, name: hosts.find(({ ref }) => ref.value === id)?.name ?? id };
  }

  /** What an administrator did years ago: everything that is not encrypted yet gets keys of this provider. */
  async encryptAll(provider: string): Promise<void> {
    await this.#admin('POST', '/inventory/encrypt', { provider });
  }

  /** Its machines stop, its memory is empty; vCenter pushes the keys of the machines again. @returns how many were fetched */
  async reboot({ id }: Host): Promise<number> {
    const last = (await this.#connections()).at(-1)?.at ?? '';
    await this.#admin('POST', `/hosts/${id}/reboot`, {});
    const since = (await this.#connections()).filter(({ at }) => at > last);
    return since.filter(({ action, failure }) => action === 'use' && failure === undefined).length;
  }

  /** Fetches every key and opens with it what it should open. */
  async prove(): Promise<{ readonly sealed: number; readonly opened: number }> {
    return (await this.#admin('POST', '/inventory/prove', {})) as { sealed: number; opened: number };
  }

  /** @returns vCenter's words where it could not be done */
  async powerOn(id: string): Promise<string | undefined> {
    return await this.#task(id, 'PowerOnVM_Task');
  }

  /** @returns vCenter's words where it could not be done */
  async unlock(id: string): Promise<string | undefined> {
    return await this.#task(id, 'CryptoUnlock_Task');
  }

  async #task(id: string, method: 'PowerOnVM_Task' | 'CryptoUnlock_Task'): Promise<string | undefined> {
    const machine = reference('VirtualMachine', id);
    const task = await this.session.call(machine, 'VirtualMachine', method, undefined);
    const outcome = await taskOutcome(this.session, task);
    return outcome.state === 'error' ? outcome.fault.message : undefined;
  }

  /** What was done at key servers. */
  async #connections(): Promise<readonly Connection[]> {
    return (await this.#admin('GET', '/kmip')) as readonly Connection[];
  }

  async #admin(method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const answer = await this.transport.exchange({
      method,
      path: `/admin${path}`,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ADMIN_DEADLINE_MS),
    });
    if (answer.status >= 300) throw new ViConnectionError('malformed', `${path}: ${answer.body}`);
    return answer.body === '' ? undefined : JSON.parse(answer.body);
  }
}
