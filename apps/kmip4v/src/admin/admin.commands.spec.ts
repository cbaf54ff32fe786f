import { CommanderError } from 'commander';

import { COMMANDS } from '../../../management-api/src/cli/commands';
import { type Context } from '../command-line/context';
import { helpAsOption, type Invocation, programOf } from '../command-line/program';
import { ADMIN } from './admin-entry';
import { ADMIN as ELSEWHERE } from './admin-elsewhere';

interface Ran {
  readonly text: string;
  readonly invocation: Invocation | undefined;
}

/** @throws CommanderError */
async function typed(line: string, entry = ADMIN): Promise<Ran> {
  let text = '';
  let invocation: Invocation | undefined;
  const words = helpAsOption(line.split(' '));
  const write = (more: string): void => void (text += more);
  const invoked = (asked: Invocation): Promise<void> => Promise.resolve(void (invocation = asked));
  const program = await programOf([entry], words, { version: '1', writeOut: write, writeErr: write, invoked });
  await program.parseAsync(words, { from: 'user' }).catch((error: unknown) => {
    if (error instanceof CommanderError) throw new Error(text, { cause: error });
    throw error;
  });
  return { text, invocation };
}

const helpOf = (line: string): Promise<string> =>
  typed(`help ${line}`).then(
    ({ text }) => text,
    (error: unknown) => (error as Error).message,
  );

describe('the commands of the operator', () => {
  it.each(COMMANDS.map(({ name }) => [name]))(
    'admin %s says what it takes, and refuses what it does not know',
    async (name) => {
      const { about, required = {}, optional = {} } = COMMANDS.find((entry) => entry.name === name)!;
      const help = await helpOf(`admin ${name}`);
      expect(help).toContain(`Usage: kmip4v admin ${name}`);
      expect(help.replace(/\s+/g, ' ')).toContain(about);
      for (const option of Object.keys({ ...required, ...optional })) expect(help).toContain(`--${option} `);
      const needed = Object.keys(required)
        .map((option) => ` --${option} x`)
        .join('');
      await expect(typed(`admin ${name}${needed} --hurry up`)).rejects.toThrow("unknown option '--hurry'");
      await expect(typed(`admin ${name}${needed} now`)).rejects.toThrow('too many arguments');
    },
  );

  it('want what they need, the instance among it', async () => {
    await expect(typed('admin certificate hand-over --certificate 7')).rejects.toThrow("required option '--to <");
    const { invocation } = await typed('admin instance enable');
    const context = { shared: {} } as Context;
    await expect(invocation?.command.run(invocation.given, context)).rejects.toMatchObject({ exit: 2 });
    const { invocation: ofNone } = await typed('admin audit-key rotate --instance 7');
    const given = { shared: ofNone?.shared } as unknown as Context;
    await expect(ofNone?.command.run(ofNone.given, given)).rejects.toThrow("unknown option '--instance'");
  });

  it('take what was an option once, and say nothing of it', async () => {
    expect((await typed('admin catalog rebuild --instance 7 --verify true')).invocation).toBeDefined();
    expect(await helpOf('admin catalog rebuild')).not.toContain('verify');
  });

  it('are elsewhere in the package that tenants install', async () => {
    for (const line of ['admin', 'admin instance list']) {
      const { invocation } = await typed(line, ELSEWHERE);
      expect(() => invocation?.command.run(invocation.given, {} as Context)).toThrow('not in this package');
    }
  });
});
