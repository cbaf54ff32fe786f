export { type Revocation, stateAt, stateNumbers, isDestroyed, LIVE_STATES, transitions } from './lifecycle';
export { matchesValue, sameValue } from './attributes/ttlv-values';
export { fromText, toText } from './attributes/ttlv-text';
export { type EnvelopeFacts, envelopeOf, UNKNOWN_CREATOR } from './custody/authentic-envelope';
export { type Deadline, startDeadline } from './deadline';
export { DEFAULT_OPERATION_TIMEOUT_MS } from './custody/key-use';
export { DeletionRights } from './custody/deletion-rights';
export { KeyDestruction } from './custody/key-destruction';
export { isServableAsSeen, servableAs } from './custody/servable';
export {
  type StoredEnvelope,
  fieldsIn,
  parseEnvelope,
  serializeEnvelope,
  storedKeyName,
} from './custody/stored-envelope';
export * from './engine-scope';
export * from './failures/failure-catalog';
export * from './failures/operation-failure';
export { everyOperation, KMIP_OPERATIONS } from './handlers';
export { markOf } from './handlers/kmip-operation';
export { OperationTable } from './handlers/operation-table';
export { KIND_FIELDS, OBJECT_KINDS, type KindFields, type KindNumbers } from './kinds';
export { type SymmetricKeyFields } from './kinds/symmetric-key';
export * from './kmip-engine';
export { factsInForceBy, notesOf } from './notes/noted-facts';
export * from './notes/note-application';
export { type FoundNotes, type NoteGap, type NoteRefusal, type RefusedNote, readNotes } from './notes/note-reader';
export * from './notes/note-writer';
export * from './notes/trail-facts';
export { NOTE_PREFIX, noteName } from './notes/stored-note';
export * from './ports/custody-moves.port';
export * from './ports/engine-ports';
export * from './ports/later-looks.port';
export * from './ports/lost-keys.port';
export * from './ports/key-notes.port';
export * from './ports/managed-object';
export * from './ports/note-of-work';
export * from './ports/managed-object-store.port';
export * from './reconcile/background';
export * from './reconcile/catalog-rebuild';
export * from './reconcile/take-over';
export { type RebuildLoss } from './reconcile/rebuild-losses';
export { type RebuildRefusal } from './reconcile/rebuild-candidates';
export * from './reconcile/custody-sweep';
export { type Hindrance } from './reconcile/lane-progress';
export * from './reconcile/reconciler';
export * from './reconcile/stored-key-watch';
export * from './supported-versions';
export * from './administration/key-administration';
export * from './administration/key-description';
export * from './ports/key-catalog.port';
export * from './administration/shred/shred-plan';
export * from './administration/shred/shred-plans.port';
export * from './administration/shred/shredding';
export * from './administration/reclaim/reclaim';
