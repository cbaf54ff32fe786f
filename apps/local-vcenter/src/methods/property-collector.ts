import { randomUUID } from 'node:crypto';

import {
  type ManagedObjectReference,
  type ObjectContent,
  type ObjectSpec,
  type PropertyFilterSpec,
  type PropertySpec,
  type RetrieveResult,
  type TraversalSpec,
} from '@lib/vi-json';

import { type Center } from '../center';
import { isKindOf } from '../managed-objects';
import { type RestOfPages, type Session } from '../sessions';
import { invalidArgument, invalidProperty, notAuthenticated, notFound, VimFault } from '../vim/fault';
import { readPath } from '../vim/paths';
import { method, type Call, type MethodDefinition } from './method';

const FAULTS = ['InvalidArgument', 'InvalidProperty', 'InvalidType', 'ManagedObjectNotFound'];
const PAGE = { parameters: 'token: string', faults: ['InvalidProperty'] } as const;

/** Properties of many objects at once, in pages, none with more than the first call asked for. A token serves once. */
export const PROPERTY_COLLECTOR_METHODS: readonly MethodDefinition[] = [
  method(
    'PropertyCollector',
    'RetrievePropertiesEx',
    {
      parameters: 'specSet: PropertyFilterSpec[], options: RetrieveOptions',
      returns: 'RetrieveResult?',
      faults: FAULTS,
      since: '4.1',
    },
    (call) => {
      const { maxObjects = 0 } = call.parameters.options;
      if (maxObjects < 0) throw invalidArgument('options.maxObjects');
      const contents = call.parameters.specSet.flatMap((spec) => select(call, spec));
      const { pageSize } = call.center.behaviour.settings;
      return page(call.session, contents, maxObjects === 0 ? pageSize : Math.min(pageSize, maxObjects));
    },
  ),
  method(
    'PropertyCollector',
    'ContinueRetrievePropertiesEx',
    { ...PAGE, returns: 'RetrieveResult', since: '4.1' },
    ({ session, parameters: { token } }) => {
      const { contents, size } = takePage(session, token);
      return page(session, contents, size);
    },
  ),
  method('PropertyCollector', 'CancelRetrievePropertiesEx', { ...PAGE, since: '4.1' }, ({ session, parameters }) => {
    takePage(session, parameters.token);
  }),
];

function takePage(session: Session, token: string): RestOfPages {
  const rest = session.pages.get(token);
  if (rest === undefined) throw invalidProperty('token');
  session.pages.delete(token);
  return rest;
}

function page(session: Session, contents: readonly ObjectContent[], size: number): RetrieveResult | undefined {
  const objects = contents.slice(0, size);
  if (objects.length === 0) return undefined;
  if (objects.length === contents.length) return { _typeName: 'RetrieveResult', objects };
  const token = randomUUID();
  session.pages.set(token, { contents: contents.slice(size), size });
  return { _typeName: 'RetrieveResult', token, objects };
}

type SelectCall = Pick<Call<unknown>, 'center' | 'user'>;

function select(call: SelectCall, spec: PropertyFilterSpec): ObjectContent[] {
  for (const { type } of spec.propSet) checkType(call.center, type);
  const contents = new Map<string, ObjectContent>();
  for (const objectSpec of spec.objectSet) {
    for (const object of objectsOf(call.center, objectSpec, spec.reportMissingObjectsInResults ?? false)) {
      const wanted = spec.propSet.filter(({ type }) => isKindOf(object.type, type));
      if (wanted.length > 0) contents.set(`${object.type} ${object.value}`, read(call, object, wanted));
    }
  }
  return [...contents.values()];
}

function checkType({ objects }: Center, type: string): void {
  if (objects.kinds.some((kind) => isKindOf(kind.type, type))) return;
  throw new VimFault('InvalidType', `The type is invalid: ${type}`, { argument: type });
}

