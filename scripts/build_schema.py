"""Writes docs/reference/*.schema.json, the JSON Schemas of the user's files for editors.

Run `python scripts/build_schema.py` when a model in bascule.spec has changed.
"""

import json
from pathlib import Path

from bascule.spec.schema import gateway_schema, platform_schema, upgrade_schema

REFERENCE = Path(__file__).parents[1] / "docs/reference"


def main() -> None:
    """Write the schemas."""
    schemas = {
        "gateway": gateway_schema(),
        "platform": platform_schema(),
        "upgrade": upgrade_schema(),
    }
    for name, schema in schemas.items():
        target = REFERENCE / f"{name}.schema.json"
        target.write_text(json.dumps(schema, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
