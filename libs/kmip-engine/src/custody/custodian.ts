import { BackgroundTasks } from './background-tasks';
import { EnvelopeCache } from './envelope-cache';
import { KeyBirth } from './key-birth';
import { type KeptKeyReports } from './kept-key';
import { KeyDestruction } from './key-destruction';
import { LostKeyNotes } from './lost-key-notes';
import { KeyUse } from './key-use';

/** The only part of the engine that sees keys: their birth, their use and their end. One per process. */
export class Custodian {
  readonly birth: KeyBirth;
  readonly use: KeyUse;
  readonly destruction: KeyDestruction;
  readonly #tasks: BackgroundTasks;

  constructor(reports: KeptKeyReports) {
    this.destruction = new KeyDestruction(reports);
    const cache = new EnvelopeCache();
    this.#tasks = new BackgroundTasks(reports.logger);
    this.birth = new KeyBirth(cache);
    this.use = new KeyUse(cache, new LostKeyNotes(this.#tasks));
  }

  /** Resolves once no background work is left. */
  drain(): Promise<void> {
    return this.#tasks.drain();
  }
}
