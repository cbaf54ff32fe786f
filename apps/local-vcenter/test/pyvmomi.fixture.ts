import { execFileSync } from 'node:child_process';

/** Debian's own interpreter: a python3 first on PATH may be another one that does not see Debian's packages. */
const PYTHON = '/usr/bin/python3';

export interface PeerMember {
  readonly name: string;
  /** WSDL name; primitives as XML Schema has them. */
  readonly type: string;
  readonly array: boolean;
  readonly optional: boolean;
}

export interface PeerMethod {
  readonly parameters: readonly PeerMember[];
  readonly privilege: string | null;
  readonly faults: readonly string[];
}

export interface PeerTypes {
  /** Null where this pyVmomi, which knows 6.7, has no such type. */
  readonly types: Readonly<Record<string, { readonly base: string; readonly members: readonly PeerMember[] } | null>>;
  readonly enums: Readonly<Record<string, readonly string[] | null>>;
  readonly methods: Readonly<Record<string, PeerMethod | null>>;
}

/** Why pyVmomi cannot be asked, or undefined when it can. */
export function whyNoPyVmomi(): string | undefined {
  try {
    execFileSync(PYTHON, ['-W', 'ignore', '-c', 'import pyVmomi'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'pyVmomi is missing: install the Debian package python3-pyvmomi (scripts/setup-debian.sh)';
  }
}

export function askPyVmomi(question: {
  readonly types: readonly string[];
  readonly enums: readonly string[];
  readonly methods: readonly string[];
}): PeerTypes {
  const output = execFileSync(PYTHON, ['-W', 'ignore', '-c', SCRIPT], { input: JSON.stringify(question) });
  return JSON.parse(output.toString()) as PeerTypes;
}

const SCRIPT = `
import json, sys
from pyVmomi import VmomiSupport as V, vim, vmodl

PRIMITIVES = {'str': 'string', 'bool': 'boolean', 'datetime': 'dateTime', 'binary': 'binary', 'object': 'anyType'}

def wsdl(kind):
    try:
        return V.GetWsdlType('urn:vim25', kind)
    except Exception:
        return None

def name(kind):
    array = issubclass(kind, list)
    if array:
        kind = kind.Item
    if isinstance(kind, type) and issubclass(kind, V.ManagedObject):
        return 'ManagedObjectReference', array
    plain = kind.__name__.split('.')[-1]
    return PRIMITIVES.get(plain, getattr(kind, '_wsdlName', plain)), array

def member(info):
    kind, array = name(info.type)
    return {'name': info.name, 'type': kind, 'array': array, 'optional': bool(info.flags & V.F_OPTIONAL)}

def data(kind):
    if kind is None or not hasattr(kind, '_propList'):
        return None
    base = kind.__bases__[0]
    return {'base': getattr(base, '_wsdlName', ''), 'members': [member(p) for p in kind._propList]}

def method(text):
    kind, called = text.split('.')
    managed = wsdl(kind)
    if managed is None:
        return None
    for owner in managed.__mro__:
        for info in getattr(owner, '_methodInfo', {}).values():
            if info.wsdlName == called:
                faults = [one.split('.')[-1] for one in (info.faults or ())]
                return {'parameters': [member(p) for p in info.params], 'privilege': info.privId, 'faults': faults}
    return None

def values(kind):
    if kind is None:
        return None
    return [value for key, value in vars(kind).items() if isinstance(value, kind)]

question = json.load(sys.stdin)
print(json.dumps({
    'types': {one: data(wsdl(one)) for one in question['types']},
    'enums': {one: values(wsdl(one)) for one in question['enums']},
    'methods': {one: method(one) for one in question['methods']},
}))
`;
