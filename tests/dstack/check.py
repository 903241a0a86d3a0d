"""Reads rendered services as dstack does, and says what it understood.

    check.py FILE...

The answer is a line of JSON a file.
"""

import json
import sys
from pathlib import Path

import gpuhunt
import yaml
from dstack._internal.core.models.configurations import parse_apply_configuration

KNOWN = {(gpu.name, gpu.memory) for gpu in gpuhunt.KNOWN_ACCELERATORS}


def known(gpu):
    """The names, each with whether the memory that is asked for is one that it has."""
    for name in gpu.name or []:
        sizes = [memory for known, memory in KNOWN if known == name]
        smallest, largest = (gpu.memory.min, gpu.memory.max) if gpu.memory else (None, None)
        fits = [
            size
            for size in sizes
            if (smallest is None or size >= smallest) and (largest is None or size <= largest)
        ]
        yield [name, sorted(fits)]


for path in sys.argv[1:]:
    service = parse_apply_configuration(yaml.safe_load(Path(path).read_text()))
    gpu = service.resources.gpu
    answer = {
        "gpu": json.loads(gpu.json()) if gpu else None,
        "known": list(known(gpu)) if gpu else None,
        "cpu": json.loads(service.resources.cpu.json()),
        "memory": json.loads(service.resources.memory.json()),
        "regions": service.regions,
        "replicas": {"min": service.replicas.min, "max": service.replicas.max},
        "scale_down_delay": service.scaling.scale_down_delay if service.scaling else None,
        "path": service.probes[0].url if service.probes else None,
        "port": service.port.container_port,
        "stop_duration": service.stop_duration,
    }
    print(json.dumps(answer))
