export { CertificateClaimService } from './certificate-claim.service';
export * from './connection-attempt';
export { ConnectionJournal, type ConnectionJournalOptions } from './connection-journal';
