import { command, wordArgument } from '../../command-line/command';
import { scriptFor, SHELLS } from './scripts';

export const completion = command({
  name: 'completion',
  about: 'Print what makes a shell complete the words of kmip4v',
  details: [
    'bash:  source <(kmip4v completion bash)         in ~/.bashrc',
    'zsh:   source <(kmip4v completion zsh)          in ~/.zshrc, after compinit',
    'fish:  kmip4v completion fish | source          in ~/.config/fish/config.fish',
  ].join('\n'),
  arguments: { shell: wordArgument(SHELLS, 'where it is to work') },
  async run({ shell }, { out, reference }) {
    await out.write(scriptFor(shell, await reference()));
    return undefined;
  },
});
