"""What `run` and `instructions` share: the programs, how they are built, started and loaded."""

import math
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

BENCHES = Path(__file__).resolve().parent
ROOT = BENCHES.parent
PEERS = BENCHES / "peers"

LIMIT = "raw"
OURS = "gustnado"

# Seconds that a server may take until it listens: callgrind is slow.
PATIENCE = 15

# Name -> (workspace, package, program, arguments...).
SERVERS = {
    LIMIT: (ROOT, "gustnado-benches", "raw"),
    OURS: (ROOT, "examples", "hello"),
    "may_minihttp": (PEERS, "peer-may_minihttp", "peer-may_minihttp"),
    "hyper": (PEERS, "peer-hyper", "peer-hyper"),
    "axum": (PEERS, "peer-axum", "peer-axum"),
    "actix-web": (PEERS, "peer-actix", "peer-actix"),
    "ntex": (PEERS, "peer-ntex", "peer-ntex"),
}

RUNTIMES = {
    OURS: (ROOT, "gustnado-benches", "coroutines"),
    "tokio": (PEERS, "coroutines-tokio", "coroutines-tokio"),
    "tokio LocalSet": (PEERS, "coroutines-tokio", "coroutines-tokio", "--local-set"),
    "monoio": (PEERS, "coroutines-monoio", "coroutines-monoio"),
    "smol": (PEERS, "coroutines-smol", "coroutines-smol"),
}


class Failure(Exception):
    """Something that could not be built or measured."""


def build(options, workspace, package, program, *arguments):
    """Builds one program in release unless `options.no_build`, and returns how to start it."""
    path = target_directory(workspace) / "release" / program
    if not options.no_build:
        command = ["cargo", "build", "--release", "--quiet", "-p", package, "--bin", program]
        jobs = os.environ.get("CARGO_BUILD_JOBS")
        print(f"building {program}" + (f" (-j{jobs})" if jobs else ""), file=sys.stderr)
        done = subprocess.run(command, cwd=workspace, capture_output=True, text=True)
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if line.startswith("error")]
            raise Failure("does not build: " + (errors[0] if errors else "see cargo build"))
    if not path.exists():
        raise Failure(f"{path} is not there")
    return [str(path), *arguments]


def target_directory(workspace):
    given = os.environ.get("CARGO_TARGET_DIR")
    # A relative one means a directory below each workspace, as cargo runs there.
    return workspace / given if given else workspace / "target"


class Server:
    """A server on its own processor, for as long as the `with` lasts."""

    def __init__(self, options, command):
        self.port = free_port()
        self.command = ["taskset", "-c", options.server_cpu, *command, f"--port={self.port}"]

    def stop(self, how=signal.SIGKILL):
        self.process.send_signal(how)
        self.process.wait()

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if self.process.poll() is not None:
                    raise Failure(f"stopped at once: {self.process.stderr.read().strip()}")
                if time.monotonic() > deadline:
                    self.__exit__()
                    raise Failure("does not listen")
                time.sleep(0.02)

    def __exit__(self, *_):
        self.stop()
        self.process.stderr.close()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def load(options, mode=None, program="load", **arguments):
    path = target_directory(ROOT) / "release" / program
    command = ["taskset", "-c", options.load_cpu, str(path)]
    if mode:
        arguments["mode"] = mode
    command += [f"--{name}={value}" for name, value in arguments.items()]
    try:
        done = subprocess.run(command, capture_output=True, timeout=150)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failure(str(error)) from error
    if done.returncode:
        raise Failure(done.stderr.decode().strip())
    return done.stdout


def median_ratio(values, bases):
    """The median of the ratios of neighbours: a machine that changes its speed changes both."""
    return statistics.median(ratio(value, base) for value, base in zip(values, bases))


def ratio(value, base):
    """How much more a value is than another, which is nothing if the run was too short for its clock."""
    return value / base if base else math.nan


def emphasis(name):
    return f"**{name}**" if name == OURS else name
