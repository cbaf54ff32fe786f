import { type KmipService, type ServedKey } from '../kmip-service';
import { OBJECT_ATTRIBUTE, RUN_ATTRIBUTE } from './acts';
import { type Journal } from './journal';

/** Keys that a re-key made and its journal knows nothing of: a run was cut while they were made. */
export class MadeKeys {
  /** @param service of the provider; undefined where it is another one, or cannot be asked */
  constructor(
    private readonly journal: Journal,
    private readonly service: KmipService | undefined,
  ) {}

  /** How many there may be that cannot be looked for. */
  get unknown(): number {
    return this.service === undefined ? this.journal.unconfirmedKeys : 0;
  }

  get attribute(): string {
    return `${RUN_ATTRIBUTE}=${this.journal.plan.id}`;
  }

  /** What can be used for what it was made for, by the identifier of that. */
  async toTakeUp(): Promise<ReadonlyMap<string, string>> {
    const found = (await this.#notNoted()).filter(({ suspended, servable }) => servable && !suspended);
    return new Map(found.map(({ id, attributes }) => [attributes[OBJECT_ATTRIBUTE] ?? '', id]));
  }

  /** Identifiers of those that nothing uses. */
  async unused(): Promise<readonly string[]> {
    return [...new Set([...this.journal.marks('gone'), ...(await this.#notNoted()).map(({ id }) => id)])];
  }

  async #notNoted(): Promise<readonly ServedKey[]> {
    if (this.service === undefined) return [];
    const [made, needed] = [await this.service.keysWith(this.attribute), this.journal.marks('needed')];
    return made.filter(({ id, state }) => !needed.has(id) && /^(pre_)?active$/.test(state));
  }
}
