import { type ManagedObjectReference, type ManagedObjectType, type MethodOf, type ParametersOf } from '@lib/vi-json';

import { type Center } from '../center';
import { type UserRow } from '../rows';
import { type Session } from '../sessions';
import { type Privilege } from '../users';
import { type Member, parseMembers } from '../vim/type-table';

/** One call of a method, after session, parameters and privilege were found in order. */
export interface Call<Parameters> {
  readonly center: Center;
  readonly object: ManagedObjectReference;
  readonly parameters: Parameters;
  readonly session: Session;
  readonly user: UserRow;
}

/** A method as the WSDL declares it. The table of these is what is served, and what the tests walk. */
export interface MethodDefinition {
  /** WSDL name of the managed object's type. */
  readonly type: string;
  readonly name: string;
  readonly parameters: readonly Member[];
  /** `void`, or a type; `[]` behind it for an array, `?` where the answer may be nothing. */
  readonly returns: string;
  /** Asked for at the object that `at` names; what depends on the parameters, the handler asks for. */
  readonly privilege?: Privilege;
  readonly at: 'root' | 'object';
  /** Faults that a call can end with, beside those of every call (session, privilege, malformed, unknown object). */
  readonly faults: readonly string[];
  /** Faults that its task can end with. */
  readonly taskFaults: readonly string[];
  /** Version of vSphere in which it came. */
  readonly since: string;
  readonly handle: (call: Call<never>) => unknown;
}

interface MethodFacts {
  /** `name?: type[] @since`, with commas between them. */
  readonly parameters?: string;
  readonly returns?: string;
  readonly privilege?: Privilege;
  readonly at?: 'root' | 'object';
  readonly faults?: readonly string[];
  readonly taskFaults?: readonly string[];
  readonly since?: string;
}

/** A method whose parameters vi-json knows: the compiler compares handler and library. */
export function method<Type extends ManagedObjectType, Name extends MethodOf<Type>>(
  type: Type,
  name: Name,
  facts: MethodFacts,
  handle: (call: Call<ParametersOf<Type, Name>>) => unknown,
): MethodDefinition {
  return methodBeside<ParametersOf<Type, Name>>(type, name, facts, handle);
}

/** A method that our own tool does not use. */
export function methodBeside<Parameters>(
  type: string,
  name: string,
  facts: MethodFacts,
  handle: (call: Call<Parameters>) => unknown,
): MethodDefinition {
  return {
    type,
    name,
    parameters: parseMembers(facts.parameters ?? ''),
    returns: facts.returns ?? 'void',
    ...(facts.privilege && { privilege: facts.privilege }),
    at: facts.at ?? 'root',
    faults: facts.faults ?? [],
    taskFaults: facts.taskFaults ?? [],
    since: facts.since ?? '6.5',
    handle,
  };
}
