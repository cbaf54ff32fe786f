import { type ChildProcess } from 'node:child_process';

/** What Node's cluster says among itself (lib/internal/cluster): a connection that is given, and whether it was taken. */
interface ClusterMessage {
  readonly cmd: 'NODE_CLUSTER';
  readonly act?: string;
  readonly seq?: number;
  readonly ack?: number;
}

/**
 * Whatever a worker was given and had not taken when it died is dealt out again. Node's primary forgets such a
 * connection and keeps it open: the client waits, served by nobody, until it loses patience. Told that the worker did not
 * take it, the primary gives it to the next one, as it does for a worker that is just closing.
 * @param worker as its primary sees it, before it was given anything
 * @param othersThere whether there is somebody to deal to; the connection is closed otherwise
 */
export function dealAgain(worker: ChildProcess, othersThere: () => boolean): void {
  const given = new Map<number, { close(): void }>();
  const send = worker.send.bind(worker) as (...all: readonly unknown[]) => boolean;
  worker.send = (...all: readonly unknown[]): boolean => {
    const [{ act, seq } = {}, connection] = all as [Partial<ClusterMessage>?, { close(): void }?];
    if (act === 'newconn' && seq !== undefined && connection !== undefined) given.set(seq, connection);
    return send(...all);
  };
  // Not an event of the public interface, as little as the messages are; the names are those of Node 20 to 24.
  const told = 'internalMessage' as 'message';
  worker.on(told, (message) => {
    const { ack } = message as unknown as ClusterMessage;
    if (ack !== undefined) given.delete(ack);
  });
  const settle = (): void => {
    // What it still said is read first.
    if (worker.connected) return;
    for (const [ack, connection] of [...given]) {
      if (othersThere()) worker.emit(told, { cmd: 'NODE_CLUSTER', ack, accepted: false });
      else connection.close();
    }
    given.clear();
  };
  // One that died with a connection on its way to it is not said to be disconnected.
  worker.once('disconnect', settle);
  worker.once('exit', settle);
}
