"""A Kubernetes API server for the real `kubectl`, on this machine: Knative services, and who owns
which of their fields.

    cluster.py FOLDER

It writes a `kubeconfig` into FOLDER, says where it listens, and ends with its standard input.
Fields are owned as the documentation of server-side apply has it; lists are owned as a whole. A
manager that applies is another than one of the same name that updates.
"""

import http.server
import json
import sys
import threading
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import yaml

GROUP = "serving.knative.dev"
RESOURCE = {
    "name": "services",
    "singularName": "service",
    "namespaced": True,
    "kind": "Service",
    "verbs": ["get", "list", "patch", "delete", "create"],
    "shortNames": ["ksvc", "kservice"],
}
DISCOVERY = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": []},
    "/apis": {
        "kind": "APIGroupList",
        "groups": [
            {
                "name": GROUP,
                "versions": [{"groupVersion": f"{GROUP}/v1", "version": "v1"}],
                "preferredVersion": {"groupVersion": f"{GROUP}/v1", "version": "v1"},
            }
        ],
    },
    f"/apis/{GROUP}/v1": {
        "kind": "APIResourceList",
        "groupVersion": f"{GROUP}/v1",
        "resources": [RESOURCE],
    },
    # So that kubectl leaves the validation of fields to the server.
    "/openapi/v3": {
        "paths": {f"apis/{GROUP}/v1": {"serverRelativeURL": f"/openapi/v3/apis/{GROUP}/v1"}}
    },
    f"/openapi/v3/apis/{GROUP}/v1": {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1"},
        "paths": {
            f"/apis/{GROUP}/v1/namespaces/{{namespace}}/services/{{name}}": {
                "patch": {
                    "parameters": [{"name": "fieldValidation", "in": "query"}],
                    "x-kubernetes-group-version-kind": {
                        "group": GROUP,
                        "version": "v1",
                        "kind": "Service",
                    },
                    "responses": {},
                }
            }
        },
    },
}
IDENTITY = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    elif path not in IDENTITY:
        yield path, value


def fields(paths):
    """Paths as Kubernetes writes them into `managedFields`."""
    whole = {}
    for path in paths:
        inner = whole
        for key in path:
            inner = inner.setdefault(f"f:{key}", {})
    return whole


class Service:
    def __init__(self, name, namespace):
        self.name = name
        self.namespace = namespace
        self.values = {}
        self.owners = {}
        self.revision = 0

    def apply(self, wanted, manager, force):
        """The fields in conflict; nothing is changed if there are any."""
        wanted = dict(leaves(wanted))
        manager = (manager, "Apply")
        conflicts = [
            path
            for path, value in wanted.items()
            if self.values.get(path, value) != value and self.owners[path] - {manager}
        ]
        if conflicts and not force:
            return conflicts
        for path, value in wanted.items():
            shared = self.values.get(path) == value
            self.owners[path] = (self.owners.get(path, set()) if shared else set()) | {manager}
            self.values[path] = value
        for path in [path for path in self.values if path not in wanted]:
            self.owners[path].discard(manager)
            if not self.owners[path]:
                del self.values[path], self.owners[path]
        return []

    def merge(self, patch, manager):
        for path, value in leaves(patch):
            if value is None:
                self.values.pop(path, None)
                self.owners.pop(path, None)
            elif self.values.get(path) != value:
                self.values[path] = value
                self.owners[path] = {(manager, "Update")}

    def template(self):
        return {path: value for path, value in self.values.items() if path[:2] == ("spec", "template")}

    def managed_fields(self):
        for manager, operation in sorted(set().union(*self.owners.values())):
            owned = [path for path, owners in self.owners.items() if (manager, operation) in owners]
            yield {
                "manager": manager,
                "operation": operation,
                "apiVersion": f"{GROUP}/v1",
                "fieldsType": "FieldsV1",
                "fieldsV1": fields(owned),
            }
        yield {
            "manager": "controller",
            "operation": "Update",
            "apiVersion": f"{GROUP}/v1",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:status": {"f:latestCreatedRevisionName": {}}},
            "subresource": "status",
        }

    def object(self):
        whole = {
            "apiVersion": f"{GROUP}/v1",
            "kind": "Service",
            "metadata": {"name": self.name, "namespace": self.namespace},
        }
        for path, value in self.values.items():
            inner = whole
            for key in path[:-1]:
                inner = inner.setdefault(key, {})
            inner[path[-1]] = value
        whole["metadata"]["managedFields"] = list(self.managed_fields())
        whole["status"] = {"latestCreatedRevisionName": f"{self.name}-{self.revision:05}"}
        return whole


SERVICES = {}


class Server(http.server.BaseHTTPRequestHandler):
    def answer(self, code, body):
        body = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def fail(self, code, reason, message):
        status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code}
        self.answer(code, {**status, "reason": reason, "message": message})

    def target(self):
        parts = urlparse(self.path).path.strip("/").split("/")
        # apis/GROUP/v1/namespaces/NAMESPACE/services[/NAME]
        return parts[4], parts[6] if len(parts) > 6 else None

    def do_GET(self):
        path = urlparse(self.path).path
        if path in DISCOVERY:
            return self.answer(200, DISCOVERY[path])
        if f"/{GROUP}/" not in path or "/namespaces/" not in path:
            return self.fail(404, "NotFound", "no such path")
        namespace, name = self.target()
        if name is None:
            items = [service.object() for key, service in SERVICES.items() if key[0] == namespace]
            return self.answer(200, {"kind": "List", "apiVersion": "v1", "items": items})
        if (namespace, name) not in SERVICES:
            return self.fail(404, "NotFound", f"services {name} not found")
        self.answer(200, SERVICES[namespace, name].object())

    def do_PATCH(self):
        body = yaml.safe_load(self.rfile.read(int(self.headers["Content-Length"])))
        query = parse_qs(urlparse(self.path).query)
        manager = query.get("fieldManager", ["kubectl"])[0]
        key = self.target()
        service = SERVICES.get(key) or Service(key[1], key[0])
        template = service.template()
        if "apply-patch" in self.headers["Content-Type"]:
            conflicts = service.apply(body, manager, query.get("force") == ["true"])
            if conflicts:
                return self.fail(409, "Conflict", f"owned by others: {conflicts}")
            if ("spec", "template", "spec", "containers") not in service.values:
                return self.fail(422, "Invalid", "a service has containers")
            SERVICES[key] = service
        elif key in SERVICES:
            service.merge(body, manager)
        else:
            return self.fail(404, "NotFound", f"services {key[1]} not found")
        # The same template is the same revision.
        service.revision += service.template() != template
        self.answer(200, service.object())

    def do_DELETE(self):
        key = self.target()
        if key not in SERVICES:
            return self.fail(404, "NotFound", f"services {key[1]} not found")
        del SERVICES[key]
        self.answer(200, {"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def log_message(self, *args):
        pass


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        "users": [{"name": "test", "user": {}}],
        "contexts": [
            {"name": "test", "context": {"cluster": "test", "user": "test", "namespace": "apps"}},
            {"name": "other", "context": {"cluster": "test", "user": "test"}},
        ],
        "current-context": "test",
    }
    (Path(sys.argv[1]) / "kubeconfig").write_text(yaml.safe_dump(config))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
