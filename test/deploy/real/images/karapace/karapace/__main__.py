"""A registry that behaves as Karapace 5 does when it is young.

Behind it is Apicurio Registry with its store in Kafka. In front is what
Karapace shows: it listens at once, answers reads, and refuses writes with
status 500 and code 50003 until its store is read and five more seconds are
over (waiting_time_before_acting_as_master_ms). /_health says which.
"""

import glob
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BACKEND = ("127.0.0.1", 18081)
API = "/apis/ccompat/v7"
WAITING_TIME = 5.0
NO_MASTER = {"error_code": 50003, "message": "Error while forwarding the request to the master."}


def setting(name):
    return os.environ["KARAPACE_" + name]


def start_backend():
    """Starts Apicurio; the whole process ends when it does."""
    command = [
        "java", "-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
        "-Dquarkus.http.host=%s" % BACKEND[0], "-Dquarkus.http.port=%d" % BACKEND[1],
        "-Dapicurio.storage.kind=kafkasql",
        "-Dapicurio.kafkasql.bootstrap.servers=" + setting("BOOTSTRAP_URI"),
        "-Dapicurio.kafkasql.topic=_schemas",
        "-jar", glob.glob("/opt/apicurio/*-runner.jar")[0],
    ]
    backend = subprocess.Popen(command)

    def end():
        code = backend.wait()
        print("the store ended with", code, file=sys.stderr, flush=True)
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()
    return backend


def ask(method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(*BACKEND, timeout=60)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type", ""), answer.read()
    finally:
        connection.close()


class State:
    """When the store could be read, and when this registry became its primary."""

    began = time.monotonic()
    ready = None

    @classmethod
    def primary(cls):
        return cls.ready is not None and time.monotonic() - cls.ready >= WAITING_TIME

    @classmethod
    def watch(cls):
        level = json.dumps({"compatibility": setting("COMPATIBILITY")})
        kind = {"Content-Type": "application/vnd.schemaregistry.v1+json"}
        while cls.ready is None:
            try:
                if ask("GET", API + "/subjects")[0] == 200 and ask("PUT", API + "/config", level, kind)[0] == 200:
                    cls.ready = time.monotonic()
                    print("the store is read", file=sys.stderr, flush=True)
                    return
            except OSError:
                pass
            time.sleep(0.5)

    @classmethod
    def health(cls):
        ready = cls.ready is not None
        return {"status": {
            "schema_registry_ready": ready,
            "schema_registry_startup_time_sec": cls.ready - cls.began if ready else 0.0,
            "schema_registry_is_primary": cls.primary(),
            "schema_registry_is_primary_eligible": True,
            "schema_registry_coordinator_running": True,
        }, "healthy": True}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind or "application/vnd.schemaregistry.v1+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def say(self, status, value):
        self.answer(status, "application/vnd.schemaregistry.v1+json", json.dumps(value).encode())

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        writes = self.command != "GET" and (self.command != "POST" or self.path.split("?")[0].endswith("/versions"))
        if self.path == "/_health":
            self.say(200, State.health())
        elif writes and not State.primary():
            self.say(500, NO_MASTER)
        elif State.ready is None:
            if self.path == "/subjects":
                self.say(200, [])
            else:
                self.say(404, {"error_code": 40401, "message": "Subject not found."})
        else:
            try:
                self.answer(*ask(self.command, API + self.path, body or None, {
                    "Content-Type": self.headers.get("Content-Type", "application/json")}))
            except OSError as error:
                self.say(503, {"error_code": 50001, "message": str(error)})

    do_GET = do_POST = do_PUT = do_DELETE = handle_any


if __name__ == "__main__":
    backend = start_backend()
    # The first process of a container is not ended by signals that it ignores.
    signal.signal(signal.SIGTERM, lambda *_: (backend.terminate(), os._exit(0)))
    threading.Thread(target=State.watch, daemon=True).start()
    ThreadingHTTPServer((setting("HOST"), int(setting("PORT"))), Handler).serve_forever()
