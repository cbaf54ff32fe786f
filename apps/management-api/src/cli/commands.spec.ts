import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { type Arguments, UsageError } from './arguments';
import { commandOf, type Invocation } from './command';
import { COMMANDS } from './commands';

const ask = (line: string): string | Invocation => commandOf(COMMANDS, line.split(' '));
const givenTo = (line: string): Arguments => (ask(line) as Invocation).given;

describe('the table of commands', () => {
  it('loads each command from the file of its name, and has each file', async () => {
    const files = (await readdir(join(__dirname, 'commands'))).filter((name) => name.endsWith('.command.ts'));
    expect(COMMANDS.map(({ name }) => `${name.replace(' ', '-')}.command.ts`).sort()).toEqual(files.sort());
    for (const entry of COMMANDS) {
      const command = await ('alone' in entry ? entry.alone() : entry.inRegion());
      const words = entry.name.split(/[ -]/).join('');
      expect(command.name.toLowerCase()).toBe(words);
    }
  }, 60_000);

  it.each(COMMANDS.map(({ name }) => [name]))('%s refuses an option and a word that it does not know', (name) => {
    expect(() => ask(`${name} --hurry up`)).toThrow(/Unknown option '--hurry'/);
    expect(() => ask(`${name} --instance`)).toThrow(UsageError);
    if (name.includes(' ')) expect(() => ask(`${name} now`)).toThrow(/Unexpected argument 'now'/);
    else expect(() => ask(`${name} now`)).toThrow(/usage: /);
  });

  it('names every option that is missing', () => {
    expect(() => ask('certificate hand-over --certificate 7')).toThrow('missing: --instance, --to');
    expect(givenTo('instance create --crn c --name n').get('name')).toBe('n');
    expect(givenTo('catalog rebuild --instance 7 --verify true').find('verify')).toBe('true');
  });

  it('is the help', () => {
    for (const line of ['--help', 'help']) {
      const help = ask(line) as string;
      for (const { name } of COMMANDS) expect(help).toMatch(new RegExp(`^  ${name}( |$)`, 'm'));
      expect(help).toContain('\n  certificate add --instance ID --name NAME --file PEM_FILE [--take-over true]\n');
      expect(help).not.toContain('verify');
    }
    expect(ask('instance remove --help')).toBe(
      'usage: npm run admin -- COMMAND\n  instance remove --instance ID [--confirm NAME_OF_THE_INSTANCE]',
    );
  });

  it.each(['', 'instance', 'instance lost', 'list', 'constructor', 'migrate all'])(
    'answers "%s" with the help',
    (line) => {
      expect(() => ask(line)).toThrow(ask('--help') as string);
    },
  );
});
