import { KmipError } from '../errors';
import { ResultReason } from '../spec/enumerations';
import { type ProtocolVersion, type ResponseBatchItem, type ResponseMessage } from './message.types';

const notYet = (): never => {
  throw new KmipError(ResultReason.GeneralFailure, 'the codec is being built');
};

/** @throws KmipError when the bytes are no readable Response Message. */
export function decodeResponseMessage(_bytes: Buffer): ResponseMessage {
  return notYet();
}

/** The buffer is the only place key material is copied to; zero it once it is sent. */
export function encodeResponseMessage(_message: ResponseMessage): Buffer {
  return notYet();
}

/** Bytes of one encoded batch item, outer item header included, for Maximum Response Size (KMIP 1.4 §6.3). */
export function encodedBatchItemLength(_item: ResponseBatchItem, _version: ProtocolVersion): number {
  return notYet();
}

/** Bytes of everything in a response but its batch items, outer item header included. */
export const responseOverheadLength = (_header: ResponseMessage['header']): number => notYet();
