import { GOVC_ADD_PROVIDER, GOVC_DEFAULT, GOVC_INVENTORY, GOVC_PAIR, GOVC_STATUS, GOVC_VSAN } from './govc';
import { ADD_PROVIDER, CREDENTIAL, DEFAULT, PAIR, ROOT_CA, SELF_SIGNED, SIGNING_REQUEST, STATUS } from './powercli';
import { INVENTORY, REKEY, VSAN } from './powercli-objects';

/** One step on the way, with how it is done where `kmip4v vcenter` cannot be run. */
export interface ExampleStep {
  /** Name of its files. */
  readonly name: string;
  readonly what: string;
  /** What does the same. */
  readonly kmip4v: string;
  readonly privileges: readonly string[];
  readonly powercli: { readonly parameters?: readonly string[]; readonly body: string };
  /** Or why there is none. */
  readonly govc: { readonly body: string } | { readonly impossible: string };
}

const SERVERS = 'Cryptographer.ManageKeyServers';
const KEYS = 'Cryptographer.ManageKeys';
const OWN_KEY_PAIR = 'govc knows uploaded pairs alone: client-pair.sh';

export const EXAMPLE_STEPS: readonly ExampleStep[] = [
  {
    name: 'add-provider',
    what: 'Both endpoints become servers of one key provider, and vCenter trusts their certificate',
    kmip4v: 'kmip4v vcenter connect',
    privileges: [SERVERS],
    powercli: { body: ADD_PROVIDER },
    govc: { body: GOVC_ADD_PROVIDER },
  },
  {
    name: 'client-self-signed',
    what: 'vCenter presents a certificate that it made itself',
    kmip4v: 'kmip4v vcenter connect --trust self-signed',
    privileges: [SERVERS],
    powercli: { parameters: ['[switch] $Present'], body: SELF_SIGNED },
    govc: { impossible: OWN_KEY_PAIR },
  },
  {
    name: 'client-csr',
    what: 'vCenter presents a certificate that the service signed',
    kmip4v: 'kmip4v vcenter connect --trust csr',
    privileges: [SERVERS],
    powercli: { parameters: ['[string] $Signed'], body: SIGNING_REQUEST },
    govc: { impossible: OWN_KEY_PAIR },
  },
  {
    name: 'client-pair',
    what: 'vCenter presents a certificate that the service made together with its private key',
    kmip4v: 'kmip4v vcenter connect --trust pair',
    privileges: [SERVERS],
    powercli: {
      parameters: ["[string] $Certificate = 'vcenter.pem'", "[string] $Key = 'vcenter.key'"],
      body: PAIR,
    },
    govc: { body: GOVC_PAIR },
  },
  {
    name: 'client-root-ca',
    what: 'The service is told which certificate vCenter presents, where vCenter was set to its root CA',
    kmip4v: 'kmip4v vcenter connect --trust root-ca',
    privileges: [SERVERS],
    powercli: { body: ROOT_CA },
    govc: { impossible: 'govc does not show which certificate vCenter presents' },
  },
  {
    name: 'credential',
    what: 'vCenter sends the KMIP user name and password of the instance, which proves whose it is',
    kmip4v: 'kmip4v vcenter connect --credential',
    privileges: [SERVERS],
    powercli: {
      parameters: ['[Parameter(Mandatory)] [string] $UserName', "[string] $PasswordFile = 'kmip-password'"],
      body: CREDENTIAL,
    },
    govc: { impossible: 'govc has no option for user name and password' },
  },
  {
    name: 'default',
    what: 'New VMs are encrypted with the key provider',
    kmip4v: 'kmip4v vcenter connect --default',
    privileges: [SERVERS],
    powercli: { body: DEFAULT },
    govc: { body: GOVC_DEFAULT },
  },
  {
    name: 'status',
    what: 'How both servers stand; on demand with a test key',
    kmip4v: 'kmip4v vcenter status',
    privileges: [SERVERS, KEYS],
    powercli: { parameters: ['[switch] $TestKey'], body: STATUS },
    govc: { body: GOVC_STATUS },
  },
  {
    name: 'inventory',
    what: 'Every place that needs a key: homes, disks, snapshots, templates, hosts',
    kmip4v: 'kmip4v vcenter inventory',
    privileges: ['System.Read'],
    powercli: { body: INVENTORY },
    govc: { body: GOVC_INVENTORY },
  },
  {
    name: 'vsan',
    what: 'What each vSAN cluster has, as a file for `kmip4v vcenter inventory --vsan`',
    kmip4v: 'kmip4v vcenter inventory',
    privileges: ['System.Read'],
    powercli: { body: VSAN },
    govc: { body: GOVC_VSAN },
  },
  {
    name: 'rekey',
    what: 'New keys, by a shallow re-key, for VMs and hosts that are named',
    kmip4v: 'kmip4v vcenter rekey --only NAME',
    privileges: [KEYS, 'Cryptographer.Recrypt', 'Cryptographer.RegisterHost'],
    powercli: {
      parameters: ['[string[]] $Name = @()', '[string[]] $HostName = @()', '[switch] $EvenWithChangeTracking'],
      body: REKEY,
    },
    govc: { impossible: 'govc has no command for it' },
  },
];
