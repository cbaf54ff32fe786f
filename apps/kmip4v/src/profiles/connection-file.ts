import { EXIT } from '../command-line/exit-codes';
import { CommandFault } from '../command-line/faults';
import { readPrivateFile } from './private-file';
import { type Profile } from './profile';

/** Of `connection.json`, which `npm start` writes, what is needed here. */
export interface Connection {
  readonly instance: { readonly id: string };
  readonly management: { readonly url: string; readonly tokenCommand: Readonly<Record<string, string>> };
  readonly kmip: {
    readonly host: string;
    readonly ports: readonly number[];
    readonly serverCa: string;
    readonly clientCertificate: string;
    readonly clientKey: string;
  };
  readonly vcenter?: {
    readonly url: string;
    readonly user: string;
    readonly password: string;
    /** SHA-256 of its certificate. */
    readonly fingerprint?: string;
  };
  /** What is still to come into the file. */
  readonly starting?: readonly string[];
}

/** @returns undefined when there is none @throws CommandFault when others can write it: it names commands that are run */
export async function readConnection(file: string): Promise<Connection | undefined> {
  const text = await readPrivateFile(file);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Connection;
  } catch {
    throw new CommandFault(EXIT.usage, `${file} is no connection file`);
  }
}

const DEFAULT_ROLE = 'Manager';

/** The demo tenant. @param role of its users, who have one each */
export function profileOf(file: string, connection: Connection, role = DEFAULT_ROLE): Profile {
  const { management, instance } = connection;
  const command = management.tokenCommand[role];
  if (command === undefined) {
    const roles = Object.keys(management.tokenCommand).join(', ');
    throw new CommandFault(EXIT.usage, `no user of the demo has the role ${role}`, `one of ${roles}`);
  }
  return { name: file, url: management.url, instance: instance.id, token: { kind: 'command', command } };
}
