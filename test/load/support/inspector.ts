import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { WebSocket } from 'undici';

import { type RunningService } from '../../e2e/support/running-service';

/** Environment of a service whose processes have their inspectors open. */
export const INSPECTED = { ALLOW_UNSAFE_NODE_OPTIONS: 'development', NODE_OPTIONS: '--inspect=127.0.0.1:0' };

/** Enough of an inspector for one question after the other. */
export class Inspector {
  #id = 0;

  private constructor(private readonly socket: WebSocket) {}

  /** @throws Error when the service was not started with {@link INSPECTED} */
  static async of({ dataFolder }: RunningService, process: string): Promise<Inspector> {
    const log = await readFile(join(dataFolder, 'logs', `${process}.log`), 'utf8');
    // The last one: a folder may have seen several starts.
    const url = [...log.matchAll(/ws:\/\/\S+/g)].at(-1)?.[0];
    if (url === undefined) throw new Error(`${process} has no inspector`);
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', () => reject(new Error('the inspector cannot be reached')));
    });
    return new Inspector(socket);
  }

  async call<T>(method: string): Promise<T> {
    this.#id += 1;
    const id = this.#id;
    return await new Promise((resolve) => {
      const hear = ({ data }: { data: unknown }): void => {
        const answer = JSON.parse(String(data)) as { id?: number; result: T };
        if (answer.id !== id) return;
        this.socket.removeEventListener('message', hear);
        resolve(answer.result);
      };
      this.socket.addEventListener('message', hear);
      this.socket.send(JSON.stringify({ id, method }));
    });
  }

  close(): void {
    this.socket.close();
  }
}
