"""Reads rendered services as dstack does, and says what it understood.

    check.py FILE...

The answer is a line of JSON a file.
"""

import json
import sys
from pathlib import Path

import yaml
from dstack._internal.core.models.configurations import parse_apply_configuration

for path in sys.argv[1:]:
    service = parse_apply_configuration(yaml.safe_load(Path(path).read_text()))
    gpu = service.resources.gpu
    answer = {
        "gpu": json.loads(gpu.json()) if gpu else None,
        "replicas": {"min": service.replicas.min, "max": service.replicas.max},
        "scale_down_delay": service.scaling.scale_down_delay if service.scaling else None,
        "path": service.probes[0].url if service.probes else None,
        "port": service.port.container_port,
        "stop_duration": service.stop_duration,
    }
    print(json.dumps(answer))
