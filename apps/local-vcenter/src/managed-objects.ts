import { type ManagedObjectReference, reference } from '@lib/vi-json';

/** A property as the WSDL declares it; `read` gives undefined for an unset one. */
export interface PropertyDefinition<World> {
  /** `[]` behind a type for an array. */
  readonly type: string;
  readonly read: (center: World, id: string) => unknown;
}

/** A type of managed objects: which there are, and what can be read of them. */
export interface Kind<World> {
  readonly type: string;
  readonly ids: (center: World) => Iterable<string>;
  readonly has: (center: World, id: string) => boolean;
  readonly properties: Readonly<Record<string, PropertyDefinition<World>>>;
  /** In the inventory tree. */
  readonly parentOf?: (center: World, id: string) => ManagedObjectReference | undefined;
}

/** Types that clients name in place of what extends them. */
const EXTENDED: Readonly<Record<string, readonly string[]>> = {
  ManagedEntity: [
    'Folder',
    'Datacenter',
    'ClusterComputeResource',
    'HostSystem',
    'VirtualMachine',
    'Datastore',
    'ResourcePool',
  ],
  ComputeResource: ['ClusterComputeResource'],
  View: ['ContainerView'],
  ManagedObjectView: ['ContainerView'],
};

export const isKindOf = (type: string, base: string): boolean =>
  type === base || EXTENDED[base]?.includes(type) === true;

/** Every managed object of this vCenter. */
export class ManagedObjects<World> {
  readonly #kinds: ReadonlyMap<string, Kind<World>>;

  constructor(
    kinds: readonly Kind<World>[],
    private readonly center: () => World,
  ) {
    this.#kinds = new Map(kinds.map((kind) => [kind.type, kind]));
  }

  get kinds(): readonly Kind<World>[] {
    return [...this.#kinds.values()];
  }

  kind(type: string): Kind<World> | undefined {
    return this.#kinds.get(type);
  }

  exists({ type, value }: ManagedObjectReference): boolean {
    return this.#kinds.get(type)?.has(this.center(), value) === true;
  }

  parentOf({ type, value }: ManagedObjectReference): ManagedObjectReference | undefined {
    return this.#kinds.get(type)?.parentOf?.(this.center(), value);
  }

  /** Every object below another in the tree, of these types; without types of all. */
  *below(top: ManagedObjectReference, types: readonly string[], recursive: boolean): Generator<ManagedObjectReference> {
    for (const kind of this.#kinds.values()) {
      if (kind.parentOf === undefined) continue;
      if (types.length > 0 && !types.some((type) => isKindOf(kind.type, type))) continue;
      for (const id of kind.ids(this.center())) {
        if (this.#isBelow(reference(kind.type, id), top, recursive)) yield reference(kind.type, id);
      }
    }
  }

  #isBelow(object: ManagedObjectReference, top: ManagedObjectReference, recursive: boolean): boolean {
    for (let parent = this.parentOf(object); parent !== undefined; parent = this.parentOf(parent)) {
      if (parent.value === top.value) return true;
      if (!recursive) return false;
    }
    return false;
  }
}

/** A kind with one object of a fixed id. */
export const singleton = <World>(
  { type, value }: ManagedObjectReference,
  properties: Readonly<Record<string, PropertyDefinition<World>>> = {},
): Kind<World> => ({ type, ids: () => [value], has: (_center, id) => id === value, properties });
