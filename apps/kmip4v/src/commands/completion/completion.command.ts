import { argument, command } from '../../command-line/command';
import { usageFault } from '../../command-line/faults';
import { scriptFor, SHELLS } from './scripts';

export const completion = command({
  name: 'completion',
  about: 'Print what makes a shell complete the words of kmip4v',
  details: [
    'bash:  source <(kmip4v completion bash)         in ~/.bashrc',
    'zsh:   source <(kmip4v completion zsh)          in ~/.zshrc, after compinit',
    'fish:  kmip4v completion fish | source          in ~/.config/fish/config.fish',
  ].join('\n'),
  arguments: { shell: argument('bash, zsh or fish') },
  async run({ shell: named }, { out, reference }) {
    const shell = SHELLS.find((each) => each === named);
    if (shell === undefined) throw usageFault(`no completion for ${named}`, `one of ${SHELLS.join(', ')}`);
    await out.write(scriptFor(shell, await reference()));
    return undefined;
  },
});
