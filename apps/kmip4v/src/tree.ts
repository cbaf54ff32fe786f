import { ADMIN } from './admin/admin-entry';
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
  {
    name: 'certificate',
    about: 'Client certificates that are let in',
    commands: async () => (await import('./commands/certificate/certificate.commands.js')).certificateCommands,
  },
  {
    name: 'kmip-credential',
    about: 'User names and passwords for the key provider in vCenter',
    commands: async () =>
      (await import('./commands/kmip-credential/kmip-credential.commands.js')).kmipCredentialCommands,
  },
  {
    name: 'root-key',
    about: 'The root key that wraps all keys of the instance',
    commands: async () => (await import('./commands/root-key/root-key.commands.js')).rootKeyCommands,
  },
  {
    name: 'former-root-key',
    about: 'Root keys that were replaced, while keys move',
    commands: async () =>
      (await import('./commands/former-root-key/former-root-key.commands.js')).formerRootKeyCommands,
  },
  {
    name: 'key-manager',
    about: 'Key managers that the service can see',
    commands: async () => (await import('./commands/key-manager/key-manager.commands.js')).keyManagerCommands,
  },
  {
    name: 'credential',
    about: 'The API key that the service works with',
    commands: async () => (await import('./commands/credential/credential.commands.js')).credentialCommands,
  },
  {
    name: 'key',
    about: 'Keys of machines, disks and hosts',
    commands: async () => (await import('./commands/key/key.commands.js')).keyCommands,
  },
  {
    name: 'shred',
    about: 'Shredding keys by plan, with proof',
    commands: async () => (await import('./commands/shred/shred.commands.js')).shredCommands,
  },
  {
    name: 'reclaim',
    about: 'Keys that nobody needs any more',
    commands: async () => (await import('./commands/reclaim/reclaim.commands.js')).reclaimCommands,
  },
  {
    name: 'audit',
    about: 'The audit trail',
    commands: async () => (await import('./commands/audit/audit.commands.js')).auditCommands,
  },
  {
    name: 'usage',
    about: 'What was used',
    commands: async () => (await import('./commands/usage/usage.commands.js')).usageCommands,
  },
  {
    name: 'webhook',
    about: 'Where events go',
    commands: async () => (await import('./commands/webhook/webhook.commands.js')).webhookCommands,
  },
  {
    name: 'attempt',
    about: 'Attempts to connect, and why they were refused',
    commands: async () => (await import('./commands/attempt/attempt.commands.js')).attemptCommands,
  },
  {
    name: 'claim',
    about: 'Claims of refused connections',
    commands: async () => (await import('./commands/claim/claim.commands.js')).claimCommands,
  },
  {
    name: 'wait',
    about: 'Wait until something is so',
    commands: async () => (await import('./commands/wait/wait.commands.js')).waitCommands,
  },
  {
    name: 'vcenter',
    about: 'Set up a vCenter, watch it, and move its keys',
    commands: async () => (await import('./commands/vcenter/vcenter.commands.js')).vcenterCommands,
  },
  {
    name: 'doctor',
    about: 'Say whether a vCenter with this certificate will work, and why not',
    command: async () => (await import('./commands/doctor/doctor.command.js')).doctor,
  },
  {
    name: 'completion',
    about: 'Print what makes a shell complete the words of kmip4v',
    command: async () => (await import('./commands/completion/completion.command.js')).completion,
  },
  ADMIN,
];
