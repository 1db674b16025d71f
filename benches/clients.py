"""The group `clients` of `run`: HTTP clients that fetch the same again and again. See README.md."""

import statistics
import subprocess

from harness import LIMIT, OURS, PEERS, ROOT, SERVERS, Failure, Server, build, emphasis, median_ratio, ratio

FETCHES = 200_000
AT_ONCE = 64

CLIENTS = {
    OURS: (ROOT, "gustnado-benches", "client"),
    "hyper": (PEERS, "client-hyper", "client-hyper"),
    "reqwest": (PEERS, "client-reqwest", "client-reqwest"),
}


def measure_clients(options, clients, attempt):
    server = attempt(LIMIT, lambda: build(options, *SERVERS[LIMIT]))
    if not server:
        return
    results = {}
    for _ in range(options.rounds):
        for name, command in list(clients.items()):
            # A new server for each, so that none finds the other's connections.
            times = attempt(name, lambda: once(options, server, command))
            if times is None:
                del clients[name]
            else:
                results.setdefault(name, []).append(times)
    print(f"\n### Fetches over kept connections, {AT_ONCE} at once\n\nProcessor time of the client, µs a fetch. "
          "Wanted: user ≤ 1.2, below every peer.\n")
    users = {name: [user for user, _ in times] for name, times in results.items()}
    print(f"| client | user, least | user, median | user and system, least | user, least ÷ {OURS}'s "
          f"| rounds ÷ {OURS}'s |\n| --- |" + " ---: |" * 5)
    for name, values in sorted(users.items(), key=lambda item: min(item[1])):
        whole = min(both for _, both in results[name])
        cells = [f"{min(values):.2f}", f"{statistics.median(values):.2f}", f"{whole:.2f}"]
        if OURS in users:
            cells += [f"{ratio(min(values), min(users[OURS])):.2f}", f"{median_ratio(values, users[OURS]):.2f}"]
        else:
            cells += ["–", "–"]
        print(f"| {emphasis(name)} | {' | '.join(cells)} |")


def once(options, server, command):
    """Microseconds a fetch: in user space, and in all."""
    fetches = int(FETCHES * options.scale)
    with Server(options, server) as running:
        done = fetch(options, command, running.port, fetches, AT_ONCE)
    return [float(nanoseconds) / 1000 for nanoseconds in done.split()]


def fetch(options, command, port, fetches, at_once, before=()):
    """Runs a client, and returns what it prints."""
    arguments = [f"--url=http://127.0.0.1:{port}/plaintext", f"--fetches={fetches}", f"--at-once={at_once}"]
    try:
        done = subprocess.run(["taskset", "-c", options.load_cpu, *before, *command, *arguments],
                              capture_output=True, text=True, timeout=300)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failure(str(error)) from error
    if done.returncode:
        raise Failure(done.stderr.strip())
    return done.stdout
