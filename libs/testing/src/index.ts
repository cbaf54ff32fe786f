export * from './key-manager/another-adapter';
export { deletable, purgeable } from './key-manager/deletable';
export {
  FakeKeyManager,
  type FakeKeyManagerOptions,
  type FakeRole,
  type KeyManagerCall,
  type StoredRecord,
} from './key-manager/fake-key-manager';
export { FakeRootKey } from './key-manager/fake-root-key';
export { type FaultOptions, type KeyManagerMethod } from './key-manager/fault-script';
export { type KeyManagerHarness, describeKeyManagerContract } from './key-manager/key-manager.contract';
export { FakeKeyProtect, type FakeRequest, type FakeResponse, keyProtectError } from './key-manager/fake-key-protect';
export { ManualTiming } from './key-manager/manual-timing';
export { FakeIam, type TokenWish } from './iam/fake-iam';
export { FAKE_CLIENT, type FakePerson } from './iam/fake-sign-in';
export { type TestDatabase, startTestPostgres } from './postgres/test-postgres';
export { createAsFirstRelease, fillDatabase } from './postgres/filled-database';
export { ordinaryOwner } from './postgres/ordinary-owner';
export { type RecordedEvent, recordedEvents } from './postgres/recorded-events';
export {
  insertCertificate,
  insertInstance,
  nameAttribute,
  sampleAudit,
  sampleObject,
  textAttribute,
} from './postgres/samples';
export { EchoHandler, framed, framedResponse } from './kmip-transport/echo-handler';
export { RawPeer } from './kmip-transport/raw-peer';
export { RecordingObserver, type TransportEvent } from './kmip-transport/recording-observer';
export { type LoopbackServer, readBody, startLoopbackServer } from './key-manager/loopback-server';
export { CatalogOutage, type StoreFaultOptions } from './engine/fault-plan';
export { anyCharacter } from './engine/any-character';
export { anyAttribute, anyOperationRequest } from './engine/any-request';
export {
  EngineHarness,
  type EngineHarnessOptions,
  type LogLine,
  aRequest,
  attribute,
  failureCode,
  reasonName,
  vcenterKey,
} from './engine/engine-harness';
export { exportedLines } from './engine/exported-lines';
export { propertyRuns } from './engine/property-runs';
export { InMemoryManagedObjectStore } from './engine/in-memory-managed-object-store';
export { InMemoryShredPlans } from './engine/in-memory-shred-plans';
export {
  type ManagedObjectStoreHarness,
  describeManagedObjectStoreContract,
} from './engine/managed-object-store.contract';
export {
  type SymmetricKeyChanges,
  aManagedObject,
  aMove,
  aName,
  aText,
  anAuditEvent,
  anIntent,
  nameValue,
  putObject,
} from './engine/managed-object.fixture';
export { ManualClock } from './engine/manual-clock';
export { type CommitFate, type DatabaseProxy, startDatabaseProxy } from './postgres/database-proxy';
export { type KeyRecipe, Openssl, curveRecipe, describeWithOpenssl, recipesOf, rsaRecipe } from './openssl/openssl';
export { Dice } from './life/dice';
export { Link, type LinkDirection, type LinkEnd, type LinkJudge } from './links/link';
export { type SmallDisk, describeWithSmallDisk, itWithSmallDisk, mayMount, smallDisk } from './disk/small-disk';
export { type LifeCatalog, type OpenLifeCatalog } from './life/life-catalog';
export { openInMemoryLifeCatalog } from './life/in-memory-life-catalog';
export { describeLife } from './life/life.property';
export { InMemoryRegion } from './region/in-memory-region';
export { InMemoryRegionDirectory } from './tenancy/in-memory-region-directory';
export { InMemoryUnitOfWork } from './tenancy/in-memory-unit-of-work';
export { describeTenancyContract, type TenancyHarness } from './tenancy/tenancy.contract';
export {
  aClientCertificate,
  anActionContext,
  anInstance,
  aRootKeyBinding,
  aFormerCredential,
  aSealedCredential,
  instanceCrn,
  putInstance,
} from './tenancy/tenancy.fixture';
export { InMemoryServiceInstanceDirectory } from './service-instances/in-memory-service-instance-directory';
export { InMemoryServiceInstanceUnitOfWork } from './service-instances/in-memory-service-instance-unit-of-work';
export {
  describeServiceInstancesContract,
  type ServiceInstancesHarness,
} from './service-instances/service-instances.contract';
export { anOperation, aServiceInstance, putServiceInstance } from './service-instances/service-instances.fixture';
export { InMemoryDailyUsages } from './metering/in-memory-daily-usages';
export { describeMeteringContract, type MeteringHarness } from './metering/metering.contract';
export { InMemoryConnectionAttempts } from './diagnosis/in-memory-connection-attempts';
export { describeDiagnosisContract, type DiagnosisHarness } from './diagnosis/diagnosis.contract';
