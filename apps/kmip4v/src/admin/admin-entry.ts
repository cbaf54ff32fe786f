import { type Entry } from '../command-line/command';

/** The operator's commands. They need the modules of the region; the bundle for tenants has `admin-elsewhere.ts` in its place. */
export const ADMIN: Entry = {
  name: 'admin',
  about: 'For the operator of the service: what needs its database and settings',
  commands: async () => (await import('./admin.commands.js')).adminCommands,
};
