# SPDX-License-Identifier: Apache-2.0
"""Servers of others, set up to forward packets as cheaply as they can, behind adapters to heliograph-load.

ALL names them. Everything listens on loopback, with a configuration of its own, on ports that were free.
"""
import contextlib
import dataclasses
import glob
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import typing

import measure

HERE = pathlib.Path(__file__).resolve().parent


@dataclasses.dataclass
class Running:
    port: int  # of the WebSocket that heliograph-load connects to
    pid: int  # whose CPU time per packet is the figure
    host_pid: int | None = None  # a process that belongs to the server as well: mediasoup's Node.js


def install_packages():
    """npm's packages as the lock file has them; install scripts are not run, so that nothing is downloaded by them."""
    lock, stamp = HERE / "package-lock.json", HERE / "node_modules/.lock"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return
    if not shutil.which("npm"):
        sys.exit(f"compare: npm and Node.js 18 or later run the adapters: apt-get install npm")
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=HERE,
                   check=True)
    shutil.copy(lock, stamp)


@contextlib.contextmanager
def adapter(kind, port, where, cpu):
    """Starts adapter.mjs; gives its process and what it said when it was ready."""
    process = subprocess.Popen(measure.pinned(cpu, ["node", HERE / "adapter.mjs", kind, str(port), str(where)]),
                               stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        if not line:
            sys.exit(f"compare: the adapter to {kind} does not start")
        yield process, json.loads(line)
    finally:
        measure.stop(process)


JANUS = """general: {{
  configs_folder = "{folder}"
  plugins_folder = "{folder}/plugins"
  transports_folder = "{folder}/transports"
  loggers_folder = "{folder}/none"
  events_folder = "{folder}/none"
  debug_level = 2
  event_loops = {event_loops}
}}
media: {{ ipv6 = false }}
nat: {{
  ice_lite = true
  ice_enforce_list = "127.0.0.1"
}}
"""
JANUS_WEBSOCKETS = """general: {{
  json = "compact"
  ws = true
  ws_port = {port}
  ws_ip = "127.0.0.1"
  wss = false
}}
admin: {{ admin_ws = false, admin_wss = false }}
"""
JANUS_VIDEOROOM = "general: { string_ids = true }\n"


JANUS_MODULES = ("plugins/libjanus_videoroom.so", "transports/libjanus_websockets.so")


def janus_module(name):
    """Where Debian's package has it, or Janus's own installation."""
    return next(iter(glob.glob(f"/usr/lib/*/janus/{name}") + glob.glob(f"/opt/janus/lib/janus/{name}")), None)


def janus_missing(_):
    if not shutil.which("janus"):
        return "it is not installed: apt-get install janus (Debian 12 has 1.1.2)"
    absent = [name for name in JANUS_MODULES if not janus_module(name)]
    return f"it lacks {', '.join(absent)}: apt-get install janus" if absent else ""


def write_janus_folder(folder, port, event_loops):
    """A configuration with the one plugin and the one transport that are used."""
    (folder / "none").mkdir()
    for name in JANUS_MODULES:
        (folder / name).parent.mkdir()
        (folder / name).symlink_to(janus_module(name))
    (folder / "janus.jcfg").write_text(JANUS.format(folder=folder, event_loops=event_loops))
    (folder / "janus.transport.websockets.jcfg").write_text(JANUS_WEBSOCKETS.format(port=port))
    (folder / "janus.plugin.videoroom.jcfg").write_text(JANUS_VIDEOROOM)


def accepts(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextlib.contextmanager
def janus(args):
    """Janus on --server-cpu; its adapter is a client like any other and runs beside the load."""
    with tempfile.TemporaryDirectory(prefix="janus-") as name:
        folder, port = pathlib.Path(name), measure.free_port(socket.SOCK_STREAM)
        write_janus_folder(folder, port, args.janus_event_loops)
        server = subprocess.Popen(
            measure.pinned(args.server_cpu, ["janus", "-F", name, "-C", folder / "janus.jcfg", "-o"]),
            stdin=subprocess.DEVNULL, stdout=(folder / "log").open("w"), stderr=subprocess.STDOUT)
        try:
            if not measure.wait_until(lambda: accepts(port), server):
                sys.exit("compare: Janus does not start:\n" + (folder / "log").read_text()[-2000:])
            ours = measure.free_port(socket.SOCK_STREAM)
            with adapter("janus", ours, f"ws://127.0.0.1:{port}", args.load_cpu):
                yield Running(ours, server.pid)
        finally:
            measure.stop(server)


def mediasoup_worker(args):
    """Its path: as given, or where npm leaves what it downloaded or built."""
    return args.mediasoup_worker or HERE / "node_modules/mediasoup/worker/out/Release/mediasoup-worker"


def mediasoup_missing(args):
    worker = mediasoup_worker(args)
    if os.access(worker, os.X_OK):
        return ""
    return (f"there is no worker at {worker}: let npm download or build it (cd bench/compare && npm rebuild mediasoup) "
            "or name one with --mediasoup-worker")


@contextlib.contextmanager
def mediasoup(args):
    """One worker and the Node.js process that is its host, both on --server-cpu."""
    port = measure.free_port(socket.SOCK_STREAM)
    with adapter("mediasoup", port, mediasoup_worker(args), args.server_cpu) as (host, facts):
        yield Running(port, facts["worker"], host.pid)


@contextlib.contextmanager
def heliograph(args):
    port = measure.free_port(socket.SOCK_STREAM)
    server = measure.start_server(args, port)
    try:
        yield Running(port, server.pid)
    finally:
        measure.stop(server)


@dataclasses.dataclass
class Rival:
    start: typing.Callable  # a context manager that gives a Running
    missing: typing.Callable  # how to get what is not here, in a sentence; "" when all is


ALL = {"heliograph": Rival(heliograph, lambda _: ""), "janus": Rival(janus, janus_missing),
       "mediasoup": Rival(mediasoup, mediasoup_missing)}
