import { type InstanceId } from '@lib/kernel';

/** Where a reader stood in the history of the database: a change is in what it read, or it is not. Opaque. */
export type Position = string;

/** One process that serves an endpoint. */
export interface GatewayProcess {
  readonly id: string;
  readonly endpoint: string;
}

export interface Acknowledgement {
  /** Everything up to here; what was said of single instances before is then forgotten. */
  readonly everything?: Position;
  readonly instances: ReadonlyMap<InstanceId, Position>;
}

export interface EndpointActivation {
  readonly endpoint: string;
  /** Every live process of the endpoint has taken the last change of the instance in. */
  readonly active: boolean;
}

/** Where gateways write down which changes they have taken in. */
export interface ActivationLog {
  position(): Promise<Position>;
  acknowledge(process: GatewayProcess, taken: Acknowledgement): Promise<void>;
  /** The process ends: nobody is to wait for it. */
  withdraw(process: GatewayProcess): Promise<void>;
  /**
   * By name of the endpoint. A process that fell silent is waited for until it serves nobody any more, by the age of
   * its own list ({@link MAXIMUM_DIRECTORY_AGE_MS}).
   */
  of(instanceId: InstanceId): Promise<readonly EndpointActivation[]>;
}

export interface ActivationReporterOptions {
  readonly log: ActivationLog;
  readonly process: GatewayProcess;
  readonly warn: (message: string, error?: unknown) => void;
}

/**
 * The gateway's side: says what is in force here. One write at a time, with all that came up meanwhile, so that a wave
 * of changes costs few writes. What cannot be written is lost until the next full reading: answers then say "pending"
 * for too long, and never "active" too early.
 */
export class ActivationReporter {
  #everything: Position | undefined;
  #instances = new Map<InstanceId, Position>();
  readonly #waiting: ((told: boolean) => void)[] = [];
  #writing: Promise<void> | undefined;

  constructor(private readonly options: ActivationReporterOptions) {}

  /** To be asked before reading: what is read after it can only be newer. */
  position(): Promise<Position> {
    return this.options.log.position();
  }

  /**
   * What was read after `position` is in force from now on, for one instance or for all.
   * @returns whether that could be told. Never rejects
   */
  inForce(position: Position, instanceId?: InstanceId): Promise<boolean> {
    if (instanceId === undefined) {
      this.#everything = position;
      this.#instances = new Map();
    } else {
      this.#instances.set(instanceId, position);
    }
    const told = new Promise<boolean>((resolve) => this.#waiting.push(resolve));
    this.#writing ??= this.#write();
    return told;
  }

  async stop(): Promise<void> {
    await this.#writing;
    try {
      await this.options.log.withdraw(this.options.process);
    } catch (error) {
      this.options.warn('the end of this process could not be told', error);
    }
  }

  async #write(): Promise<void> {
    while (this.#everything !== undefined || this.#instances.size > 0) {
      const taken = {
        ...(this.#everything !== undefined && { everything: this.#everything }),
        instances: this.#instances,
      };
      this.#everything = undefined;
      this.#instances = new Map();
      const waiting = this.#waiting.splice(0);
      const told = await this.#acknowledge(taken);
      for (const resolve of waiting) resolve(told);
    }
    // In the same breath as the last look: what comes up from here on begins to write anew.
    this.#writing = undefined;
  }

  async #acknowledge(taken: Acknowledgement): Promise<boolean> {
    try {
      await this.options.log.acknowledge(this.options.process, taken);
      return true;
    } catch (error) {
      this.options.warn('what is in force here could not be told', error);
      return false;
    }
  }
}
