import { type ConnectionFile } from '../connection-file';

/** What the tenant sees of one wrapped key in the own Key Protect instance. */
export interface StoredKeyView {
  readonly id: string;
  readonly name: string;
  readonly rootKeyVersion: string;
}

const PREFIX = 'vmware_kmip_';

/** Key Protect as the tenant's own administrator uses it, with a token of a Manager: nothing of the gateway's is asked. */
export class TenantKeyProtect {
  constructor(
    private readonly connection: ConnectionFile,
    private readonly token: string,
  ) {}

  async list(): Promise<readonly StoredKeyView[]> {
    const body = (await this.#call('GET', '/keys?limit=5000&extractable=true')) as {
      resources?: { id: string; name: string }[];
    };
    const keys = (body.resources ?? []).filter(({ name }) => name.startsWith(PREFIX));
    const views = await Promise.all(
      keys.map(async ({ id, name }) => ({ id, name, rootKeyVersion: await this.#rootKeyVersion(id) })),
    );
    return views.filter((view): view is StoredKeyView => view.rootKeyVersion !== undefined);
  }

  /** @returns false when Key Protect refuses because the last rotation is less than an hour ago */
  async rotateRootKey(): Promise<boolean> {
    try {
      await this.#call('POST', `/keys/${this.connection.rootKey.id}/actions/rotate`);
      return true;
    } catch (error) {
      if (error instanceof KeyProtectRefusal && error.status === 409) return false;
      throw error;
    }
  }

  async deleteKey(id: string): Promise<void> {
    await this.#call('DELETE', `/keys/${id}`);
  }

  /** Key Protect lets nobody restore a key that was deleted within half a minute: the stand-in's clock is moved past it. */
  async restoreKey(id: string): Promise<void> {
    await fetch(`${this.connection.localCloud.url}/admin/clock`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ advanceSeconds: 31 }),
    });
    await this.#call('POST', `/keys/${id}/restore`);
  }

  /** @returns undefined when the key was deleted after it was listed, as the former wrapping is during a move */
  async #rootKeyVersion(id: string): Promise<string | undefined> {
    try {
      const { resources } = (await this.#call('GET', `/keys/${id}`)) as { resources: { payload?: string }[] };
      const payload = resources[0]?.payload;
      if (payload === undefined) return undefined;
      const envelope = JSON.parse(Buffer.from(payload, 'base64').toString('utf8')) as { rootKeyVersion: string };
      return envelope.rootKeyVersion;
    } catch (error) {
      if (error instanceof KeyProtectRefusal && (error.status === 404 || error.status === 410)) return undefined;
      throw error;
    }
  }

  async #call(method: string, path: string): Promise<unknown> {
    const { keyManager } = this.connection;
    const response = await fetch(`${keyManager.url}/api/v2${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, 'bluemix-instance': keyManager.instanceId },
    });
    const text = await response.text();
    if (!response.ok) throw new KeyProtectRefusal(method, path, response.status);
    return text === '' ? undefined : JSON.parse(text);
  }
}

class KeyProtectRefusal extends Error {
  constructor(
    method: string,
    path: string,
    readonly status: number,
  ) {
    super(`Key Protect answered ${status} to ${method} ${path}`);
  }
}

export const storedKeyName = (uniqueIdentifier: string): string => PREFIX + uniqueIdentifier;
