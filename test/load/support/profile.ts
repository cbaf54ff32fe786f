import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { WebSocket } from 'undici';

import { type Watch } from './measure';
import { type Region } from './region';
import { type Share, shares } from './share';

const GATEWAY = 'kmip-gateway-1';

/** Of the Chrome DevTools Protocol's `Profiler.stop`, what is read here. */
interface Stopped {
  readonly profile: {
    readonly nodes: readonly {
      readonly callFrame: { readonly functionName: string; readonly url: string };
      readonly hitCount?: number;
    }[];
  };
}

/** What the first gateway's CPU time is spent in: our libraries, packages, modules of Node, and V8's own names. */
export class Profile implements Watch {
  found: readonly Share[] = [];
  #inspector: Inspector | undefined;

  constructor(private readonly region: Region) {}

  async begin(): Promise<void> {
    const log = await readFile(join(this.region.service.dataFolder, 'logs', `${GATEWAY}.log`), 'utf8');
    const [url] = log.match(/ws:\/\/\S+/) ?? [];
    if (url === undefined) throw new Error(`${GATEWAY} has no inspector`);
    this.#inspector = await Inspector.connect(url);
    await this.#inspector.call('Profiler.enable');
    await this.#inspector.call('Profiler.start');
  }

  async end(): Promise<void> {
    if (this.#inspector === undefined) return;
    const { profile } = await this.#inspector.call<Stopped>('Profiler.stop');
    this.#inspector.close();
    const hits = new Map<string, number>();
    let all = 0;
    for (const { callFrame, hitCount = 0 } of profile.nodes) {
      if (callFrame.functionName === '(idle)') continue;
      const place = placeOf(callFrame);
      hits.set(place, (hits.get(place) ?? 0) + hitCount);
      all += hitCount;
    }
    this.found = shares(hits, all / 100);
  }
}

function placeOf({ functionName, url }: { readonly functionName: string; readonly url: string }): string {
  const ours = /\/dist\/((?:libs|apps)\/[^/]+)\//.exec(url)?.[1];
  const foreign = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1];
  return ours ?? foreign ?? (url === '' ? functionName || '(anonymous)' : url);
}

/** Enough of an inspector for one question after the other. */
class Inspector {
  #id = 0;

  private constructor(private readonly socket: WebSocket) {}

  static async connect(url: string): Promise<Inspector> {
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
