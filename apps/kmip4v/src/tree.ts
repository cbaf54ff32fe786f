import { type Entry } from './command-line/command';

/** All that the program can do. A noun's commands are loaded when one of them is asked for, or its help. */
export const TREE: readonly Entry[] = [
  {
    name: 'profile',
    about: 'Which services there are, and how to get a token for each',
    commands: async () => (await import('./commands/profile/profile.commands.js')).profileCommands,
  },
  {
    name: 'instance',
    about: 'Instances of the service',
    commands: async () => (await import('./commands/instance/instance.commands.js')).instanceCommands,
  },
];
