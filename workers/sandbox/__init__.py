"""Jails for code that nobody vouches for: students' solutions and authors' tests.

How it works
------------
A *zygote* (`zygote.py`) starts once per set of modules. It builds the *outer jail* (`outer.py`): a small read-only
root made of the Python installation and this project's few jailed packages, no network, an empty environment, one
unprivileged uid, pid 1 of its own namespace. It imports the modules and then only forks: it holds no test, runs no
student code, and never computes (torch deadlocks in a child of a process that did).

For each use it forks a child into an *inner jail* (`inner.py`): own pid, mount and IPC namespaces, own user namespace
without a single capability, a size-limited /box as the only writable folder, limits, Landlock, a system call filter.
The child tries three forbidden things and exits if one works.

The *supervisor's side* (`host.py`) holds for each jail a socket, the reading end of its output, and a pidfd. The jail's
first process is pid 1 of its namespace: one SIGKILL on the pidfd ends everything in it. Spare jails are made ahead, off
the critical path. When the supervisor dies, the zygote reads end of file and ends, and its namespace ends with it.
"""
