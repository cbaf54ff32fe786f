import { type CommandEntry } from './command';

const INSTANCE = { instance: 'ID' };
const CERTIFICATE = { ...INSTANCE, certificate: 'ID' };

/** Every command of the operator. The help is made of it, and no command is loaded for that. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: 'migrate', alone: async () => (await import('./commands/migrate.command.js')).migrate },
  { name: 'migrate status', alone: async () => (await import('./commands/migrate-status.command.js')).migrateStatus },
  {
    name: 'migrate revert',
    required: { confirm: 'NAME_OF_THE_MIGRATION' },
    alone: async () => (await import('./commands/migrate-revert.command.js')).migrateRevert,
  },
  {
    name: 'instance create',
    required: { crn: 'CRN', name: 'NAME' },
    inRegion: async () => (await import('./commands/instance-create.command.js')).InstanceCreate,
  },
  { name: 'instance list', inRegion: async () => (await import('./commands/instance-list.command.js')).InstanceList },
  {
    name: 'instance enable',
    required: INSTANCE,
    inRegion: async () => (await import('./commands/instance-enable.command.js')).InstanceEnable,
  },
  {
    name: 'instance disable',
    required: INSTANCE,
    inRegion: async () => (await import('./commands/instance-disable.command.js')).InstanceDisable,
  },
  {
    name: 'instance remove',
    required: INSTANCE,
    optional: { confirm: 'NAME_OF_THE_INSTANCE' },
    inRegion: async () => (await import('./commands/instance-remove.command.js')).InstanceRemove,
  },
  {
    name: 'instance take-over',
    required: { ...INSTANCE, from: 'ID_OF_THE_REMOVED_INSTANCE' },
    optional: { 'dry-run': 'true', take: 'STORED_KEY_ID[,STORED_KEY_ID...]' },
    inRegion: async () => (await import('./commands/instance-take-over.command.js')).InstanceTakeOver,
  },
  {
    name: 'root-key set',
    required: { ...INSTANCE, 'key-manager': 'CRN', 'root-key': 'ID', 'api-key-file': 'FILE' },
    optional: {
      endpoint: 'public_OR_private',
      'key-ring': 'ID',
      confirm: 'NAME_OF_THE_INSTANCE',
      'dry-run': 'true',
    },
    inRegion: async () => (await import('./commands/root-key-set.command.js')).RootKeySet,
  },
  {
    name: 'root-key list',
    required: INSTANCE,
    inRegion: async () => (await import('./commands/root-key-list.command.js')).RootKeyList,
  },
  {
    name: 'certificate add',
    required: { ...INSTANCE, name: 'NAME', file: 'PEM_FILE' },
    optional: { 'take-over': 'true' },
    inRegion: async () => (await import('./commands/certificate-add.command.js')).CertificateAdd,
  },
  {
    name: 'certificate list',
    required: INSTANCE,
    inRegion: async () => (await import('./commands/certificate-list.command.js')).CertificateList,
  },
  {
    name: 'certificate remove',
    required: CERTIFICATE,
    optional: { confirm: 'NAME_OF_THE_CERTIFICATE' },
    inRegion: async () => (await import('./commands/certificate-remove.command.js')).CertificateRemove,
  },
  {
    name: 'certificate take-over',
    required: CERTIFICATE,
    inRegion: async () => (await import('./commands/certificate-take-over.command.js')).CertificateTakeOver,
  },
  {
    name: 'certificate hand-over',
    required: { ...CERTIFICATE, to: 'ID_OF_THE_OTHER_INSTANCE' },
    inRegion: async () => (await import('./commands/certificate-hand-over.command.js')).CertificateHandOver,
  },
  {
    name: 'kmip-credential issue',
    required: INSTANCE,
    inRegion: async () => (await import('./commands/kmip-credential-issue.command.js')).KmipCredentialIssue,
  },
  {
    name: 'kmip-credential list',
    required: INSTANCE,
    inRegion: async () => (await import('./commands/kmip-credential-list.command.js')).KmipCredentialList,
  },
  {
    name: 'kmip-credential remove',
    required: { ...INSTANCE, credential: 'ID' },
    optional: { confirm: 'NAME_OF_THE_INSTANCE' },
    inRegion: async () => (await import('./commands/kmip-credential-remove.command.js')).KmipCredentialRemove,
  },
  {
    name: 'kmip-credential outdated',
    inRegion: async () => (await import('./commands/kmip-credential-outdated.command.js')).KmipCredentialOutdated,
  },
  {
    name: 'catalog rebuild',
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
    optional: INSTANCE,
    inRegion: async () => (await import('./commands/drill.command.js')).Drill,
  },
  {
    name: 'restore status',
    optional: INSTANCE,
    inRegion: async () => (await import('./commands/restore-status.command.js')).RestoreStatus,
  },
  {
    name: 'restore release',
    optional: { ...INSTANCE, 'without-notes': 'true' },
    inRegion: async () => (await import('./commands/restore-release.command.js')).RestoreRelease,
  },
  {
    name: 'audit-head status',
    required: INSTANCE,
    inRegion: async () => (await import('./commands/audit-head-status.command.js')).AuditHeadStatus,
  },
  {
    name: 'audit-head release',
    required: INSTANCE,
    inRegion: async () => (await import('./commands/audit-head-release.command.js')).AuditHeadRelease,
  },
  {
    name: 'audit archive',
    required: { to: 'FOLDER' },
    optional: { month: 'YYYY-MM' },
    inRegion: async () => (await import('./commands/audit-archive.command.js')).AuditArchive,
  },
  {
    name: 'audit drop',
    required: { before: 'YYYY-MM', archive: 'FOLDER' },
    optional: { keep: 'MONTHS', confirm: 'YYYY-MM' },
    alone: async () => (await import('./commands/audit-drop.command.js')).auditDrop,
  },
  { name: 'audit-key list', alone: async () => (await import('./commands/audit-key-list.command.js')).auditKeyList },
  {
    name: 'audit-key rotate',
    alone: async () => (await import('./commands/audit-key-rotate.command.js')).auditKeyRotate,
  },
  {
    name: 'support bundle',
    optional: { health: 'HOST:PORT[,HOST:PORT...]' },
    inRegion: async () => (await import('./commands/support-bundle.command.js')).SupportBundle,
  },
];
