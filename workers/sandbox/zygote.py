"""The zygote's program, started by `host.py` as `python -I -S -B zygote.py FD`; its configuration comes on socket FD.

Messages are JSON on a SEQPACKET socket. In: {"id", "role"} with descriptors (socket, output, and the memory group to
join where there is one). Out: {"ready"} or {"fault", "kind"} once; then {"id", "pid"} with a pidfd, and {"id", "exit",
"cpu", "rss"} when that jail has ended.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import socket
import sys
from typing import Any

MAX_MESSAGE = 1 << 20
# What a module loads late and slowly, or only when first used: loaded here once instead of in every jail.
ALSO = {
    "numpy": ("numpy.linalg", "numpy.random", "numpy.fft", "numpy.polynomial"),
    "torch": ("torch._dynamo", "torch.optim", "torch.nn.functional"),
}
# Python 3.11 rewrites a function's code as it runs: done here, no jail has to copy those pages and do it again.
REHEARSALS = 12
COMMON = ("threading", "traceback", "random", "math", "linecache", "inspect", "collections.abc", "encodings.idna")


class Zygote:
    def __init__(self, control: socket.socket, config: dict[str, Any]) -> None:
        self.control = control
        self.config = config
        self.namespaces: bool = config["namespaces"]
        self.live: dict[int, tuple[int, int]] = {}  # pidfd -> (id, pid)

    # ---- start --------------------------------------------------------------------------------------------------

    def enter(self) -> None:
        """Build the outer jail. In REDUCED there is none."""
        from workers.sandbox import kernel, outer

        for layer in ("inner", "landlock", "seccomp", *(("gpu",) if self.config["gpu"] else ())):
            importlib.import_module(f"workers.sandbox.{layer}")
        if self.namespaces:
            code = tuple((name, *_read(path)) for name, path in self.config["code"])
            paths = tuple(self.config["read_only"]), tuple(self.config["hidden"])
            tree = outer.Tree(*paths, code, tuple(self.config["drivers"]), self.config["gpu"])
            self.proc = outer.enter(tree, self.config["uid"])
        else:
            self.proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            kernel.prctl(kernel.PR_SET_PDEATHSIG, kernel.SIGKILL)
        os.chdir("/")

    def warm(self) -> None:
        """Import everything that a jail will need. Raises ImportError."""
        sys.path[:] = self.config["path"]
        # Our own modules came from the checkout; from here on they come from the jail's copy.
        importlib.import_module("workers").__path__[:] = [f"{self.config['app']}/workers"]
        for name in (*COMMON, *self.config["modules"], *self.config["programs"].values()):
            importlib.import_module(name)
            for extra in ALSO.get(name, ()):
                importlib.import_module(extra)
        self.vm_bytes = self._own_size()
        if self.config["gpu"]:
            self._check_untouched()
        os.close(self.proc)
        self.self_fd = self._own_pidfd()
        if not self.namespaces:
            self._drop_root()
        for name in [name for name in sys.path_importer_cache if self.config["checkout"] in name]:
            del sys.path_importer_cache[name]

    def prepare(self) -> None:
        """Make once what is the same in every jail."""
        from workers.sandbox.inner import Caps
        from workers.sandbox.landlock import Ruleset
        from workers.sandbox.outer import DEVICES
        from workers.sandbox.seccomp import Filter

        self.filter = Filter(gpu=self.config["gpu"])
        self.caps = {role: Caps(**caps) for role, caps in self.config["caps"].items()}
        readable = self._readable()
        judges = [self.config["app"], *self.config["judge_folders"]]
        self.paths = {
            "runner": Ruleset(readable, DEVICES, self.config["drivers"]),
            "judge": Ruleset([*readable, *judges], DEVICES),
        }
        self._open_streams()
        for _ in range(REHEARSALS):
            for name in self.config["programs"].values():
                sys.modules[name].rehearse()
        gc.collect()
        gc.freeze()  # the collector would else touch, and so copy, every page in each child

    def _open_streams(self) -> None:
        """sys.stdout and the like of all jails, on pipes as there: a stream remembers whether it can seek."""
        from workers.runner.program import open_streams

        ends = os.pipe()
        for fd in (1, 2):
            os.dup2(ends[1], fd)
        open_streams()
        null = os.open("/dev/null", os.O_RDWR)
        for fd in range(3):
            os.dup2(null, fd)
        for fd in (*ends, null):
            os.close(fd)

    def _drop_root(self) -> None:
        """REDUCED: after the imports, since the unused uid may not be able to read this Python installation."""
        from workers.sandbox import kernel, outer

        if outer.full_root():
            os.setgroups([])
            os.setresgid(*[self.config["uid"]] * 3)
            os.setresuid(*[self.config["uid"]] * 3)
            kernel.prctl(kernel.PR_SET_PDEATHSIG, kernel.SIGKILL)  # a change of uid clears it
            for path in sys.path:
                os.listdir(path)

    def _own_pidfd(self) -> int:
        from workers.sandbox import kernel

        return kernel.pidfd_open(os.getpid())

    def _own_size(self) -> int:
        fd = os.open("self/statm", os.O_RDONLY, dir_fd=self.proc)
        try:
            return int(os.read(fd, 200).split()[0]) * os.sysconf("SC_PAGESIZE")
        finally:
            os.close(fd)

    def _check_untouched(self) -> None:
        """CUDA does not survive a fork: a module that calls it on import would break every jail. Raises OSError."""
        from workers.sandbox.gpu import touched

        folder = os.open("self/fd", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.proc)
        try:
            links = []
            for name in os.listdir(folder):
                try:
                    links.append(os.readlink(name, dir_fd=folder))
                except FileNotFoundError:  # the descriptor of the listing itself
                    continue
        finally:
            os.close(folder)
        if touched(links, self.config["drivers"]):
            raise RuntimeError(f"one of {', '.join(self.config['modules'])} calls CUDA while it is imported")

    def _readable(self) -> list[str]:
        """What Landlock lets a runner read. In FULL the root holds nothing else but the judge's packages and /box."""
        if not self.namespaces:
            return list(self.config["read_only"])
        # The GPU profile's /proc is the machine's, which each jail covers by its own.
        unread = (self.config["app"], "/box", *(("/proc",) if self.config["gpu"] else ()))
        return [f"/{name}" for name in os.listdir("/") if f"/{name}" not in unread]

    # ---- work ---------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        self.say({"ready": True, "vm": self.vm_bytes})
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd != self.control.fileno():
                    poll.unregister(fd)
                    self._reap(fd)
                    continue
                try:
                    message, fds, _, _ = socket.recv_fds(self.control, MAX_MESSAGE, 3)
                except ConnectionError:
                    os._exit(0)
                if not message:
                    os._exit(0)
                pidfd = self._spawn(json.loads(message), fds)
                if pidfd >= 0:
                    poll.register(pidfd, select.POLLIN)

    def say(self, message: dict[str, Any], fds: list[int] | None = None) -> None:
        try:
            socket.send_fds(self.control, [json.dumps(message).encode()], fds or [])
        except OSError:
            os._exit(0)  # the supervisor is gone

    def _reap(self, pidfd: int) -> None:
        os.close(pidfd)
        number, pid = self.live.pop(pidfd)
        _, status, usage = os.wait4(pid, 0)
        seconds = round(usage.ru_utime + usage.ru_stime, 6)
        code = os.waitstatus_to_exitcode(status)
        self.say({"id": number, "exit": code, "cpu": seconds, "rss": usage.ru_maxrss})

    def _spawn(self, message: dict[str, Any], fds: list[int]) -> int:
        """Fork one jail and answer with its pidfd, which is returned; -1 when the machine cannot fork now."""
        from workers.sandbox import kernel

        try:
            if self.namespaces:
                kernel.unshare(kernel.NEWPID)
            pid = os.fork()
        except OSError as error:  # out of processes or memory: this jail fails, the next may not
            pid = -1
            failure = str(error)
        if not pid:
            self._child(message["role"], *fds)
        if self.namespaces:  # later forks start in our own pid namespace again: one fork per jail instead of two
            kernel.setns(self.self_fd, kernel.NEWPID)
        for fd in fds:
            os.close(fd)
        if pid < 0:
            self.say({"id": message["id"], "failed": failure})
            return -1
        pidfd = kernel.pidfd_open(pid)
        self.live[pidfd] = message["id"], pid
        self.say({"id": message["id"], "pid": pid}, [pidfd])
        return pidfd

    def _child(self, role: str, link: int, output: int, *groups: int) -> None:
        """Runs in the fork and never returns: status 99 when the jail could not be closed (fails closed)."""
        from workers.sandbox import inner

        try:
            for group in groups:
                inner.join(group)
            os.dup2(output, 1)
            os.dup2(output, 2)
            os.dup2(link, 3)
            inner.seal(self.caps[role], self.paths[role], self.filter, self.namespaces, self.config["gpu"])
            if role != "judge":
                sys.path[:] = [path for path in sys.path if path != self.config["app"]]
            vm_bytes = self.vm_bytes if self.config["limit_memory"] else None
            program = sys.modules[self.config["programs"][role]]
        except BaseException as error:
            os.write(1, f"jail failed: {error!r}".encode())
            os._exit(99)
        try:
            program.main(3, vm_bytes)
        finally:
            os._exit(98)


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    config = json.loads(control.recv(MAX_MESSAGE))
    sys.path.insert(0, config["checkout"])
    zygote = Zygote(control, config)
    try:
        zygote.enter()
    except OSError as error:
        zygote.say({"fault": str(error), "errno": error.errno, "kind": "jail"})
        os._exit(1)
    os.environ.clear()
    os.environ.update(config["environment"])
    try:
        zygote.warm()
        zygote.prepare()
    except PermissionError as error:
        zygote.say({"fault": f"{error.strerror}: {error.filename}", "kind": "unreadable"})
        os._exit(1)
    except Exception as error:
        missing = getattr(error, "name", None) if isinstance(error, ImportError) else None
        zygote.say({"fault": f"{type(error).__name__}: {error}", "kind": "import", "missing": missing})
        os._exit(1)
    zygote.serve()


def _read(path: str) -> tuple[bytes, int]:
    with open(path, "rb") as file:
        return file.read(), int(os.fstat(file.fileno()).st_mtime)


if __name__ == "__main__":
    main()
