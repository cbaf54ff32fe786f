import { everyOperation, OBJECT_KINDS } from '@lib/kmip-engine';
import { V1_0, V1_4 } from '@lib/kmip-protocol';

/** Operations that Query lists. */
const SERVED = everyOperation().numbers(V1_4).length;
const SERVED_IN_1_0 = everyOperation().numbers(V1_0).length;
/** Kinds of objects that it lists. */
const OBJECTS = OBJECT_KINDS.length === 1 ? 'ObjectType' : `ObjectType ×${OBJECT_KINDS.length}`;

/** What a dialogue comes to with our engine where it does not come to what its file expects. */
export interface Divergence {
  /** The first difference, shortened; further ones mostly follow from it. */
  readonly first: string;
  readonly differences: number;
  /** Failure codes in the answers that differ, in their order. */
  readonly refusals?: readonly string[];
}

/** Why dialogues differ, by the name of the file without its version. docs/divergences.md says more. */
export const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^AX-M-\d/, 'uses Batch Error Continuation Option Undo'],
  [/^(MSGENC|SUITEB|TL[-_]M[-_]1|SASED[-_]M[-_]1|TC_121)/, "lists the operations and objects of the test's own server"],
  [/^TC-Q-/, "lists what the test's own server can do"],
  [/^TC_122/, "lists extensions of the test's own server"],
  [/^TC_161/, 'lists the versions known when the test was written'],
  [/^SASED[-_]M[-_]3/, 'reads what an earlier file registered'],
  [/^TC-(OTP|CREG)-/, 'reads what an administrator registered'],
  [/^TC_15[13]/, 'uses the default member of an Object Group'],
  [/^TC_11[12]/, 'keeps the objects of two user names apart'],
  [/^SKFF[-_]O[-_][12]/, 'uses algorithms other than AES and 3DES'],
  [/^TC-CREATE-SD/, 'creates Secret Data'],
  [/^TC-CS-CORVAL/, 'creates a key without a Cryptographic Usage Mask'],
  [/^TC-(SENSITIVE|EXTRACTABLE)/, 'creates keys that may not be fetched'],
];

