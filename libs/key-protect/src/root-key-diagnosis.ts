import { type Clock } from '@lib/kernel';
import { KeyManagerError, type RootKeyState } from '@lib/key-manager';

import { type KeyProtectClient, type TryContext } from './rest/key-protect-client';
import { keyStateOf } from './rest/resources';

/** Long enough for the many Gets that follow a disabled root key, short enough for the administrator who watches. */
const REMEMBER_MS = 2_000;

interface Finding {
  readonly state: RootKeyState | undefined;
  readonly atMs: number;
}

/** The key manager says only that the root key's state forbids the action; the metadata say which state it is. */
export class RootKeyDiagnosis {
  #finding: Finding | undefined;
  #inFlight: Promise<Finding> | undefined;

  constructor(
    private readonly client: KeyProtectClient,
    private readonly clock: Clock,
    private readonly rootKeyId: string,
  ) {}

  /** @returns the fault to report instead of `refused`; never throws, since the refusal itself stands */
  async explain(context: TryContext, refused: KeyManagerError): Promise<KeyManagerError> {
    const known = this.#finding;
    const fresh = known !== undefined && this.clock.monotonicMs() < known.atMs + REMEMBER_MS;
    const { state } = fresh ? known : await this.#look(context);
    const [fault, message] = verdict(state);
    return new KeyManagerError(fault, message, refused.details);
  }

  #look(context: TryContext): Promise<Finding> {
    this.#inFlight ??= this.#ask(context).finally(() => (this.#inFlight = undefined));
    return this.#inFlight;
  }

  async #ask(context: TryContext): Promise<Finding> {
    let state: RootKeyState | undefined;
    try {
      state = keyStateOf((await this.client.keyMetadata(context, this.rootKeyId)).state);
    } catch {
      // The refusal is certain, only its reason stays unknown.
    }
    const finding = { state, atMs: this.clock.monotonicMs() };
    if (state !== undefined) this.#finding = finding;
    return finding;
  }
}

function verdict(state: RootKeyState | undefined): [KeyManagerError['fault'], string] {
  switch (state) {
    case 'deactivated':
      return ['root_key_expired', 'the root key has expired: it still unwraps, but makes no new keys'];
    case 'destroyed':
      return ['root_key_deleted', 'the root key was deleted: what it wrapped is gone unless the key is restored'];
    case 'suspended':
      return ['root_key_disabled', 'the root key is disabled in the key manager'];
    case 'pre_activation':
      return ['root_key_disabled', 'the root key is not active yet'];
    case 'active':
    case undefined:
      return ['root_key_disabled', 'the key manager says that the state of the root key forbids this'];
  }
}
