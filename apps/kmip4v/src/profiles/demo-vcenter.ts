import { EXIT } from '../command-line/exit-codes';
import { CommandFault } from '../command-line/faults';
import { type Connection } from './connection-file';

const LOOK_MS = 250;
/** As long as `npm start` itself waits for a process. */
const WITHIN_MS = 60_000;

interface Waiting {
  readonly look: () => Promise<Connection | undefined>;
  readonly note: (text: string) => void;
  readonly pause: (ms: number) => Promise<void>;
  readonly monotonicMs: () => number;
}

/**
 * The stand-in vCenter of the demo. It starts when everything else serves, and the greeting is printed by then: whoever
 * types at once what it offers waits a moment.
 * @returns undefined when there is no demo, or it has none @throws CommandFault when it does not come
 */
export async function demoVcenter({ look, note, pause, monotonicMs }: Waiting): Promise<Connection['vcenter']> {
  const until = monotonicMs() + WITHIN_MS;
  for (let isSaid = false; ; isSaid = true) {
    const connection = await look();
    if (connection?.vcenter !== undefined) return connection.vcenter;
    if (connection?.starting?.includes('vcenter') !== true) return undefined;
    if (monotonicMs() >= until) {
      const remedy = 'its log is local-vcenter.log, in the folder of logs that npm start names';
      throw new CommandFault(EXIT.unavailable, 'the stand-in vCenter of the demo is still starting', remedy);
    }
    if (!isSaid) note('The stand-in vCenter of the demo is starting: waiting for it.');
    await pause(LOOK_MS);
  }
}
