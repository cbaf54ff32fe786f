import { isUuid } from '@lib/kernel';
import { type ClientBase } from 'pg';

/**
 * A statement that a connection prepares once. From then on the server neither parses nor plans it, which is most of
 * the work of a short statement.
 */
export interface PreparedStatement {
  /** Unique in the application. */
  readonly name: string;
  /** SQL types of its parameters. */
  readonly types: string;
  readonly text: string;
}

/** A statement with its arguments, all of them UUIDs, which stand in the text itself. */
export interface PreparedCall {
  readonly statement: PreparedStatement;
  readonly values: readonly string[];
}

const preparedOn = new WeakMap<ClientBase, Set<string>>();

/** To be called outside of a transaction, or a failed one would leave unknown what was prepared. */
export async function prepare(client: ClientBase, calls: readonly PreparedCall[]): Promise<void> {
  const known = preparedOn.get(client) ?? new Set();
  preparedOn.set(client, known);
  for (const { statement } of calls) {
    const { name, types, text } = statement;
    if (known.has(name)) continue;
    await client.query(`PREPARE ${name} (${types}) AS ${text}`);
    known.add(name);
  }
}

/** For texts that travel with others in one round trip. */
export function executeSql({ statement, values }: PreparedCall): string {
  return `EXECUTE ${statement.name} (${values.map(uuidLiteral).join(', ')})`;
}

/** For texts sent without parameters. @throws when it is anything but a plain UUID, so that nothing can be injected. */
export function uuidLiteral(text: string): string {
  if (!isUuid(text)) throw new Error('not a UUID');
  return `'${text}'`;
}
