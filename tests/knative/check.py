"""Reads rendered services with the tools of their readers, and says what these understood.

    check.py FOLDER...

Each folder has a `code.yaml`, `scaling.yaml` and `all.yaml`. They are put before Knative's own
schema, which is made strict, and their pods before a strict validator of Kubernetes. The answer
is a line of JSON a folder, with the complaints and the values as Python's YAML reads them.
"""

import json
import sys
from pathlib import Path

import jsonschema
import kubernetes_validate
import yaml
from cloudcoil.models.knative_serving.serving import v1

# What a pod of Knative has and one of Kubernetes has not.
KNATIVE_ONLY = ("containerConcurrency", "timeoutSeconds")


def strict(schema):
    """Refuses what the schema does not name."""
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for inner in schema.values():
            strict(inner)
    elif isinstance(schema, list):
        for inner in schema:
            strict(inner)
    return schema


SCHEMA = jsonschema.Draft202012Validator(strict(v1.Service.model_json_schema()))


def complaints(service):
    for error in SCHEMA.iter_errors(service):
        yield f"{list(error.path)}: {error.message}"
    spec = dict(service["spec"]["template"]["spec"])
    for key in KNATIVE_ONLY:
        spec.pop(key, None)
    # Knative names the container itself, and its port.
    containers = [{"name": "user-container", **container} for container in spec["containers"]]
    for container in containers:
        for probe in ("readinessProbe", "startupProbe"):
            if probe in container:
                container[probe]["httpGet"].setdefault("port", 8080)
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}}
    try:
        kubernetes_validate.validate({**pod, "spec": {**spec, "containers": containers}}, "1.31", strict=True)
    except kubernetes_validate.ValidationError as error:
        yield str(error)


for folder in sys.argv[1:]:
    files = {name: yaml.safe_load((Path(folder) / f"{name}.yaml").read_text()) for name in ("code", "scaling", "all")}
    found = [complaint for name in ("code", "all") for complaint in complaints(files[name])]
    print(json.dumps({"complaints": found, **files}))
