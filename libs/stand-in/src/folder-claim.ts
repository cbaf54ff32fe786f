import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';

const ANSWER_MS = 1000;
/** A name in the abstract namespace fills all that sun_path has, so that every Node means the same by it. */
const NAME_LENGTH = 107;

/**
 * Takes a folder for this process: two on one journal would lose keys. What holds it is a name of the kernel's (Linux), of
 * which there is one at a time, and which ends with the process however that ends; nothing is left behind that could
 * be taken for a running one. Whoever asks at it is told the process id.
 * @returns how to give it back
 * @throws Error when another process has it
 */
export async function claimFolder(folder: string): Promise<() => Promise<void>> {
  const name = await nameOf(folder);
  const server = createServer((visitor) => {
    visitor.on('error', () => undefined);
    visitor.end(String(process.pid), () => visitor.destroy());
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(name, resolve);
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new Error(`the data folder ${folder} is in use by ${await ownerAt(name)}`, { cause: error });
  }
  server.unref();
  return () => new Promise((resolve) => server.close(() => resolve()));
}

/** The same for each path that leads to the folder. */
async function nameOf(folder: string): Promise<string> {
  const { dev, ino } = await stat(folder, { bigint: true });
  const digest = createHash('sha256').update(`${dev}:${ino}`).digest('hex');
  return `\0${`kmip-stand-in-${digest}`.padEnd(NAME_LENGTH, '-')}`;
}

/** One that is too busy to say who it is has the folder all the same. */
async function ownerAt(name: string): Promise<string> {
  return await new Promise((resolve) => {
    const connection = createConnection(name);
    const tell = (pid: string): void => {
      connection.destroy();
      resolve(/^\d+$/.test(pid) ? `process ${pid}` : 'another process');
    };
    let pid = '';
    connection.on('data', (chunk) => (pid += chunk.toString('latin1')));
    connection.on('end', () => tell(pid));
    connection.on('error', () => tell(''));
    connection.setTimeout(ANSWER_MS, () => tell(''));
  });
}
