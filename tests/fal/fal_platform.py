"""A platform for the real `fal` client, on this machine: it keeps the apps that are deployed to it
and writes down every request.

    fal_platform.py FOLDER

It says where it listens as a line of JSON, and ends with its standard input. In FOLDER it writes
`requests.jsonl`; while `fail` there names an app, that app's deploys fail.
"""

import http.server
import json
import sys
import threading
from concurrent import futures
from pathlib import Path

import grpc
import isolate_proto as proto
from google.protobuf.json_format import MessageToDict

# What the platform uses where a deploy sets nothing.
DEFAULTS = {
    "keep_alive": 10,
    "max_concurrency": 2,
    "min_concurrency": 0,
    "concurrency_buffer": 0,
    "concurrency_buffer_perc": 0,
    "scaling_delay_seconds": 0,
    "max_multiplexing": 1,
    "request_timeout": 3600,
    "startup_timeout": 600,
}
LISTS = ("machine_types", "valid_regions")
# What a deploy takes over from the one before unless its `scale` is set: the client's own list,
# by the names of its messages.
INHERITED = {
    "keep_alive",
    "max_concurrency",
    "min_concurrency",
    "concurrency_buffer",
    "concurrency_buffer_perc",
    "scaling_delay_seconds",
    "request_timeout",
    "request_start_timeout",
    "valid_regions",
}


class Platform(proto.IsolateControllerServicer):
    def __init__(self, folder):
        self.folder = folder
        self.aliases = {}
        self.revisions = {}

    def record(self, call, request):
        message = MessageToDict(request, preserving_proto_field_name=True)
        for large in ("function", "source_code", "setup_func"):
            message.pop(large, None)
        with open(self.folder / "requests.jsonl", "a") as file:
            file.write(json.dumps({"call": call, "request": message}) + "\n")

    def find(self, alias, context):
        if alias not in self.aliases:
            context.abort(grpc.StatusCode.NOT_FOUND, f"no app {alias}")
        return self.aliases[alias]

    def BuildEnvironment(self, request, context):
        self.record("BuildEnvironment", request)
        done = proto.HostedRunStatus(state=proto.HostedRunStatus.State.SUCCESS)
        yield proto.BuildEnvironmentResult(env_id="environment", status=done)

    def RegisterApplication(self, request, context):
        self.record("RegisterApplication", request)
        name = request.application_name
        fail = self.folder / "fail"
        if fail.exists() and fail.read_text().strip() == name:
            context.abort(grpc.StatusCode.INTERNAL, "the platform is out of order")
        revision = f"revision-{len(self.revisions) + 1}"
        self.revisions[revision] = request.machine_requirements
        before = self.aliases.get(name)
        after = deployed(request, before)
        after.revision = revision
        self.aliases[name] = after
        urls = {key: f"https://fal.test/{key}/{name}" for key in ("playground", "run", "queue", "ws", "log")}
        yield proto.RegisterApplicationResult(
            result=proto.RegisterApplicationResultType(application_id=revision),
            service_urls=proto.ServiceURLs(**urls),
        )

    def ListAliases(self, request, context):
        # Of every environment, so that apps of one name are told apart by who reads the list.
        return proto.ListAliasesResult(aliases=self.aliases.values())

    def UpdateApplication(self, request, context):
        self.record("UpdateApplication", request)
        alias = self.find(request.application_name, context)
        for field, value in request.ListFields():
            name = field.name
            if name in LISTS:
                put_list(alias, name, value)
            elif name == "request_start_timeout" and value == 0:
                alias.ClearField(name)
            elif name not in ("application_name", "environment_name"):
                setattr(alias, name, value)
        # A zero is no field that is listed unless it was set.
        for name in DEFAULTS:
            if request.HasField(name):
                setattr(alias, name, getattr(request, name))
        return proto.UpdateApplicationResult(alias_info=alias)

    def SetAlias(self, request, context):
        self.record("SetAlias", request)
        alias = self.find(request.alias, context)
        requirements = self.revisions[request.revision]
        alias.revision = request.revision
        if request.HasField("auth_mode"):
            alias.auth_mode = request.auth_mode
        put_list(alias, "machine_types", requirements.machine_types)
        for name in ("max_multiplexing", "startup_timeout"):
            value = getattr(requirements, name) if requirements.HasField(name) else DEFAULTS[name]
            setattr(alias, name, value)
        return proto.SetAliasResult(alias_info=alias)

    def DeleteAlias(self, request, context):
        self.record("DeleteAlias", request)
        revision = self.find(request.alias, context).revision
        del self.aliases[request.alias]
        return proto.DeleteAliasResult(revision=revision)


def put_list(alias, name, values):
    del getattr(alias, name)[:]
    getattr(alias, name).extend(values)


def deployed(request, before):
    """The app after a deploy: everything of the request, but for what it inherits."""
    wants = request.machine_requirements
    after = proto.AliasInfo(alias=request.application_name, auth_mode=request.auth_mode)
    if request.environment_name:
        after.environment_name = request.environment_name
    for name, default in DEFAULTS.items():
        setattr(after, name, getattr(wants, name) if wants.HasField(name) else default)
    if wants.HasField("request_start_timeout"):
        after.request_start_timeout = wants.request_start_timeout
    for name in LISTS:
        put_list(after, name, getattr(wants, name))
    if before is not None and not request.scale:
        for name in INHERITED:
            if name in LISTS:
                put_list(after, name, getattr(before, name))
            elif name == "request_start_timeout" and not before.HasField(name):
                after.ClearField(name)
            else:
                setattr(after, name, getattr(before, name))
    return after


class Files(http.server.BaseHTTPRequestHandler):
    """The store of files, which has them all."""

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps([]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def main():
    folder = Path(sys.argv[1])
    server = grpc.server(futures.ThreadPoolExecutor(4))
    proto.register_controller(Platform(folder), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    files = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=files.serve_forever, daemon=True).start()
    addresses = {"grpc": f"127.0.0.1:{port}", "rest": f"127.0.0.1:{files.server_port}"}
    print(json.dumps(addresses), flush=True)
    sys.stdin.read()
    server.stop(None)


if __name__ == "__main__":
    main()
