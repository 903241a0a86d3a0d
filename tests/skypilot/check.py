"""Reads rendered services as SkyPilot does, and says what it understood.

    check.py FILE...

The answer is a line of JSON a file.
"""

import json
import sys

import sky
from sky.serve.serve_utils import validate_service_task

for path in sys.argv[1:]:
    task = sky.Task.from_yaml(path)
    validate_service_task(task, pool=False)
    resources = task.resources if isinstance(task.resources, list) else list(task.resources)
    spec = task.service
    answer = {
        "name": task.name,
        "run": task.run,
        "accelerators": [resource.accelerators for resource in resources],
        "regions": [[str(resource.cloud), resource.region] for resource in resources],
        "is_ordered": isinstance(task.resources, list),
        "cpus": resources[0].cpus,
        "memory": resources[0].memory,
        "image": resources[0].extract_docker_image(),
        "min": spec.min_replicas,
        "max": spec.max_replicas,
        "path": spec.readiness_path,
        "start": spec.initial_delay_seconds,
        "envs": task.envs,
        "secrets": sorted(reference.name for reference in task._managed_secret_refs),
        "volumes": task._volumes,
    }
    print(json.dumps(answer))
