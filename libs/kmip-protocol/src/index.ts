export * from './attributes/attribute-rules';
export * from './errors';
export * from './messages/message.types';
export { peekOperations, peekProtocolVersion } from './messages/message-frame';
export * from './messages/request-codec';
export * from './messages/response-codec';
export { type GetRequest, type GetResponse } from './operations/get';
export { type LocateRequest } from './operations/locate';
export {
  operationCodec,
  type OperationName,
  type OperationRequest,
  type OperationRequests,
  type OperationResponse,
  type OperationResponses,
} from './operations/operation-registry';
export { type QueryResponse } from './operations/query';
export * from './objects/attributes-by-tag';
export * from './objects/object.types';
export * from './operations/operation-versions';
export * from './protocol-version';
export { codecContext } from './schema/codec';
export * from './spec/enumerations';
export * from './spec/tag';
export * from './spec/tag-name';
export * from './ttlv/message-framer';
export * from './ttlv/ttlv.types';
export * from './ttlv/ttlv-reader';
export * from './ttlv/ttlv-writer';
