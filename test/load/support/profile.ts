import { Inspector } from './inspector';
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
    this.#inspector = await Inspector.of(this.region.service, GATEWAY);
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
