"""Programs that the tests start: each is ended with its `with`."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

# Nothing here takes this long; it is for machines that do other things, too.
PATIENCE = 60


class Program:
    """A program that is spoken to over its standard input and output."""

    def __init__(self, *command):
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.process.stdout.close()

    def line(self):
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"{self.process.args[0]} has ended with {self.process.wait(PATIENCE)}")
        return line.rstrip("\n")

    def ask(self, order):
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.line())


def has_ipv6():
    with socket.socket(socket.AF_INET6) as one, contextlib.suppress(OSError):
        one.bind(("::1", 0))
        return True
    return False


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


NGINX = """
daemon off;
master_process off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    types {{ text/plain txt; application/octet-stream bin; }}
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_max_body_size 1m;
    gzip on;
    gzip_types text/plain;
    server {{
        listen 127.0.0.1:{port};
        {ipv6}
        listen unix:{folder}/socket;
        root {folder}/www;
        location /private/ {{ auth_basic "private"; auth_basic_user_file {folder}/users; }}
        location = /moved {{ return 301 /small.txt; }}
        location = /see-other {{ return 303 /small.txt; }}
        location = /temporary {{ return 307 /behind/echo; }}
        location = /gone {{ return 410; }}
        location /ends/ {{ alias {folder}/www/; keepalive_requests 3; }}
        location /old/ {{ alias {folder}/www/; keepalive_timeout 0; }}
        location /behind/ {{
            proxy_pass {behind}/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_request_buffering off;
            client_max_body_size 0;
        }}
    }}
}}
"""


class Nginx:
    """Debian's nginx, with files of its own, and before `behind` another server. It runs in one process, as whoever we are."""

    def __init__(self, files, behind):
        self.folder = Path(tempfile.mkdtemp(prefix="gustnado-nginx-"))
        # Its workers are not root, if we are.
        self.folder.chmod(0o755)
        for name, content in files.items():
            path = self.folder / "www" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (self.folder / "users").write_text("me:{PLAIN}secret\n")
        self.port = free_port()
        ipv6 = f"listen [::1]:{self.port};" if has_ipv6() else ""
        settings = self.folder / "nginx.conf"
        settings.write_text(NGINX.format(folder=self.folder, port=self.port, behind=behind, ipv6=ipv6))
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = subprocess.Popen([program, "-e", self.folder / "error.log", "-p", self.folder, "-c", settings])
        self.url = f"http://127.0.0.1:{self.port}"
        self.unix_socket = str(self.folder / "socket")

    def __enter__(self):
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return self
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise AssertionError("nginx does not listen")
            time.sleep(0.02)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(PATIENCE)
        shutil.rmtree(self.folder)


def environment(folder, requirements):
    """The Python of a virtual environment with these requirements, which is made if it is not there."""
    python = folder / "bin" / "python"
    wanted = requirements.read_text()
    made = folder / "requirements.txt"
    if not (made.exists() and made.read_text() == wanted and os.access(python, os.X_OK)):
        subprocess.run(["python3", "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", requirements], check=True)
        made.write_text(wanted)
    return python