/** By path below the folder of vectors. A dialogue that is not here must be held to the letter. */
export const DIVERGENT: Readonly<Record<string, Divergence>> = {
  'profiles/v1.0-1.2/optional/SKFF-O-1-10.xml': {
    first:
      'ResponseMessage/BatchItem: Operation, ResultStatus, ResultReason, ResultMessage where Operation, ResultStatus, ResponsePayload is expected',
    differences: 2,
    refusals: ['algorithm_not_supported', 'unknown_object'],
  },
  'profiles/v1.0-1.2/optional/SKFF-O-1-11.xml': {
    first:
      'ResponseMessage/BatchItem: Operation, ResultStatus, ResultReason, ResultMessage where Operation, ResultStatus, ResponsePayload is expected',
    differences: 2,
    refusals: ['algorithm_not_supported', 'unknown_object'],
  },
  'profiles/v1.0-1.2/optional/SKFF-O-1-12.xml': {
    first:
      'ResponseMessage/BatchItem: Operation, ResultStatus, ResultReason, ResultMessage where Operation, ResultStatus, ResponsePayload is expected',
    differences: 2,
    refusals: ['algorithm_not_supported', 'unknown_object'],
  },
  'profiles/v1.0-1.2/optional/SKFF-O-2-10.xml': {
    first:
      'ResponseMessage/BatchItem: Operation, ResultStatus, ResultReason, ResultMessage where Operation, ResultStatus, ResponsePayload is expected',
    differences: 4,
    refusals: ['algorithm_not_supported', 'unknown_object', 'unknown_object'],
  },
  'profiles/v1.0-1.2/optional/SKFF-O-2-11.xml': {
    first:
      'ResponseMessage/BatchItem: Operation, ResultStatus, ResultReason, ResultMessage where Operation, ResultStatus, ResponsePayload is expected',
    differences: 4,
    refusals: ['algorithm_not_supported', 'unknown_object', 'unknown_object'],
  },
  'profiles/v1.0-1.2/optional/SKFF-O-2-12.xml': {
    first:
      'ResponseMessage/BatchItem: Operation, ResultStatus, ResultReason, ResultMessage where Operation, ResultStatus, ResponsePayload is expected',
    differences: 4,
    refusals: ['algorithm_not_supported', 'unknown_object', 'unknown_object'],
  },
  'profiles/v1.4/mandatory/AX-M-1-14.xml': {
    first: 'ResponseMessage: ResponseHeader, BatchItem where ResponseHeader, BatchItem ×4 is expected',
    differences: 5,
    refusals: [
      'undo_not_supported',
      'undo_not_supported',
      'undo_not_supported',
      'undo_not_supported',
      'undo_not_supported',
    ],
  },
  'profiles/v1.4/mandatory/AX-M-2-14.xml': {
    first: 'ResponseMessage: ResponseHeader, BatchItem where ResponseHeader, BatchItem ×2 is expected',
    differences: 8,
    refusals: [
      'undo_not_supported',
      'undo_not_supported',
      'undo_not_supported',
      'undo_not_supported',
      'undo_not_supported',
      'undo_not_supported',
      'unknown_object',
      'unknown_object',
    ],
  },
  'profiles/v1.4/mandatory/MSGENC-HTTPS-M-1-14.xml': {
    first: `ResponseMessage/BatchItem/ResponsePayload: Operation ×${SERVED}, ${OBJECTS} where Operation ×39, ObjectType ×9 is expected`,
    differences: 1,
  },
  'profiles/v1.4/mandatory/MSGENC-JSON-M-1-14.xml': {
    first: `ResponseMessage/BatchItem/ResponsePayload: Operation ×${SERVED}, ${OBJECTS} where Operation ×39, ObjectType ×9 is expected`,
    differences: 1,
  },
  'profiles/v1.4/mandatory/MSGENC-XML-M-1-14.xml': {
    first: `ResponseMessage/BatchItem/ResponsePayload: Operation ×${SERVED}, ${OBJECTS} where Operation ×39, ObjectType ×9 is expected`,
    differences: 1,
  },
  'profiles/v1.4/mandatory/SASED-M-1-14.xml': {
    first: `ResponseMessage/BatchItem/ResponsePayload: Operation ×${SERVED}, ${OBJECTS}, VendorIdentification where Operation ×8, ObjectType ×2, VendorIdentification, ServerInformation is expected`,
    differences: 1,
  },
  'profiles/v1.4/mandatory/SASED-M-3-14.xml': {
    first: 'ResponseMessage/BatchItem/ResponsePayload: nothing where UniqueIdentifier is expected',
    differences: 5,
    refusals: ['unknown_object', 'unknown_object', 'unknown_object', 'unknown_object'],
  },
  'profiles/v1.4/mandatory/SUITEB_128-M-1-14.xml': {
    first: `ResponseMessage/BatchItem/ResponsePayload: Operation ×${SERVED}, ${OBJECTS} where Operation ×39, ObjectType ×9 is expected`,
    differences: 1,
  },
  'profiles/v1.4/mandatory/SUITEB_192-M-1-14.xml': {
    first: `ResponseMessage/BatchItem/ResponsePayload: Operation ×${SERVED}, ${OBJECTS} where Operation ×39, ObjectType ×9 is expected`,
    differences: 1,
  },
  'profiles/v1.4/mandatory/TL-M-1-14.xml': {
    first: `ResponseMessage/BatchItem/ResponsePayload: Operation ×${SERVED}, ${OBJECTS}, VendorIdentification where Operation ×14, ObjectType ×2, VendorIdentification, ServerInformation is expected`,
    differences: 1,
  },
  'testcases/v1.0/SASED_M_1_10_storage_array_config.xml': {
    first: `ResponseMessage/BatchItem/ResponsePayload: Operation ×${SERVED_IN_1_0}, ${OBJECTS}, VendorIdentification where Operation ×8, ObjectType ×2, VendorIdentification, ServerInformation is expected`,
    differences: 1,
  },
  'testcases/v1.0/SASED_M_3_10_storage_array_retrieve.xml': {
    first: 'ResponseMessage/BatchItem/ResponsePayload: nothing where UniqueIdentifier is expected',
    differences: 7,
    refusals: ['unknown_object', 'unknown_object', 'unknown_object', 'unknown_object', 'unknown_object'],
  },
  'testcases/v1.0/SKFF_O_1_10_SymmetricKeyOptional_1.xml': {
    first:
      'ResponseMessage/BatchItem: Operation, ResultStatus, ResultReason, ResultMessage where Operation, ResultStatus, ResponsePayload is expected',
    differences: 2,
    refusals: ['algorithm_not_supported', 'unknown_object'],
  },
  'testcases/v1.0/SKFF_O_2_10_SymmetricKeyOptional_2.xml': {
    first:
      'ResponseMessage/BatchItem: Operation, ResultStatus, ResultReason, ResultMessage where Operation, ResultStatus, ResponsePayload is expected',
    differences: 4,
    refusals: ['algorithm_not_supported', 'unknown_object', 'unknown_object'],
  },
  'testcases/v1.0/TC_111_10_Credential_Operation_Policy_Destroy_Date.xml': {
    first:
      'ResponseMessage/BatchItem: Operation, UniqueBatchItemID, ResultStatus, ResponsePayload where Operation, UniqueBatchItemID, ResultStatus, ResultReason, ResultMessage is expected',
    differences: 2,
  },
  'testcases/v1.0/TC_121_10_Query_Maximum_Response_Size.xml': {
    first: `ResponseMessage/BatchItem/ResponsePayload: Operation ×${SERVED_IN_1_0}, ${OBJECTS} where Operation ×19, ObjectType ×5 is expected`,
    differences: 1,
  },
  'testcases/v1.0/TL_M_1_10_tape_library_config.xml': {
    first: `ResponseMessage/BatchItem/ResponsePayload: Operation ×${SERVED_IN_1_0}, ${OBJECTS}, VendorIdentification where Operation ×14, ObjectType ×2, VendorIdentification, ServerInformation is expected`,
    differences: 1,
  },
  'testcases/v1.2/TC_111_12_Credential_Operation_Policy_Destroy_Date.xml': {
    first:
      'ResponseMessage/BatchItem: Operation, UniqueBatchItemID, ResultStatus, ResponsePayload where Operation, UniqueBatchItemID, ResultStatus, ResultReason, ResultMessage is expected',
    differences: 2,
  },
  'testcases/v1.2/TC_112_12_Device_Credential_Operation_Policy_Destroy_Date.xml': {
    first:
      'ResponseMessage/BatchItem: Operation, UniqueBatchItemID, ResultStatus, ResponsePayload where Operation, UniqueBatchItemID, ResultStatus, ResultReason, ResultMessage is expected',
    differences: 2,
  },
  'testcases/v1.2/TC_121_12_Query_Maximum_Response_Size.xml': {
    first: `ResponseMessage/BatchItem/ResponsePayload: Operation ×${SERVED}, ${OBJECTS}, VendorIdentification where Operation ×39, ObjectType ×9, VendorIdentification, ServerInformation is expected`,
    differences: 1,
  },
  'testcases/v1.2/TC_122_12_Query_Vendor_Extensions.xml': {
    first: 'ResponseMessage/BatchItem/ResponsePayload: nothing where ExtensionInformation ×2 is expected',
    differences: 2,
  },
  'testcases/v1.2/TC_151_12_Locate_a_Fresh_Object_from_the_Default_Group.xml': {
    first: 'ResponseMessage/BatchItem/ResponsePayload: nothing where UniqueIdentifier is expected',
    differences: 5,
    refusals: ['no_identifier', 'unknown_object', 'unknown_object', 'unknown_object'],
  },
  'testcases/v1.2/TC_153_12_Default_Object_Group_Member.xml': {
    first: 'ResponseMessage: ResponseHeader, BatchItem where ResponseHeader, BatchItem ×2 is expected',
    differences: 4,
    refusals: ['locate_group_member', 'locate_group_member', 'locate_group_member', 'locate_group_member'],
  },
  'testcases/v1.2/TC_161_12_Discover_Versions.xml': {
    first: 'ResponseMessage/BatchItem/ResponsePayload: ProtocolVersion ×5 where ProtocolVersion ×3 is expected',
    differences: 1,
  },
  'testcases/v1.4/TC-CREATE-SD-1-14.xml': {
    first: 'ResponseMessage: ResponseHeader, BatchItem where ResponseHeader, BatchItem ×2 is expected',
    differences: 1,
    refusals: ['object_type_not_supported'],
  },
  'testcases/v1.4/TC-CREG-2-14.xml': {
    first: 'ResponseMessage: ResponseHeader, BatchItem ×2 where ResponseHeader, BatchItem ×6 is expected',
    differences: 1,
    refusals: ['no_identifier'],
  },
  'testcases/v1.4/TC-CREG-3-14.xml': {
    first: 'ResponseMessage: ResponseHeader, BatchItem ×2 where ResponseHeader, BatchItem ×6 is expected',
    differences: 1,
    refusals: ['no_identifier'],
  },
  'testcases/v1.4/TC-CS-CORVAL-1-14.xml': {
    first:
      'ResponseMessage/BatchItem: Operation, ResultStatus, ResultReason, ResultMessage where Operation, ResultStatus, ResponsePayload is expected',
    differences: 1,
    refusals: ['usage_mask_missing'],
  },
  'testcases/v1.4/TC-EXTRACTABLE-1-14.xml': {
    first:
      'ResponseMessage/BatchItem: Operation, UniqueBatchItemID, ResultStatus, ResultReason, ResultMessage where Operation, UniqueBatchItemID, ResultStatus, ResponsePayload is expected',
    differences: 5,
    refusals: [
      'attribute_not_for_create',
      'unknown_object',
      'unknown_object',
      'wrapping_not_supported',
      'unknown_object',
    ],
  },
  'testcases/v1.4/TC-OTP-3-14.xml': {
    first: 'ResponseMessage/BatchItem/ResponsePayload: nothing where UniqueIdentifier is expected',
    differences: 3,
    refusals: ['unknown_object', 'unknown_object'],
  },
  'testcases/v1.4/TC-OTP-4-14.xml': {
    first: 'ResponseMessage/BatchItem/ResponsePayload: nothing where UniqueIdentifier is expected',
    differences: 3,
    refusals: ['unknown_object', 'unknown_object'],
  },
  'testcases/v1.4/TC-Q-CAP-1-14.xml': {
    first:
      'ResponseMessage/BatchItem/ResponsePayload/CapabilityInformation: StreamingCapability, AsynchronousCapability, AttestationCapability, BatchUndoCapability, BatchContinueCapability where StreamingCapability, AsynchronousCapability, AttestationCapability, BatchUndoCapability, BatchContinueCapability, UnwrapMode, DestroyAction, ShreddingAlgorithm, RNGMode is expected',
    differences: 1,
  },
  'testcases/v1.4/TC-Q-CAP-2-14.xml': {
    first:
      'ResponseMessage/BatchItem/ResponsePayload/CapabilityInformation: StreamingCapability, AsynchronousCapability, AttestationCapability, BatchUndoCapability, BatchContinueCapability where StreamingCapability, AsynchronousCapability, AttestationCapability, BatchUndoCapability, BatchContinueCapability, UnwrapMode, DestroyAction, ShreddingAlgorithm, RNGMode is expected',
    differences: 1,
  },
  'testcases/v1.4/TC-Q-CAP-3-14.xml': {
    first:
      'ResponseMessage/BatchItem/ResponsePayload/CapabilityInformation: StreamingCapability, AsynchronousCapability, AttestationCapability, BatchUndoCapability, BatchContinueCapability where StreamingCapability, AsynchronousCapability, AttestationCapability, BatchUndoCapability, BatchContinueCapability, UnwrapMode, DestroyAction, ShreddingAlgorithm, RNGMode is expected',
    differences: 1,
  },
  'testcases/v1.4/TC-Q-CREG-1-14.xml': {
    first: 'ResponseMessage/BatchItem/ResponsePayload: nothing where ClientRegistrationMethod ×4 is expected',
    differences: 1,
  },
  'testcases/v1.4/TC-Q-PROF-1-14.xml': {
    first: 'ResponseMessage/BatchItem/ResponsePayload: nothing where ProfileInformation ×3 is expected',
    differences: 1,
  },
  'testcases/v1.4/TC-Q-PROF-2-14.xml': {
    first: 'ResponseMessage/BatchItem/ResponsePayload: nothing where ProfileInformation ×42 is expected',
    differences: 1,
  },
  'testcases/v1.4/TC-Q-PROF-3-14.xml': {
    first: 'ResponseMessage/BatchItem/ResponsePayload: nothing where ProfileInformation ×3 is expected',
    differences: 1,
  },
  'testcases/v1.4/TC-Q-RNGS-2-14.xml': {
    first:
      'ResponseMessage/BatchItem/ResponsePayload/RNGParameters: RNGAlgorithm where RNGAlgorithm, CryptographicAlgorithm, CryptographicLength is expected',
    differences: 1,
  },
  'testcases/v1.4/TC-Q-RNGS-3-14.xml': {
    first:
      'ResponseMessage/BatchItem/ResponsePayload/RNGParameters: RNGAlgorithm where RNGAlgorithm, HashingAlgorithm is expected',
    differences: 1,
  },
  'testcases/v1.4/TC-Q-RNGS-4-14.xml': {
    first: 'ResponseMessage/BatchItem/ResponsePayload: RNGParameters where RNGParameters ×3 is expected',
    differences: 1,
  },
  'testcases/v1.4/TC-Q-RNGS-5-14.xml': {
    first:
      'ResponseMessage/BatchItem/ResponsePayload/RNGParameters: RNGAlgorithm where RNGAlgorithm, HashingAlgorithm, DRBGAlgorithm, RecommendedCurve, PredictionResistance is expected',
    differences: 1,
  },
  'testcases/v1.4/TC-Q-RNGS-6-14.xml': {
    first:
      'ResponseMessage/BatchItem/ResponsePayload/RNGParameters: RNGAlgorithm where RNGAlgorithm, CryptographicAlgorithm, CryptographicLength is expected',
    differences: 1,
  },
  'testcases/v1.4/TC-Q-S2C-1-14.xml': {
    first: `ResponseMessage/BatchItem/ResponsePayload: Operation ×${SERVED}, ${OBJECTS}, VendorIdentification, CapabilityInformation where Operation ×8, ObjectType, VendorIdentification, ServerInformation, CapabilityInformation is expected`,
    differences: 1,
  },
  'testcases/v1.4/TC-Q-S2C-PROF-1-14.xml': {
    first: 'ResponseMessage/BatchItem/ResponsePayload: nothing where ProfileInformation is expected',
    differences: 1,
  },
  'testcases/v1.4/TC-Q-S2C-PROF-2-14.xml': {
    first: `ResponseMessage/BatchItem/ResponsePayload: Operation ×${SERVED}, ${OBJECTS}, VendorIdentification, CapabilityInformation where Operation ×39, ObjectType ×9, VendorIdentification, ProfileInformation ×8, CapabilityInformation is expected`,
    differences: 1,
  },
  'testcases/v1.4/TC-Q-VAL-1-14.xml': {
    first: 'ResponseMessage/BatchItem/ResponsePayload: nothing where ValidationInformation is expected',
    differences: 1,
  },
  'testcases/v1.4/TC-SENSITIVE-1-14.xml': {
    first:
      'ResponseMessage/BatchItem: Operation, UniqueBatchItemID, ResultStatus, ResultReason, ResultMessage where Operation, UniqueBatchItemID, ResultStatus, ResponsePayload is expected',
    differences: 5,
    refusals: [
      'attribute_not_for_create',
      'unknown_object',
      'unknown_object',
      'wrapping_not_supported',
      'unknown_object',
    ],
  },
};

export const reasonFor = (file: string): string | undefined =>
  REASONS.find(([name]) => name.test(file.split('/').at(-1) ?? ''))?.[1];

/** "Operation ×11, ObjectType" for a list of tags that repeats them. */
export function shorten(difference: string): string {
  return difference.replace(/(\w+)((?:, \1\b)+)/g, (run: string, tag: string) => `${tag} ×${run.split(', ').length}`);
}
