"""The group `proxy` of `run`: long bodies through a reverse proxy. See README.md."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from harness import OURS, ROOT, Failure, Server, build, emphasis, free_port, load, median_ratio

BYTES = 1 << 30

NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_max_body_size 0;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{origin};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_request_buffering off;
            # As much as ours takes at once.
            proxy_buffer_size 64k;
            proxy_buffers 4 64k;
            proxy_busy_buffers_size 64k;
            client_body_buffer_size 64k;
        }}
    }}
}}
"""


class Nginx(Server):
    """Debian's nginx, in one process, with settings of its own. It streams: it is told to buffer nothing."""

    def __init__(self, options, command, origin):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory()
        settings = Path(self.folder.name) / "nginx.conf"
        settings.write_text(NGINX.format(folder=self.folder.name, port=self.port, origin=origin))
        self.command = ["taskset", "-c", options.server_cpu, *command, "-e", f"{self.folder.name}/error.log",
                        "-p", self.folder.name, "-c", str(settings)]

    def __exit__(self, *error):
        super().__exit__(*error)
        self.folder.cleanup()


class Ours(Server):
    def __init__(self, options, command, origin):
        super().__init__(options, [*command, f"--upstream=http://127.0.0.1:{origin}"])


def nginx(options):
    """How to start nginx, which is installed if it is not there."""
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not os.path.exists(program) and not options.no_build:
        print("installing nginx", file=sys.stderr)
        for command in (["update"], ["install", "--yes", "--no-install-recommends", "nginx-light"]):
            with contextlib.suppress(OSError):
                subprocess.run(["apt-get", "-qq", *command], stdout=subprocess.DEVNULL,
                               env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    if not os.path.exists(program):
        raise Failure("it is not installed")
    return [program]


# Name -> (how it is run, how to start it).
PROXIES = {
    OURS: (Ours, lambda options: build(options, ROOT, "examples", "proxy")),
    "nginx": (Nginx, nginx),
}


def measure_proxies(options, attempt):
    if not attempt("stream", lambda: build(options, ROOT, "gustnado-benches", "stream")):
        return
    proxies = {}
    for name, (kind, command_of) in PROXIES.items():
        command = name in (options.only or PROXIES) and attempt(name, lambda: command_of(options))
        if command:
            proxies[name] = (kind, command)
    size = max(1, int(BYTES * options.scale))
    results = {}
    for _ in range(options.rounds):
        for name, (kind, command) in list(proxies.items()):
            lines = attempt(name, lambda: once(options, kind, command, size))
            if lines is None:
                del proxies[name]
                continue
            for way, used, peak in lines:
                results.setdefault(way, {}).setdefault(name, []).append((float(used) / size, float(peak)))
    titles = {"down": "to the client", "up": "from the client"}
    print(f"\n### A body of {size / BYTES:g} GiB through a reverse proxy\n\nProcessor time of the proxy, user and "
          "system, seconds a GiB, and the most memory that it ever held.\n")
    print(f"| way | proxy | least | median | rounds ÷ {OURS}'s | memory, MiB |\n| --- | --- |" + " ---: |" * 4)
    for way, proxies_of in results.items():
        times = {name: [used * BYTES / 1e9 for used, _ in values] for name, values in proxies_of.items()}
        for name, values in sorted(times.items(), key=lambda item: min(item[1])):
            memory = max(peak for _, peak in proxies_of[name]) / (1 << 20)
            ratio = f"{median_ratio(values, times[OURS]):.2f}" if OURS in times else "–"
            print(f"| {titles[way]} | {emphasis(name)} | {min(values):.3f} | {sorted(values)[len(values) // 2]:.3f} "
                  f"| {ratio} | {memory:.1f} |")


def once(options, kind, command, size):
    """Way, nanoseconds and bytes of memory, for each way."""
    origin = free_port()
    with kind(options, command, origin) as proxy:
        answer = load(options, program="stream", port=proxy.port, origin=origin, process=proxy.process.pid, bytes=size)
    return [line.split() for line in answer.decode().splitlines()]
