"""The group `chat` of `run`: clients that wait for messages by long polling. See README.md."""

import json
import os
import subprocess
import sys
import venv

from harness import OURS, PEERS, ROOT, Failure, Server, build, load, target_directory

CLIENTS = 10_000
MESSAGES = 5

TORNADO = PEERS / "tornado"


def tornado(options):
    """How to start Tornado's chat, in an environment of its own, which is made unless `options.no_build`."""
    environment = target_directory(PEERS) / "tornado"
    python = environment / "bin" / "python"
    if not options.no_build:
        print("installing tornado", file=sys.stderr)
        requirements = TORNADO / "requirements.txt"
        try:
            venv.create(environment, with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", requirements],
                           capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Failure(getattr(error, "stderr", None) or str(error)) from error
    if not os.path.exists(python):
        raise Failure(f"{python} is not there")
    return [str(python), str(TORNADO / "chat.py")]


CHATS = {
    OURS: lambda options: build(options, ROOT, "examples", "chat"),
    "Tornado": tornado,
}


# What `least` returns, in this order.
ROWS = [
    "memory, waiting for the first message, bytes a client",
    f"the same after {MESSAGES} messages",
    "to deliver a message, µs a client",
    "to be asked for the next one, µs a client",
    "both",
    "until the last client has it, ms",
]


def measure_chats(options, chats, attempt):
    clients = max(1, int(CLIENTS * options.scale))
    rounds = {}
    for _ in range(options.rounds):
        for name, command in list(chats.items()):
            answer = attempt(name, lambda: once(options, command, clients))
            if answer is None:
                del chats[name]
            else:
                rounds.setdefault(name, []).append(answer)
    results = {name: least(answers) for name, answers in rounds.items()}
    print(f"\n### Chat: {clients:,} clients wait by long polling\n\nUser memory, and processor time of the server, user and "
          "system. Wanted: memory < 1024.\n")
    peers = [name for name in results if name != OURS and OURS in results]
    columns = [*results, *(f"{name} ÷ {OURS}" for name in peers)]
    print(f"| | {' | '.join(columns)} |\n| --- |" + " ---: |" * len(columns))
    for index, row in enumerate(ROWS):
        cells = [f"{values[index]:,.0f}" if index < 2 else f"{values[index]:,.1f}" for values in results.values()]
        cells += [f"{results[name][index] / results[OURS][index]:.1f}" for name in peers]
        print(f"| {row} | {' | '.join(cells)} |")


def once(options, command, clients):
    with Server(options, command) as server:
        return json.loads(load(options, program="waiters", port=server.port, process=server.process.pid,
                               clients=clients, messages=MESSAGES))


def least(answers):
    """The least of all rounds, and of all messages."""
    memory = [min((answer[when] - answer["before"]) / answer["clients"] for answer in answers)
              for when in ("waiting", "again")]
    times = [(deliver / 1000, ask / 1000, (deliver + ask) / 1000) for answer in answers
             for deliver, ask in zip(answer["deliver"], answer["asked"])]
    last = [milliseconds for answer in answers for milliseconds in answer["last"]]
    return [*memory, *map(min, zip(*times)), min(last)]