function* objectsOf(center: Center, spec: ObjectSpec, tolerant: boolean): Generator<ManagedObjectReference> {
  if (!center.objects.exists(spec.obj)) {
    if (tolerant) return;
    throw notFound(spec.obj);
  }
  if (spec.skip !== true) yield spec.obj;
  yield* traverse(center, spec.obj, spec.selectSet ?? [], namedSpecs(spec.selectSet ?? []));
}

/** Follows references; a selection that has a name alone repeats the one of that name. */
function* traverse(
  center: Center,
  from: ManagedObjectReference,
  selections: readonly TraversalSpec[],
  named: ReadonlyMap<string, TraversalSpec>,
): Generator<ManagedObjectReference> {
  for (const selection of selections) {
    const spec = selection.path === undefined ? named.get(selection.name ?? '') : selection;
    if (spec?.path === undefined || spec.type === undefined) throw invalidArgument('selectSet');
    if (!isKindOf(from.type, spec.type)) continue;
    for (const object of referencesIn(center, from, spec.path)) {
      if (spec.skip !== true) yield object;
      yield* traverse(center, object, spec.selectSet ?? [], named);
    }
  }
}

function namedSpecs(selections: readonly TraversalSpec[]): ReadonlyMap<string, TraversalSpec> {
  const all = (specs: readonly TraversalSpec[]): TraversalSpec[] =>
    specs.flatMap((spec) => [spec, ...all(spec.selectSet ?? [])]);
  const withPath = all(selections).filter(({ path }) => path !== undefined);
  return new Map(withPath.map((spec) => [spec.name ?? '', spec]));
}

function referencesIn(center: Center, object: ManagedObjectReference, path: string): ManagedObjectReference[] {
  const property = center.objects.kind(object.type)?.properties[path];
  if (property === undefined) throw invalidProperty(path);
  const value = property.read(center, object.value) as ManagedObjectReference | ManagedObjectReference[] | undefined;
  return value === undefined ? [] : [value].flat();
}

function read(
  { center, user }: SelectCall,
  object: ManagedObjectReference,
  specs: readonly PropertySpec[],
): ObjectContent {
  const kind = center.objects.kind(object.type);
  const isAll = specs.some(({ all }) => all === true);
  const paths = isAll ? Object.keys(kind?.properties ?? {}) : specs.flatMap(({ pathSet = [] }) => pathSet);
  const { settings } = center.behaviour;
  const propSet: object[] = [];
  const missingSet: object[] = [];
  for (const name of new Set(paths)) {
    try {
      const val = readPath(center, object, name, user);
      if (val !== undefined) propSet.push({ _typeName: 'DynamicProperty', name, val });
    } catch (error) {
      if (!(error instanceof VimFault) || error.typeName === 'InvalidProperty') throw error;
      missingSet.push({ _typeName: 'MissingProperty', path: name, fault: error.toData(settings.faultsInData) });
    }
  }
  return {
    _typeName: 'ObjectContent',
    obj: object,
    ...(propSet.length > 0 && { propSet: propSet as never }),
    ...(missingSet.length > 0 && { missingSet: missingSet as never }),
  };
}

/**
 * RetrievePropertiesEx without a session is not refused as a whole: each property is missing, because of NotAuthenticated
 * (vcsim property_collector.go:332-347; pyvmomi #294 shows a real one).
 */
export function withoutSession(center: Center, specSet: readonly PropertyFilterSpec[]): RetrieveResult | undefined {
  const { faultsInData } = center.behaviour.settings;
  const objects = specSet.flatMap(({ propSet, objectSet }) =>
    objectSet.map(({ obj }) => {
      const paths = propSet.filter(({ type }) => isKindOf(obj.type, type)).flatMap(({ pathSet = [] }) => pathSet);
      const missingSet = paths.map((path) => ({ path, fault: notAuthenticated(obj).toData(faultsInData) }));
      return {
        _typeName: 'ObjectContent' as const,
        obj,
        ...(missingSet.length > 0 && { missingSet: missingSet as never }),
      };
    }),
  );
  return objects.length === 0 ? undefined : { _typeName: 'RetrieveResult', objects };
}
