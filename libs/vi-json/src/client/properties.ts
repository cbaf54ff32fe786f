import type { ObjectContent, PropertyFilterSpec, RetrieveResult } from '../types/property-collector';
import { type ManagedObjectReference, reference, unbox } from '../types/values';
import { asProperty } from './shapes';
import { ViConnectionError } from './vi-connection.error';
import { readFault, type ViFault } from './vi-fault';
import type { ViSession } from './vi-session';

const PAGE_SIZE = 100;
/** A vCenter has 40,000 registered VMs at most (configuration maximums), and may make its pages smaller than asked. */
const MOST_PAGES = 10_000;
const MOST_EMPTY_PAGES = 10;

/** What was read of one object. */
export class RetrievedObject {
  readonly #properties: ReadonlyMap<string, unknown>;

  constructor(
    readonly ref: ManagedObjectReference,
    properties: ReadonlyMap<string, unknown>,
    /** What could not be read, with why. The path may be a prefix of the one that was asked for. */
    readonly missing: ReadonlyMap<string, ViFault>,
  ) {
    this.#properties = properties;
  }

  /**
   * The value, undefined where the property is unset. As the type that the schema gives it: the edge where JSON gets one.
   * @throws ViFault where it could not be read: absence is no answer then
   */
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the schema knows the type, not the value
  get<Value>(path: string): Value | undefined {
    const fault = this.unreadable(path);
    if (fault !== undefined && !this.#properties.has(path)) throw fault;
    return this.#properties.get(path) as Value | undefined;
  }

  /** As vCenter shows it, where that was asked for and may be read; else its identifier. */
  get name(): string {
    const name = this.#properties.get('name');
    return typeof name === 'string' && name !== '' ? name : this.ref.value;
  }

  unreadable(path: string): ViFault | undefined {
    for (const [missing, fault] of this.missing) {
      if (path === missing || path.startsWith(`${missing}.`)) return fault;
    }
    return undefined;
  }
}

/** Reads properties of every object of these types below the root folder, templates and machines in vApps included. */
export async function retrieveAll(
  session: ViSession,
  properties: Readonly<Record<string, readonly string[]>>,
): Promise<readonly RetrievedObject[]> {
  const { viewManager, rootFolder } = session.content;
  if (viewManager === undefined) throw new Error('vCenter has no ViewManager');
  const view = await session.call(viewManager, 'ViewManager', 'CreateContainerView', {
    container: rootFolder,
    type: Object.keys(properties),
    recursive: true,
  });
  const container = reference('ContainerView', view.value);
  try {
    return await retrieve(session, {
      _typeName: 'PropertyFilterSpec',
      propSet: propSet(properties),
      objectSet: [
        {
          _typeName: 'ObjectSpec',
          obj: container,
          skip: true,
          selectSet: [{ _typeName: 'TraversalSpec', name: 'view', type: 'ContainerView', path: 'view', skip: false }],
        },
      ],
      reportMissingObjectsInResults: true,
    });
  } finally {
    // It would live until the session ends; that it does not go is no reason to fail.
    await session.call(container, 'ContainerView', 'DestroyView', undefined).catch(() => undefined);
  }
}

/** Reads properties of the named objects. One that is gone is left out. */
export async function retrieveSome(
  session: ViSession,
  objects: readonly ManagedObjectReference[],
  properties: Readonly<Record<string, readonly string[]>>,
): Promise<readonly RetrievedObject[]> {
  if (objects.length === 0) return [];
  return await retrieve(session, {
    _typeName: 'PropertyFilterSpec',
    propSet: propSet(properties),
    objectSet: objects.map((obj) => ({ _typeName: 'ObjectSpec', obj, skip: false })),
    reportMissingObjectsInResults: true,
  });
}

function propSet(properties: Readonly<Record<string, readonly string[]>>): PropertyFilterSpec['propSet'] {
  return Object.entries(properties).map(([type, pathSet]) => ({
    _typeName: 'PropertySpec',
    type,
    all: false,
    pathSet,
  }));
}

/** A 200 proves no session: without one every property lies in `missingSet`. So that is looked at, and read once more. */
async function retrieve(session: ViSession, filter: PropertyFilterSpec): Promise<readonly RetrievedObject[]> {
  const first = await pages(session, filter);
  if (!first.some(lacksSession)) return first;
  await session.renew();
  return await pages(session, filter);
}

async function pages(session: ViSession, filter: PropertyFilterSpec): Promise<readonly RetrievedObject[]> {
  const { propertyCollector } = session.content;
  const found: RetrievedObject[] = [];
  const tokens = new Set<string>();
  let empty = 0;
  let page: RetrieveResult | null = await session.call(propertyCollector, 'PropertyCollector', 'RetrievePropertiesEx', {
    specSet: [filter],
    options: { _typeName: 'RetrieveOptions', maxObjects: PAGE_SIZE },
  });
  while (page !== null) {
    found.push(...page.objects.map(readObject).filter((object) => !isGone(object)));
    if (page.token === undefined || page.token === '') break;
    // A token serves once, so that pages come to an end.
    empty = page.objects.length === 0 ? empty + 1 : 0;
    if (tokens.has(page.token) || tokens.size >= MOST_PAGES || empty > MOST_EMPTY_PAGES) throw endless();
    tokens.add(page.token);
    page = await session.call(propertyCollector, 'PropertyCollector', 'ContinueRetrievePropertiesEx', {
      token: page.token,
    });
  }
  return found;
}

const endless = (): ViConnectionError =>
  new ViConnectionError('malformed', 'vCenter answers with pages that have no end.');

function readObject(content: ObjectContent): RetrievedObject {
  const missing = (content.missingSet ?? []).flatMap(({ path, fault }) => {
    const read = readFault(fault, `${content.obj.type}.${path}`);
    return read === undefined ? [] : [[path, read] as const];
  });
  return new RetrievedObject(
    content.obj,
    new Map((content.propSet ?? []).map(({ name, val }) => [name, asProperty(unbox(val), content.obj.type, name)])),
    new Map(missing),
  );
}

function lacksSession(object: RetrievedObject): boolean {
  return Array.from(object.missing.values()).some((fault) => fault.is('NotAuthenticated'));
}

function isGone(object: RetrievedObject): boolean {
  return Array.from(object.missing.values()).some((fault) => fault.is('ManagedObjectNotFound'));
}
