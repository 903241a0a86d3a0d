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
from dstack._internal.utils.interpolator import VariablesInterpolator

# What dstack's server does with the values of variables.
SECRETS = {"HF_TOKEN": "hf", "GHCR_USERNAME": "me", "GHCR_PASSWORD": "pw"}
INTERPOLATE = VariablesInterpolator({"secrets": SECRETS}).interpolate_or_error

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
    login = service.registry_auth
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
        "env": {key: INTERPOLATE(value) for key, value in service.env.as_dict().items()},
        "volumes": [[volume.name, volume.path] for volume in service.volumes],
        "registry_auth": [INTERPOLATE(login.username), INTERPOLATE(login.password)] if login else None,
    }
    print(json.dumps(answer))
