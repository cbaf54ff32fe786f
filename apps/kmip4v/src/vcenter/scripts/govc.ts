/**
 * govc, for those who may run nothing else: its commands are those of govmomi's cli/kms, cli/object and cli/vsan. shellcheck reads
 * the scripts, and a test runs them with a govc that takes what the real one takes and talks to the stand-in vCenter.
 */
export const GOVC_SETTINGS = `provider=kmip-demo
# name, address, port and SHA-256 fingerprint of each endpoint
servers=(
  'kmip-1 kmip-1.example.com 5696 AA:BB:...'
  'kmip-2 kmip-2.example.com 5696 AA:BB:...'
)
# govc itself reads GOVC_URL, GOVC_USERNAME and GOVC_PASSWORD.
`;

export const GOVC_ADD_PROVIDER = `for server in "\${servers[@]}"; do
  read -r name address port sha256 <<<"$server"
  known=$(govc kms.ls -json "$provider" 2>/dev/null || echo '{}')
  if ! jq -e --arg name "$name" 'any(.info.servers[]?; .name == $name)' <<<"$known" >/dev/null; then
    govc kms.add -n "$name" -a "$address" -p "$port" "$provider"
  fi
  # govc does not ask vCenter which certificate it meets: this machine looks, and tells vCenter to trust that one alone.
  shown=$(openssl s_client -connect "$address:$port" </dev/null 2>/dev/null | openssl x509)
  presented=$(openssl x509 -outform DER <<<"$shown" | sha256sum)
  presented=\${presented%% *}
  if [ "$presented" != "$(tr -d : <<<"$sha256" | tr '[:upper:]' '[:lower:]')" ]; then
    echo "Another certificate at $address:$port, nothing was trusted: $presented" >&2
    exit 3
  fi
  govc kms.trust -server-cert "$shown" "$provider"
  echo "vCenter trusts $address:$port."
done
`;

export const GOVC_PAIR = `# kmip4v certificate make-pair vcenter --key-out vcenter.key --certificate-out vcenter.pem
# The private key is on govc's command line: run this where nobody else is logged in.
certificate=\${1:?file with the certificate} key=\${2:?file with its private key}
govc kms.trust -client-cert "$(cat "$certificate")" -client-key "$(cat "$key")" "$provider"
echo "vCenter presents the certificate. Delete $key: nobody needs it any more."
`;

export const GOVC_DEFAULT = `govc kms.default "$provider"
echo "$provider is the default key provider."
`;

export const GOVC_STATUS = `status=$(govc kms.ls -json "$provider")
jq -r '.status.servers[] | [.name, .status, .connectionStatus, "vCenter trusts it: \\(.clientTrustServer)", "it trusts vCenter: \\(.serverTrustClient)"] | @tsv' <<<"$status"
if [ "\${1:-}" = --test-key ]; then
  key=$(govc kms.key.create "$provider")
  govc kms.key.info -p "$provider" "$key"
  echo "vCenter made the key $key. Nothing uses it: kmip4v key destroy $key --revoke --confirm $key"
fi
jq -e 'all(.status.servers[]; .status == "green" and .clientTrustServer != false and .serverTrustClient != false)' <<<"$status" >/dev/null || {
  echo 'Not every server is connected.' >&2
  exit 1
}
`;

export const GOVC_INVENTORY = `# A key is named wherever an object has a keyId and the providerId that goes with it: home, disks, links of their chains.
keys='[.. | objects | select((.keyId? | type) == "string" and has("providerId")) | [.keyId, .providerId.id]] | unique[] | @tsv'
# lines KIND NAME: what jq found on standard input, with kind and name before it
lines() { while IFS= read -r line; do printf '%s\\t%s\\t%s\\n' "$1" "$2" "$line"; done; }

for kind in m h; do
  what=vm
  properties=(name config snapshot)
  if [ "$kind" = h ]; then
    what=host
    properties=(name runtime)
  fi
  govc collect -json -type "$kind" / "\${properties[@]}" | jq -c . | while IFS= read -r object; do
    name=$(jq -r '[.changeSet[] | select(.name == "name") | .val | ._value? // .][0]' <<<"$object")
    jq -r "$keys" <<<"$object" | lines "$what" "$name"
    jq -r '[.. | objects | select(.type? == "VirtualMachineSnapshot") | .value] | unique[]' <<<"$object" | while IFS= read -r snapshot; do
      govc collect -json "VirtualMachineSnapshot:$snapshot" config | jq -r "$keys" | lines snapshot "$name"
    done
  done
done
echo 'First-class disks are not among them: govc does not show their keys. Those of vSAN: vsan.sh.' >&2
echo 'The keys of all vCenters, one a line, with those: kmip4v reclaim upload FILE --taken-at TIME --source TEXT --covers CERTIFICATE' >&2
`;

export const GOVC_VSAN = `# The names of members depend on the version of govc: in capitals or not.
govc vsan.info -json | jq '
  def member(name): [(. // {} | to_entries[]) | select((.key | ascii_downcase) == (name | ascii_downcase)) | .value][0];
  [member("clusters")[]? |
    (member("info") | member("dataEncryptionConfig")) as $encryption |
    {cluster: (member("path") | split("/") | last), encrypted: ($encryption | member("encryptionEnabled") == true)} +
    ({provider: ($encryption | member("kmsProviderId") | member("id")), kekId: ($encryption | member("kekId")),
      hostKeyId: ($encryption | member("hostKeyId"))} | with_entries(select((.value // "") != "")))]' >vsan.json
echo 'vsan.json says what each vSAN cluster has: kmip4v vcenter inventory --vsan vsan.json'
`;
