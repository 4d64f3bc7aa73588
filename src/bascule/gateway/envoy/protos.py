"""Envoy's protobuf messages, from the descriptor set that ships with the package.

The classes live in a descriptor pool of their own, so that another package's copy of the same
files in this process does no harm. scripts/build_descriptors.py makes the set.
"""

import gzip
from functools import cache
from importlib import resources
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

TYPE_URL_PREFIX = "type.googleapis.com/"


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    packed = resources.files(__package__).joinpath("descriptors.binpb.gz").read_bytes()
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(gzip.decompress(packed)).file:
        pool.Add(file)
    return pool


@cache
def message(full_name: str) -> Any:
    """Return the class of a message by its full name, such as `envoy.config.route.v3.Route`."""
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(full_name))


def pack(value: Any) -> Any:
    """Return `value` as a google.protobuf.Any."""
    return message("google.protobuf.Any")(
        type_url=TYPE_URL_PREFIX + value.DESCRIPTOR.full_name,
        value=value.SerializeToString(deterministic=True),
    )


def to_dict(type_url: str, body: bytes) -> dict[str, Any]:
    """Return a serialised message as JSON-like data with proto field names, for people."""
    from google.protobuf import json_format

    decoded = message(type_url.removeprefix(TYPE_URL_PREFIX)).FromString(body)
    return dict(
        json_format.MessageToDict(
            decoded, preserving_proto_field_name=True, descriptor_pool=_pool()
        )
    )
