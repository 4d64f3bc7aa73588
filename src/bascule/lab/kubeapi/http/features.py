"""Features that can be switched off, so that a test can show that it would notice.

`PUT /lab/faults` with `{"disabledFeatures": ["tables"]}` makes the server behave as if the feature
had never been written; each one says below what clients then see.
"""

from enum import StrEnum


class Feature(StrEnum):
    """The switches, by the names that `disabledFeatures` takes."""

    TABLES = "tables"
    """Printed columns: clients get whole objects and print the name and age only."""
    OPENAPI = "openapi"
    """OpenAPI: `explain` and client-side validation find nothing (404)."""
    SERVER_SIDE_APPLY = "server-side-apply"
    """Apply patches are answered by 415."""
    STRATEGIC_MERGE = "strategic-merge"
    """Strategic merge patches replace lists, as plain merge patches do."""
    WATCHES = "watches"
    """Watches are answered by 405."""
    LABEL_SELECTORS = "label-selectors"
    """Label selectors select everything."""
    FIELD_SELECTORS = "field-selectors"
    """Field selectors select everything."""
    DRY_RUN = "dry-run"
    """`dryRun=All` stores all the same."""
    STRICT_FIELDS = "strict-fields"
    """Unknown and duplicate fields are dropped without a word."""
    PROTOBUF = "protobuf"
    """Protobuf bodies are answered by 415."""
    RBAC = "rbac"
    """Everybody may do everything."""
    EVICTION_BUDGETS = "eviction-budgets"
    """Evictions disregard disruption budgets."""
    TOKEN_REQUESTS = "token-requests"  # noqa: S105 - the name of a feature
    """`serviceaccounts/token` is answered by 404."""
    LOGS = "logs"
    """`pods/log` is answered by 404."""
    SCALE = "scale"
    """The scale subresource is answered by 404."""
    OPTIMISTIC_LOCK = "optimistic-lock"
    """A stale resourceVersion is no conflict."""
    VALIDATION = "validation"
    """Invalid objects are stored."""
    DEFAULTS = "defaults"
    """What a client leaves out stays out."""
