"""Writes docs/reference/gateway.schema.json, the JSON Schema of `gateway.yaml` for editors.

Run `python scripts/build_schema.py` when the model in bascule.spec.gateway has changed.
"""

import json
from pathlib import Path

from bascule.spec.schema import gateway_schema

TARGET = Path(__file__).parents[1] / "docs/reference/gateway.schema.json"


def main() -> None:
    """Write the schema."""
    TARGET.write_text(json.dumps(gateway_schema(), indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
