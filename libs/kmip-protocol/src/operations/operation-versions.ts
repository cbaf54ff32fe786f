import { type EnumValue, type ProtocolVersion } from '../messages/message.types';
import { Operation, operationMinorVersions } from '../spec/enumerations';

const known: ReadonlySet<number> = new Set(Object.values(Operation));

/** The version that introduced an operation; `undefined` for a number that KMIP 1.0 to 1.4 does not define. */
export function operationIntroducedIn(operation: EnumValue): ProtocolVersion | undefined {
  if (!known.has(operation)) return undefined;
  return { major: 1, minor: operationMinorVersions.get(operation) ?? 0 };
}
