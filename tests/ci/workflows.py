"""Prints a YAML file as JSON, as YAML 1.2 reads it: `on` is a name there, and not true."""

import json
import sys

from ruamel.yaml import YAML

print(json.dumps(YAML(typ="safe").load(sys.stdin)))
