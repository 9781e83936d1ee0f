# SPDX-License-Identifier: Apache-2.0
"""What the programs in this folder share: a server that has a CPU to itself, heliograph-load, and the floor.

Values in, values out; a program that cannot go on ends with a sentence (sys.exit), as those here are run by hand.
"""
import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
NAME = pathlib.Path(sys.argv[0]).name  # of the program that uses this


def add_common_arguments(parser, viewers=200, seconds=60):
    """What every comparison needs: the load's shape, where the binaries are, and which CPU is whose."""
    parser.add_argument("--viewers", type=int, default=viewers, help="of each room")
    parser.add_argument("--publishers", type=int, default=1, help="of each room")
    parser.add_argument("--rooms", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=seconds, help="measured, after ramp and settling")
    parser.add_argument("--floor-seconds", type=int, default=10)
    parser.add_argument("--ramp", default="50/s")
    parser.add_argument("--video-bitrate", type=int, default=2_500_000)
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="where the binaries are")
    parser.add_argument("--server", type=pathlib.Path, help="the server's binary; of --build otherwise")
    parser.add_argument("--server-cpu", type=int, default=0)
    parser.add_argument("--load-cpu", type=int, default=1)
    parser.add_argument("--json", type=pathlib.Path, help="write the figures to this file as well")


def free_port(kind):
    """A port of 127.0.0.1 that nobody has now; kind: socket.SOCK_STREAM or SOCK_DGRAM."""
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def pinned(cpu, command):
    """The command, kept to one CPU with all that it starts."""
    return ["taskset", "-c", str(cpu), *command]


def answers(url):
    try:
        urllib.request.urlopen(url, timeout=1).close()
        return True
    except OSError:
        return False


def wait_until(ready, process, seconds=10):
    """True once ready() is; False when the process ended before, or the time did."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.1)
    return False


def built(args, name):
    """The path of a binary of --build."""
    return there(args.build / name)


def there(binary):
    if not binary.exists():
        sys.exit(f"{NAME}: {binary} is not there; build the release first: ./run --build-only")
    return binary


def start_server(args, port, shards=1, options=()):
    """heliograph on --server-cpu, listening on 127.0.0.1:port. The caller ends it, with stop()."""
    binary = there(args.server or args.build / "heliograph")
    server = subprocess.Popen(
        pinned(args.server_cpu, [binary, "serve", "--dev", "--shards", str(shards), "--listen", f"127.0.0.1:{port}",
                                 "--udp-port", str(free_port(socket.SOCK_DGRAM)), *options]),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), server):
        return server
    server.kill()
    server.wait()
    sys.exit(f"{NAME}: the server does not start; try it by hand: heliograph serve --dev --shards {shards}")


def stop(process, seconds=20):
    """Asks it to end, and ends it when it does not."""
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def run_load(args, port, pid, options=(), on_line=None):
    """heliograph-load on --load-cpu (None: wherever) against 127.0.0.1:port; its report as a dict. pid: whose CPU counts.

    on_line(text) gets each line of its progress, which is printed as well.
    """
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        load = subprocess.Popen(
            [built(args, "heliograph-load"), "--url", f"ws://127.0.0.1:{port}/ws", "--viewers", str(args.viewers),
             "--publishers", str(args.publishers), "--rooms", str(args.rooms), "--duration", str(args.seconds),
             "--ramp", args.ramp, "--video-bitrate", str(args.video_bitrate), "--fps", str(args.fps),
             "--server-pid", str(pid), "--json", file.name, *([] if args.load_cpu is None else ["--pin", str(args.load_cpu)]), *options],
            stdout=subprocess.PIPE if on_line else None, text=True)
        for line in load.stdout or ():
            print(line, end="", flush=True)
            on_line(line)
        if load.wait() == 2:
            sys.exit(2)
        return json.load(file)


def run_floor(args):
    """us of CPU to encrypt and send one packet of the same mix on the server's CPU, and nothing else."""
    text = subprocess.run(
        [built(args, "heliograph-floor"), "--viewers", str(args.viewers), "--seconds", str(args.floor_seconds),
         "--video-bitrate", str(args.video_bitrate), "--fps", str(args.fps), "--pin", str(args.server_cpu),
         "--sink-pin", str(args.load_cpu)], check=True, capture_output=True, text=True).stdout
    return float(re.match(r"floor ([\d.]+) us", text)[1])
