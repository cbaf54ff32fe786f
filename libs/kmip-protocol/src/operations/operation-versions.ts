import { type EnumValue } from '../objects/object.types';
import { type ProtocolVersion, V1_0 } from '../protocol-version';
import { Operation, operationVersions } from '../spec/enumerations';

const known: ReadonlySet<number> = new Set(Object.values(Operation));

/** The version that introduced an operation; `undefined` for a number that KMIP 1.0 to 1.4 does not define. */
export const operationIntroducedIn = (operation: EnumValue): ProtocolVersion | undefined =>
  known.has(operation) ? (operationVersions.get(operation) ?? V1_0) : undefined;
