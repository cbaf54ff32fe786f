import '@lib/hardening';

import { CommanderError } from 'commander';

import { type Context, type SharedOptions } from './command-line/context';
import { EXIT } from './command-line/exit-codes';
import { CommandFault, toldOf } from './command-line/faults';
import { describe, type Described } from './command-line/reference';
import { helpAsOption, type Invocation, programOf } from './command-line/program';
import { type Format, FORMATS, Output, OutputClosed } from './output/output';
import { TREE } from './tree';
import { VERSION } from './version';

/** @param checkout the folder of the repository that the program was started from, if it was */
export function main(world: NodeJS.Process, checkout?: string): void {
  run(world, checkout).then(
    (exit) => {
      // A command of the operator that did what it could, and has left something to do, has said so there.
      world.exitCode = exit === EXIT.ok ? (world.exitCode ?? exit) : exit;
    },
    (error: unknown) => {
      world.stderr.write(`unexpected error: ${String(error)}\n`);
      world.exitCode = EXIT.failed;
    },
  );
}

async function run(world: NodeJS.Process, checkout: string | undefined): Promise<number> {
  const words = helpAsOption(world.argv.slice(2));
  let changed = false;
  let out = new Output(world, 'table');
  const invoked = async ({ command, given, shared }: Invocation): Promise<void> => {
    out = new Output(world, formatOf(shared['output']));
    const { contextOf } = await import('./command-line/open-context.js');
    const context: Context = contextOf({
      world,
      out,
      checkout,
      shared: shared as unknown as SharedOptions,
      onChange: () => (changed = true),
      reference,
    });
    const answer = await command.run(given, context);
    if (answer !== undefined) await out.answer(answer);
  };
  const options = {
    version: VERSION,
    writeOut: (text: string) => world.stdout.write(text),
    writeErr: (text: string) => world.stderr.write(text),
    invoked,
  };
  const reference = async (): Promise<Described> => describe(await programOf(TREE, undefined, options));
  try {
    const program = await programOf(TREE, words, options);
    await program.parseAsync(words, { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    return exitOf(error, out, changed);
  }
}

function exitOf(error: unknown, out: Output, changed: boolean): number {
  // Help that was asked for ends with 0, and so does the version; everything else that commander throws is a mistake.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof OutputClosed) {
    if (!changed) return EXIT.ok;
    out.note('The command was carried out, but its result could not be written.');
    return EXIT.failed;
  }
  const told = toldOf(error);
  out.fault(told);
  return told.exit;
}

function formatOf(given: string | undefined): Format {
  const format = FORMATS.find((each) => each === given);
  if (format === undefined) throw new CommandFault(EXIT.usage, `there is no output format ${given ?? ''}`);
  return format;
}
