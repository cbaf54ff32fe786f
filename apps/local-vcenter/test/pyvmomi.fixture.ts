import { execFileSync, spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

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

export interface PeerVsan {
  readonly login: string;
  readonly configs: readonly { readonly type: string; readonly enabled: boolean; readonly encryption: unknown }[];
  readonly task: string;
  /** Fault of a call about a cluster that there is not, and of one after the end of the session. */
  readonly faults: readonly (readonly [type: string, sentence: string])[];
}

/**
 * Has pyVmomi speak SOAP to a vCenter: its own envelope, parser, session and faults. Debian's package has no types of vSAN
 * (vsanmgmtObjects is not in it), so that the script declares them as that file does; of those it is no second opinion.
 */
export async function askVsanByPyVmomi(question: {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly clusters: readonly string[];
  readonly provider: string;
}): Promise<PeerVsan> {
  const child = spawn(PYTHON, ['-W', 'ignore', '-c', VSAN_SCRIPT], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(JSON.stringify(question));
  const [output, complaint] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (output === '') throw new Error(`pyVmomi failed: ${complaint}`);
  return JSON.parse(output) as PeerVsan;
}

const VSAN_SCRIPT = `
import json, ssl, sys
from pyVmomi import SoapStubAdapter, VmomiSupport as V, vim, vmodl

OPTIONAL = V.F_OPTIONAL
VERSION = 'vsan.version.version1'
V.AddVersion(VERSION, 'vsan', '8.0.3.0', 0, 'vim25')
for parent in [VERSION, *V.parentMap['vim.version.version13']]:
    V.AddVersionParent(VERSION, parent)

def members(*given):
    return [(name, kind, VERSION, flags) for name, kind, flags in given]

V.CreateDataType('vim.vsan.DataEncryptionConfig', 'VsanDataEncryptionConfig', 'vmodl.DynamicData', VERSION, members(
    ('encryptionEnabled', 'boolean', 0), ('kmsProviderId', 'vim.encryption.KeyProviderId', OPTIONAL),
    ('kekId', 'string', OPTIONAL), ('hostKeyId', 'string', OPTIONAL), ('dekGenerationId', 'long', OPTIONAL),
    ('changing', 'boolean', OPTIONAL), ('eraseDisksBeforeUse', 'boolean', OPTIONAL)))
V.CreateDataType('vim.vsan.DataEfficiencyConfig', 'VsanDataEfficiencyConfig', 'vmodl.DynamicData', VERSION, members(
    ('dedupEnabled', 'boolean', 0), ('compressionEnabled', 'boolean', OPTIONAL)))
V.CreateDataType('vim.vsan.ConfigInfoEx', 'VsanConfigInfoEx', 'vim.vsan.cluster.ConfigInfo', VERSION, members(
    ('dataEfficiencyConfig', 'vim.vsan.DataEfficiencyConfig', OPTIONAL),
    ('dataEncryptionConfig', 'vim.vsan.DataEncryptionConfig', OPTIONAL)))
V.CreateDataType('vim.vsan.ReconfigSpec', 'VimVsanReconfigSpec', 'vmodl.DynamicData', VERSION, members(
    ('vsanClusterConfig', 'vim.vsan.cluster.ConfigInfo', OPTIONAL),
    ('dataEfficiencyConfig', 'vim.vsan.DataEfficiencyConfig', OPTIONAL), ('modify', 'boolean', 0),
    ('allowReducedRedundancy', 'boolean', OPTIONAL),
    ('dataEncryptionConfig', 'vim.vsan.DataEncryptionConfig', OPTIONAL)))
CLUSTER = ('cluster', 'vim.ClusterComputeResource', VERSION, 0, None)
V.CreateManagedType('vim.cluster.VsanVcClusterConfigSystem', 'VsanVcClusterConfigSystem', 'vmodl.ManagedObject', VERSION,
    None, [
    ('getConfigInfoEx', 'VsanClusterGetConfig', VERSION, (CLUSTER,),
     (0, 'vim.vsan.ConfigInfoEx', 'vim.vsan.ConfigInfoEx'), 'System.Read', None),
    ('reconfigureEx', 'VsanClusterReconfig', VERSION,
     (CLUSTER, ('vsanReconfigSpec', 'vim.vsan.ReconfigSpec', VERSION, 0, None)),
     (0, 'vim.Task', 'vim.Task'), None, None)])

question = json.load(sys.stdin)
place = dict(host='127.0.0.1', port=question['port'], sslContext=ssl._create_unverified_context())
vsphere = SoapStubAdapter(version='vim.version.version13', path='/sdk', **place)
content = vim.ServiceInstance('ServiceInstance', vsphere).RetrieveContent()
session = content.sessionManager.Login(question['user'], question['password'])
stub = SoapStubAdapter(version=VERSION, path='/vsanHealth', **place)
stub.cookie = vsphere.cookie
system = vim.cluster.VsanVcClusterConfigSystem('vsan-cluster-config-system', stub)

def config(cluster):
    found = system.VsanClusterGetConfig(vim.ClusterComputeResource(cluster, stub))
    encryption = found.dataEncryptionConfig
    return {'type': type(found)._wsdlName, 'enabled': found.enabled, 'encryption': encryption and {
        'encryptionEnabled': encryption.encryptionEnabled, 'changing': encryption.changing,
        'provider': encryption.kmsProviderId and encryption.kmsProviderId.id, 'kekId': encryption.kekId,
        'hostKeyId': encryption.hostKeyId, 'dekGenerationId': encryption.dekGenerationId}}

def refused(cluster):
    try:
        config(cluster)
    except vmodl.MethodFault as fault:
        return [type(fault)._wsdlName, fault.msg]

configs = [config(cluster) for cluster in question['clusters']]
spec = vim.vsan.ReconfigSpec(modify=True, dataEncryptionConfig=vim.vsan.DataEncryptionConfig(
    encryptionEnabled=True, kmsProviderId=vim.encryption.KeyProviderId(id=question['provider'])))
task = system.VsanClusterReconfig(vim.ClusterComputeResource(question['clusters'][0], stub), spec)
unknown = refused('domain-c0')
content.sessionManager.Logout()
print(json.dumps({'login': session.userName, 'configs': configs, 'task': task._moId,
                  'faults': [unknown, refused(question['clusters'][0])]}))
`;

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
