"""What is known of blue, and what green becomes by it: each difference with its reason."""

from dataclasses import dataclass, field
from enum import StrEnum

from bascule.azure.document import Document, text_at
from bascule.checks.findings import Finding
from bascule.platform.desired.model import Resource


class Treatment(StrEnum):
    """Why green differs from blue in a field."""

    CHANGED = "changed"
    """The spec says so."""
    DECIDED = "decided"
    """It is never copied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field in which green differs from blue; None stands for absent."""

    field: str
    blue: object
    green: object
    treatment: Treatment
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Federated:
    """A federated credential of some identity, by which a service account of blue signs in."""

    id: str
    principal: str
    """The object id of the identity; empty when it is not known."""
    issuer: str
    subject: str
    audiences: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueFacts:
    """What green is made from. `cluster` is blue as it is, or as it is about to be made."""

    cluster: Document
    assignments: tuple[Document, ...] = ()
    """The role assignments of blue's identities."""
    credentials: tuple[Federated, ...] = ()
    """The federated credentials that trust blue's issuer."""
    windows: tuple[Document, ...] = ()
    """When Azure may work on blue by itself."""
    writers: frozenset[str] = frozenset()
    """Object ids of those who may write the gateway."""

    @property
    def issuer(self) -> str:
        """The address by which blue vouches for its service accounts; empty for none."""
        return text_at(self.cluster, "properties", "oidcIssuerProfile", "issuerURL")


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """Green: its document, in what it differs from blue, and what stands against it."""

    document: Document
    said: Document = field(default_factory=dict)
    """The part of the document that the spec says or that was decided: it is kept so."""
    differences: tuple[Difference, ...] = ()
    findings: tuple[Finding, ...] = ()
    grants: tuple[Resource, ...] = ()
    """What blue's identities may do, issued anew for green's."""
