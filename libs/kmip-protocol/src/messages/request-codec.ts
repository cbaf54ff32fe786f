import { KmipError } from '../errors';
import { ResultReason } from '../spec/enumerations';
import { type ProtocolVersion, type RequestMessage } from './message.types';

const notYet = (): never => {
  throw new KmipError(ResultReason.GeneralFailure, 'the codec is being built');
};

/**
 * Finds the Protocol Version without decoding the message, so that even a message that cannot be read is answered in
 * its own version. `undefined` when not even that can be found.
 */
export function peekProtocolVersion(_bytes: Buffer): ProtocolVersion | undefined {
  return notYet();
}

/**
 * Reads a whole Request Message. A payload that cannot be read spoils only its own batch item.
 * @throws KmipError when the message as a whole cannot be answered item by item.
 */
export function decodeRequestMessage(_bytes: Buffer): RequestMessage {
  return notYet();
}

export function encodeRequestMessage(_message: RequestMessage): Buffer {
  return notYet();
}
