import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { connectByPowerCli } from '../../apps/kmip4v/src/vcenter/connect/powercli';
import { METHODS } from '../../apps/local-vcenter/src/methods/table';
import { VIM25 } from '../../apps/local-vcenter/src/vim/vim25';

const POWERCLI = 'examples/powercli';
const GOVC = 'examples/govc';
const files = (folder: string): readonly string[] => readdirSync(folder).map((name) => join(folder, name));

/** What a script calls a managed object, and what that is. */
const OBJECTS: Readonly<Record<string, string>> = {
  $Crypto: 'CryptoManagerKmip',
  $vm: 'VirtualMachine',
  '$esx[0]': 'HostSystem',
  $manager: 'VcenterVStorageObjectManager',
};
/** Members of .NET, of PowerShell's own objects, and of managed objects as `Get-View` shows them. */
const NOT_OF_VIM = new Set(
  (
    'List Stack Count Split Add Push Pop Invoke Generic Collections ToString ComputeHash Exception Message OverloadDefinitions Sha256 ' +
    'Vim UpdateViewData KmipServers MoRef ExtensionData VsanClusterGetConfig DataEncryptionConfig EncryptionEnabled ' +
    'KmsProviderId KekId HostKeyId Name Config Snapshot Runtime Content CryptoManager VStorageObjectManager Cryptography'
  ).split(' '),
);

interface Script {
  readonly name: string;
  readonly text: string;
}

/** Every example, and what `kmip4v vcenter connect` prints for a vCenter of 7.0. */
function scripts(): readonly Script[] {
  const certificate = { sha256: 'ab'.repeat(32), pem: '', sha1: '', expiresAt: '' };
  const endpoints = [{ name: 'one', address: 'kmip.example.com', port: 5696, certificate }];
  const printed = connectByPowerCli({ id: '1', name: "the service's own", state: 'installed', endpoints });
  const { powercli } = printed.value as { powercli: string };
  const examples = files(POWERCLI).map((name) => ({ name, text: readFileSync(name, 'utf8') }));
  return [...examples, { name: 'printed by kmip4v vcenter connect', text: powercli }];
}

/** Parts of a list in a script, with brackets and quotes within them left alone. */
function partsOf(list: string): readonly string[] {
  const parts = [''];
  let depth = 0;
  for (const [token] of list.matchAll(/'[^']*'|[\s\S]/g)) {
    if ('([{'.includes(token)) depth += 1;
    if (')]}'.includes(token)) depth -= 1;
    if (depth === 0 && (token === ',' || token === ';')) parts.push('');
    else parts.push(`${parts.pop() ?? ''}${token}`);
  }
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

const lower = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

function whyNoCall(object: string, name: string, given: readonly string[]): string | undefined {
  const type = OBJECTS[object];
  const found = METHODS.find((method) => method.type === type && [name, `${name}_Task`].includes(method.name));
  if (found === undefined) return `${object} has no method ${name}`;
  const needed = found.parameters.filter(({ optional }) => !optional).length;
  if (given.length >= needed && given.length <= found.parameters.length) return undefined;
  return `${name} takes ${found.parameters.length} parameters, not ${given.length}`;
}

function whyNoObject(typeName: string, members: readonly string[]): readonly string[] {
  if (VIM25.find(typeName) === undefined) return [`there is no type ${typeName}`];
  const known = new Set(VIM25.membersOf(typeName).map(({ name }) => name));
  return members.filter((member) => !known.has(lower(member))).map((member) => `${typeName} has no ${member}`);
}

describe('examples/powercli', () => {
  it('is PowerShell', () => {
    const folder = mkdtempSync(join(tmpdir(), 'powercli-'));
    const paths = scripts().map(({ text }, index) => {
      const path = join(folder, `${index}.ps1`);
      writeFileSync(path, text);
      return path;
    });
    const output = execFileSync(process.execPath, ['--liftoff-only', 'scripts/powershell-syntax.mjs', ...paths]);
    rmSync(folder, { recursive: true });
    expect(output.toString()).toBe('');
  });

  it('is refused where it is none', () => {
    const folder = mkdtempSync(join(tmpdir(), 'powercli-'));
    const path = join(folder, 'broken.ps1');
    writeFileSync(path, "$ok = 1\nforeach ($each in $ok { 'no bracket' }\n");
    const output = execFileSync(process.execPath, ['--liftoff-only', 'scripts/powershell-syntax.mjs', path]);
    rmSync(folder, { recursive: true });
    expect(output.toString()).toContain('broken.ps1:2: foreach');
  });

  it.each(scripts().map((script) => [script.name, script] as const))(
    'calls methods that vSphere has, with parameters that they take: %s',
    (_, { text }) => {
      const calls = [...text.matchAll(/Invoke-Method (\S+) '(\w+)' @\(((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)/g)];
      expect(calls).toHaveLength([...text.matchAll(/(?<!function )Invoke-Method/g)].length);
      const wrong = calls.map(([, object = '', name = '', list = '']) => whyNoCall(object, name, partsOf(list)));
      expect(wrong.filter((each) => each !== undefined)).toEqual([]);
    },
  );

  it.each(scripts().map((script) => [script.name, script] as const))(
    'makes and reads objects that vSphere has: %s',
    (_, { text }) => {
      const made = [...text.matchAll(/New-Object VMware\.Vim\.(\w+)(?: -Property @\{(.*)\})?/g)];
      const isOf = [...text.matchAll(/-is \[VMware\.Vim\.(\w+)\]/g)];
      expect(made.length + isOf.length).toBe([...text.matchAll(/VMware\.Vim\./g)].length);
      const wrong = [...made, ...isOf].flatMap(([, type = '', list = '']) =>
        whyNoObject(
          type,
          partsOf(list).map((part) => part.replace(/ =.*$/s, '')),
        ),
      );
      const members = new Set(VIM25.types.flatMap(({ own }) => own.map(({ name }) => name)));
      const read = [...text.replaceAll(/'[^']*'|#.*$/gm, '').matchAll(/[\w)\]]\.([A-Z]\w*)/g)].map(
        ([, name = '']) => name,
      );
      const unknown = read.filter((name) => !NOT_OF_VIM.has(name) && !members.has(lower(name)));
      expect([...wrong, ...unknown]).toEqual([]);
    },
  );
});

describe('examples/govc', () => {
  it('is bash without a fault that shellcheck knows', () => {
    let output: string;
    try {
      output = execFileSync('shellcheck', ['-x', ...files(GOVC)]).toString();
    } catch (error) {
      const { code, stdout } = error as { code?: string; stdout?: Buffer };
      if (code !== 'ENOENT') output = String(stdout);
      else {
        process.stdout.write('shellcheck is missing: install it (scripts/setup-debian.sh). It is not asked\n');
        return;
      }
    }
    expect(output).toBe('');
  });
});
