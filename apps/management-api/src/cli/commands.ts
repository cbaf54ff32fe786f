import { type CommandEntry } from './command';

const INSTANCE = { instance: 'ID' };
const CERTIFICATE = { ...INSTANCE, certificate: 'ID' };

/** Every command of the operator, which `kmip4v admin` offers. The help is made of it, and none is loaded for that. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'migrate',
    about: 'Bring the schema of the database up to date, and make the logins of the processes',
    alone: async () => (await import('./commands/migrate.command.js')).migrate,
  },
  {
    name: 'migrate status',
    about: 'Show which migrations ran',
    alone: async () => (await import('./commands/migrate-status.command.js')).migrateStatus,
  },
  {
    name: 'migrate revert',
    about: 'Take the newest migration back',
    required: { confirm: 'NAME_OF_THE_MIGRATION' },
    alone: async () => (await import('./commands/migrate-revert.command.js')).migrateRevert,
  },
  {
    name: 'instance create',
    about: 'Create an instance without the platform',
    required: { crn: 'CRN', name: 'NAME' },
    inRegion: async () => (await import('./commands/instance-create.command.js')).InstanceCreate,
  },
  {
    name: 'instance list',
    about: 'List the instances of the region',
    inRegion: async () => (await import('./commands/instance-list.command.js')).InstanceList,
  },
  {
    name: 'instance enable',
    about: 'Enable an instance',
    required: INSTANCE,
    inRegion: async () => (await import('./commands/instance-enable.command.js')).InstanceEnable,
  },
  {
    name: 'instance disable',
    about: 'Disable an instance: no key of it is given out',
    required: INSTANCE,
    inRegion: async () => (await import('./commands/instance-disable.command.js')).InstanceDisable,
  },
  {
    name: 'instance remove',
    about: 'Remove an instance; its wrapped keys stay in the key manager',
    required: INSTANCE,
    optional: { confirm: 'NAME_OF_THE_INSTANCE' },
    inRegion: async () => (await import('./commands/instance-remove.command.js')).InstanceRemove,
  },
  {
    name: 'instance take-over',
    about: 'Take the keys of a removed instance over into another one',
    required: { ...INSTANCE, from: 'ID_OF_THE_REMOVED_INSTANCE' },
    optional: { 'dry-run': 'true', take: 'STORED_KEY_ID[,STORED_KEY_ID...]' },
    inRegion: async () => (await import('./commands/instance-take-over.command.js')).InstanceTakeOver,
  },
  {
    name: 'root-key set',
    about: 'Bind a root key, with the API key of the tenant',
    required: { ...INSTANCE, 'key-manager': 'CRN', 'root-key': 'ID', 'api-key-file': 'FILE' },
    optional: { endpoint: 'public_OR_private', 'key-ring': 'ID', 'dry-run': 'true' },
    inRegion: async () => (await import('./commands/root-key-set.command.js')).RootKeySet,
  },
  {
    name: 'root-key list',
    about: 'List the root keys of an instance',
    required: INSTANCE,
    inRegion: async () => (await import('./commands/root-key-list.command.js')).RootKeyList,
  },
  {
    name: 'certificate add',
    about: 'Let a client certificate in',
    required: { ...INSTANCE, name: 'NAME', file: 'PEM_FILE' },
    optional: { 'take-over': 'true' },
    inRegion: async () => (await import('./commands/certificate-add.command.js')).CertificateAdd,
  },
  {
    name: 'certificate list',
    about: 'List the client certificates of an instance',
    required: INSTANCE,
    inRegion: async () => (await import('./commands/certificate-list.command.js')).CertificateList,
  },
  {
    name: 'certificate remove',
    about: 'Let a client certificate in no longer',
    required: CERTIFICATE,
    optional: { confirm: 'NAME_OF_THE_CERTIFICATE' },
    inRegion: async () => (await import('./commands/certificate-remove.command.js')).CertificateRemove,
  },
  {
    name: 'certificate take-over',
    about: 'Have the new keys of a client certificate made in this instance',
    required: CERTIFICATE,
    inRegion: async () => (await import('./commands/certificate-take-over.command.js')).CertificateTakeOver,
  },
  {
    name: 'certificate hand-over',
    about: 'Have the new keys of a client certificate made in another instance',
    required: { ...CERTIFICATE, to: 'ID_OF_THE_OTHER_INSTANCE' },
    inRegion: async () => (await import('./commands/certificate-hand-over.command.js')).CertificateHandOver,
  },
  {
    name: 'server-certificate unaccepted',
    about: 'List the clients that last came to an endpoint under another server certificate than this one',
    required: { endpoint: 'NAME', file: 'PEM_FILE' },
    inRegion: async () =>
      (await import('./commands/server-certificate-unaccepted.command.js')).ServerCertificateUnaccepted,
  },
  {
    name: 'kmip-credential issue',
    about: 'Issue a user name and password',
    required: INSTANCE,
    inRegion: async () => (await import('./commands/kmip-credential-issue.command.js')).KmipCredentialIssue,
  },
  {
    name: 'kmip-credential list',
    about: 'List the KMIP credentials of an instance',
    required: INSTANCE,
    inRegion: async () => (await import('./commands/kmip-credential-list.command.js')).KmipCredentialList,
  },
  {
    name: 'kmip-credential remove',
    about: 'Remove a KMIP credential',
    required: { ...INSTANCE, credential: 'ID' },
    optional: { confirm: 'NAME_OF_THE_INSTANCE' },
    inRegion: async () => (await import('./commands/kmip-credential-remove.command.js')).KmipCredentialRemove,
  },
  {
    name: 'kmip-credential outdated',
    about: 'List KMIP credentials that were sealed with an older service key',
    inRegion: async () => (await import('./commands/kmip-credential-outdated.command.js')).KmipCredentialOutdated,
  },
  {
    name: 'catalog rebuild',
    about: 'Rebuild the catalog of an instance from its stored keys',
    required: INSTANCE,
    optional: {
      'dry-run': 'true',
      take: 'STORED_KEY_ID[,STORED_KEY_ID...]',
      audit: 'FILE',
      'audit-head': 'SEQ:HASH',
    },
    // Every key is verified now; scripts that ask for it are not wrong.
    obsolete: ['verify'],
    inRegion: async () => (await import('./commands/catalog-rebuild.command.js')).CatalogRebuild,
  },
  {
    name: 'drill',
    about: 'Say what a restore of this database and a rebuild would bring back, and what would be lost',
    optional: INSTANCE,
    inRegion: async () => (await import('./commands/drill.command.js')).Drill,
  },
  {
    name: 'restore status',
    about: 'Show what was noticed of a restore of the database',
    optional: INSTANCE,
    inRegion: async () => (await import('./commands/restore-status.command.js')).RestoreStatus,
  },
  {
    name: 'restore release',
    about: 'Let an instance, or all, go on after a restore',
    optional: { ...INSTANCE, 'without-notes': 'true' },
    inRegion: async () => (await import('./commands/restore-release.command.js')).RestoreRelease,
  },
  {
    name: 'audit-head status',
    about: 'Show how an audit trail agrees with what was signed',
    required: INSTANCE,
    inRegion: async () => (await import('./commands/audit-head-status.command.js')).AuditHeadStatus,
  },
  {
    name: 'audit-head release',
    about: 'Accept an audit trail that contradicts what was signed',
    required: INSTANCE,
    inRegion: async () => (await import('./commands/audit-head-release.command.js')).AuditHeadRelease,
  },
  {
    name: 'audit archive',
    about: 'Write past months of the audit trail into a folder',
    required: { to: 'FOLDER' },
    optional: { month: 'YYYY-MM' },
    inRegion: async () => (await import('./commands/audit-archive.command.js')).AuditArchive,
  },
  {
    name: 'audit drop',
    about: 'Drop months of the audit trail that are archived',
    required: { before: 'YYYY-MM', archive: 'FOLDER' },
    optional: { keep: 'MONTHS', confirm: 'YYYY-MM' },
    alone: async () => (await import('./commands/audit-drop.command.js')).auditDrop,
  },
  {
    name: 'audit-key list',
    about: 'List the keys that audit trails are signed with',
    alone: async () => (await import('./commands/audit-key-list.command.js')).auditKeyList,
  },
  {
    name: 'audit-key rotate',
    about: 'Sign audit trails with a new key from now on',
    alone: async () => (await import('./commands/audit-key-rotate.command.js')).auditKeyRotate,
  },
  {
    name: 'support bundle',
    about: 'Gather what support needs, without anything secret',
    optional: { health: 'HOST:PORT[,HOST:PORT...]' },
    inRegion: async () => (await import('./commands/support-bundle.command.js')).SupportBundle,
  },
];
