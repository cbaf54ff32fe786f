"""Lives the life of a key with PyKMIP's client; prints one JSON object. Called by pykmip.e2e-spec.ts.

usage: pykmip_life.py HOST PORT CERTIFICATE KEY CA MINOR_VERSION
"""

import hashlib
import json
import sys

from kmip.core import enums
from kmip.core.factories.attributes import AttributeFactory
from kmip.pie.client import ProxyKmipClient
from kmip.pie.exceptions import KmipOperationFailure
from kmip.services.kmip_client import KMIPProxy

host, port, certificate, key, ca, minor = sys.argv[1:7]
version = getattr(enums.KMIPVersion, "KMIP_1_" + minor)
attributes = AttributeFactory()


def failure(action):
    try:
        action()
    except KmipOperationFailure as error:
        return [error.status.name, error.reason.name, error.message]
    return None


def attribute_value(found, name):
    for attribute in found:
        if attribute.attribute_name.value == name:
            return attribute.attribute_value
    return None


def life(client):
    seen = {}
    name = "pykmip-1." + minor
    uid = client.create(
        enums.CryptographicAlgorithm.AES,
        256,
        name=name,
        cryptographic_usage_mask=[enums.CryptographicUsageMask.ENCRYPT, enums.CryptographicUsageMask.DECRYPT],
    )
    seen["uid"] = uid
    before = client.get(uid)
    seen["length"] = before.cryptographic_length
    seen["algorithm"] = before.cryptographic_algorithm.name
    seen["attribute_list"] = sorted(client.get_attribute_list(uid))
    _, found = client.get_attributes(uid, ["State", "Cryptographic Algorithm", "Name", "x-Absent"])
    seen["state_before"] = attribute_value(found, "State").value.name
    seen["name"] = attribute_value(found, "Name").name_value.value
    seen["absent"] = attribute_value(found, "x-Absent") is None
    seen["located"] = client.locate(
        attributes=[
            attributes.create_attribute(enums.AttributeType.NAME, _name(name)),
            attributes.create_attribute(enums.AttributeType.OBJECT_TYPE, enums.ObjectType.SYMMETRIC_KEY),
        ]
    )
    client.activate(uid)
    _, found = client.get_attributes(uid, ["State"])
    seen["state_active"] = attribute_value(found, "State").value.name
    seen["activate_twice"] = failure(lambda: client.activate(uid))
    seen["destroy_active"] = failure(lambda: client.destroy(uid))
    after = client.get(uid)
    seen["same_key"] = after.value == before.value
    seen["digest"] = hashlib.sha256(after.value).hexdigest()
    client.revoke(enums.RevocationReasonCode.CESSATION_OF_OPERATION, uid=uid)
    _, found = client.get_attributes(uid, ["State"])
    seen["state_revoked"] = attribute_value(found, "State").value.name
    seen["get_unknown"] = failure(lambda: client.get("00000000-0000-4000-8000-000000000000"))
    seen["destroy"] = failure(lambda: client.destroy(uid))
    seen["get_destroyed"] = failure(lambda: client.get(uid))
    return seen


def _name(text):
    from kmip.core.attributes import Name

    return Name.create(text, enums.NameType.UNINTERPRETED_TEXT_STRING)


def server_facts():
    proxy = KMIPProxy(host=host, port=int(port), certfile=certificate, keyfile=key, ca_certs=ca)
    proxy.kmip_version = version
    proxy.open()
    try:
        facts = {}
        if minor != "0":
            versions = proxy.discover_versions().protocol_versions
            facts["versions"] = ["%d.%d" % (v.major, v.minor) for v in versions]
        query = proxy.query(query_functions=[enums.QueryFunction.QUERY_OPERATIONS, enums.QueryFunction.QUERY_OBJECTS])
        facts["operations"] = sorted(o.name for o in query.operations)
        facts["object_types"] = [o.name for o in query.object_types]
        return facts
    finally:
        proxy.close()


with ProxyKmipClient(
    hostname=host, port=int(port), cert=certificate, key=key, ca=ca, config="none", kmip_version=version
) as pie:
    result = life(pie)
result.update(server_facts())
print(json.dumps(result))
