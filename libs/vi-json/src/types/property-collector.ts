import type { FaultInData } from './faults';
import type { AnyValue, DataObject, ManagedObjectReference } from './values';

/** Dotted paths are allowed here, and only here: GET of a property takes a top-level name. */
export interface PropertySpec extends DataObject<'PropertySpec'> {
  readonly type: string;
  readonly all?: boolean;
  readonly pathSet?: readonly string[];
}

export interface TraversalSpec extends DataObject<'TraversalSpec' | 'SelectionSpec'> {
  readonly name?: string;
  readonly type?: string;
  readonly path?: string;
  readonly skip?: boolean;
  readonly selectSet?: readonly TraversalSpec[];
}

export interface ObjectSpec extends DataObject<'ObjectSpec'> {
  readonly obj: ManagedObjectReference;
  readonly skip?: boolean;
  readonly selectSet?: readonly TraversalSpec[];
}

export interface PropertyFilterSpec extends DataObject<'PropertyFilterSpec'> {
  readonly propSet: readonly PropertySpec[];
  readonly objectSet: readonly ObjectSpec[];
  readonly reportMissingObjectsInResults?: boolean;
}

export interface RetrieveOptions extends DataObject<'RetrieveOptions'> {
  readonly maxObjects?: number;
}

/** T:72372. `options` is required and may be empty. */
export interface RetrievePropertiesExParameters {
  readonly specSet: readonly PropertyFilterSpec[];
  readonly options: RetrieveOptions;
}

/** With a token there is more: ContinueRetrievePropertiesEx, once per token. */
export interface RetrieveResult extends DataObject<'RetrieveResult'> {
  readonly token?: string;
  readonly objects: readonly ObjectContent[];
}

export interface ObjectContent extends DataObject<'ObjectContent'> {
  readonly obj: ManagedObjectReference;
  readonly propSet?: readonly DynamicProperty[];
  readonly missingSet?: readonly MissingProperty[];
}

export interface DynamicProperty extends DataObject<'DynamicProperty'> {
  readonly name: string;
  readonly val: AnyValue;
}

/**
 * A property that could not be read. Without a session every property lands here with NotAuthenticated and the answer
 * is 200 all the same. A `path` may be a prefix of what was asked for.
 */
export interface MissingProperty extends DataObject<'MissingProperty'> {
  readonly path: string;
  readonly fault: FaultInData;
}
