import { sha256Of } from '../certificates';
import { type Begun, type RunNotes } from '../known-vcenter';
import {
  type IssuedCredential,
  type KmipService,
  type RegisteredCertificate,
  type ServedEndpoint,
  type ServedInstance,
  type ServedKey,
  type Sighting,
  type UploadedInventory,
} from '../kmip-service';

/** One instance of our service in memory. */
export class FakeService implements KmipService {
  readonly registered: RegisteredCertificate[] = [];
  readonly issued: IssuedCredential[] = [];
  readonly keys = new Map<string, ServedKey>();
  readonly inventories: UploadedInventory[] = [];
  #next = 0;

  constructor(
    private readonly endpoints: readonly ServedEndpoint[],
    private readonly issue: () => { readonly pem: string; readonly privateKeyPem: string },
  ) {}

  snapshot(): unknown {
    return structuredClone({ registered: this.registered, credentials: this.issued, keys: [...this.keys] });
  }

  instance(): Promise<ServedInstance> {
    return Promise.resolve({ id: 'i', name: 'acme', state: 'installed', endpoints: this.endpoints });
  }

  certificates(): Promise<readonly RegisteredCertificate[]> {
    return Promise.resolve(this.registered);
  }

  register(name: string, pem: string): Promise<RegisteredCertificate> {
    const made = {
      id: `c${++this.#next}`,
      name,
      pem,
      sha256: sha256Of(pem),
      expiresAt: '2030-01-01T00:00:00.000Z',
      serverTrust: [],
    };
    this.registered.push(made);
    return Promise.resolve(made);
  }

  async sign(name: string): Promise<RegisteredCertificate> {
    return await this.register(name, this.issue().pem);
  }

  async makePair(name: string): Promise<RegisteredCertificate & { privateKeyPem: string }> {
    const { pem, privateKeyPem } = this.issue();
    return { ...(await this.register(name, pem)), privateKeyPem };
  }

  unregister({ id }: RegisteredCertificate): Promise<void> {
    this.registered.splice(
      this.registered.findIndex((each) => each.id === id),
      1,
    );
    return Promise.resolve();
  }

  issueCredential(): Promise<IssuedCredential> {
    const made = { id: `k${++this.#next}`, userName: 'acme-user', password: 'shown once' };
    this.issued.push(made);
    return Promise.resolve(made);
  }

  withdrawCredential(id: string): Promise<void> {
    this.issued.splice(
      this.issued.findIndex((each) => each.id === id),
      1,
    );
    return Promise.resolve();
  }

  credentials(): Promise<readonly Omit<IssuedCredential, 'password'>[]> {
    return Promise.resolve(this.issued.map(({ id, userName }) => ({ id, userName })));
  }

  /** As vCenter makes one. */
  makeKey(id: string, attributes: Readonly<Record<string, string>> = {}): void {
    this.keys.set(id, { id, state: 'pre_active', suspended: false, servable: true, attributes });
  }

  key(id: string): Promise<ServedKey | undefined> {
    return Promise.resolve(this.keys.get(id));
  }

  keysWith(attribute: string): Promise<readonly ServedKey[]> {
    const [name = '', value] = attribute.split('=');
    return Promise.resolve(Array.from(this.keys.values()).filter(({ attributes }) => attributes[name] === value));
  }

  #change(id: string, change: Partial<ServedKey>): Promise<void> {
    const key = this.keys.get(id);
    if (key !== undefined) this.keys.set(id, { ...key, ...change });
    return Promise.resolve();
  }

  resumeKey(id: string): Promise<void> {
    return this.#change(id, { suspended: false, servable: true });
  }

  reactivateKey(id: string): Promise<void> {
    return this.#change(id, { state: 'active', servable: true });
  }

  destroyKey(id: string): Promise<void> {
    this.keys.delete(id);
    return Promise.resolve();
  }

  uploadInventory(inventory: UploadedInventory): Promise<{ keyCount: number }> {
    this.inventories.push(inventory);
    return Promise.resolve({ keyCount: inventory.keyIds.length });
  }

  aheadMs = 0;

  clockAheadMs(): Promise<number> {
    return Promise.resolve(this.aheadMs);
  }

  sightings(): Promise<readonly Sighting[]> {
    return Promise.resolve([]);
  }

  refusals(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }
}

/** What is kept from run to run, in memory. */
export class FakeNotes implements RunNotes {
  readonly kept: Begun[] = [];

  begun(): Promise<readonly Begun[]> {
    return Promise.resolve([...this.kept]);
  }

  note(what: Begun): Promise<void> {
    this.kept.push(what);
    return Promise.resolve();
  }

  forget(what: Begun): Promise<void> {
    const at = this.kept.findIndex((each) => JSON.stringify(each) === JSON.stringify(what));
    if (at >= 0) this.kept.splice(at, 1);
    return Promise.resolve();
  }
}

/** Calls `cut` before and after each call. */
export function cutBy<T extends object>(cut: () => void, target: T): T {
  return new Proxy(target, {
    get(whole, name) {
      const member: unknown = Reflect.get(whole, name);
      if (typeof member !== 'function') return member;
      return async (...given: unknown[]): Promise<unknown> => {
        cut();
        const result: unknown = await Reflect.apply(member, whole, given);
        cut();
        return result;
      };
    },
  });
}
