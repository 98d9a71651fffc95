"""What the system itself holds this process to, once and for good: limits and refused calls.

The filter of system calls is Linux's (seccomp) and asks for no rights. It leaves what NumPy and
Python need and refuses new programs and processes, signals to others, looking into others, and
sockets. Where it is missing, the audit hook of ``guards`` is alone.
"""

import ctypes
import os
import platform
import resource
import signal
import struct
from collections.abc import Iterator
from math import ceil
from typing import NamedTuple

from comparisons.sandbox.limits import Limits

#: Beyond the time granted, so that the side that asks is the first to notice.
_CPU_MARGIN = 5
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SECCOMP_MODE_FILTER = 2

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_EPERM, _ENOSYS = _ERRNO | 1, _ERRNO | 38
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16
_CLONE_THREAD = 0x00010000
#: Numbers from here on are another way to make the same calls on x86_64.
_X32 = 0x40000000


class _Calls(NamedTuple):
    """The numbers of system calls on one kind of processor."""

    architecture: int
    clone: int
    own_only: tuple[int, ...]  # kill, tgkill
    refused: tuple[int, ...]


_CLONE3 = 435
# pidfd_send_signal, io_uring_setup (a ring opens sockets too), then by machine: fork, vfork,
# execve, execveat, ptrace, process_vm_readv and _writev, rt_sigqueueinfo, rt_tgsigqueueinfo, tkill,
# socket, setsid, setpgid.
_BY_MACHINE = {
    "x86_64": _Calls(
        0xC000003E,
        56,
        (62, 234),
        (424, 425, 57, 58, 59, 322, 101, 310, 311, 129, 297, 200, 41, 112, 109),
    ),
    "aarch64": _Calls(
        0xC00000B7,
        220,
        (129, 131),
        (424, 425, 221, 281, 117, 270, 271, 138, 240, 130, 198, 157, 154),
    ),
}


def bind_to_parent(parent: int) -> None:
    """Let this process be killed when the thread that started it ends, where Linux can do so."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def set_limits(limits: Limits) -> None:
    """Set the limits of the system; what a system does not know is left out."""
    seconds = ceil(limits.total_seconds) + _CPU_MARGIN
    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_CPU": seconds,
        "RLIMIT_FSIZE": limits.file_bytes,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_AS": limits.memory,
    }
    for name, value in wanted.items():
        number = getattr(resource, name, None)
        if number is None:
            continue
        _, hard = resource.getrlimit(number)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        try:
            resource.setrlimit(number, (most, most))
        except (OSError, ValueError):
            continue


def refuse_calls() -> bool:
    """Refuse the system calls above from now on; return whether this system can do so."""
    calls = _BY_MACHINE.get(platform.machine())
    if calls is None or os.uname().sysname != "Linux":
        return False
    program = b"".join(struct.pack("<HBBI", *line) for line in _program(calls))
    lines = ctypes.create_string_buffer(program, len(program))
    filtering = struct.pack("@HP", len(program) // 8, ctypes.addressof(lines))
    held = ctypes.create_string_buffer(filtering, len(filtering))
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    return _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(held)) == 0


def _program(calls: _Calls) -> Iterator[tuple[int, int, int, int]]:
    """Yield the filter: operation, how far to jump if so, how far if not, and the number."""
    yield _LOAD, 0, 0, _ARCHITECTURE
    yield _EQUAL, 1, 0, calls.architecture
    yield _RETURN, 0, 0, _EPERM
    yield _LOAD, 0, 0, _NUMBER
    yield _AT_LEAST, 0, 1, _X32
    yield _RETURN, 0, 0, _EPERM
    for number in calls.refused:
        yield _EQUAL, 0, 1, number
        yield _RETURN, 0, 0, _EPERM
    yield _EQUAL, 0, 1, _CLONE3  # its flags are out of sight: "not known", and clone is tried
    yield _RETURN, 0, 0, _ENOSYS
    for number in calls.own_only:
        yield _EQUAL, 0, 4, number
        yield _LOAD, 0, 0, _FIRST_ARGUMENT
        yield _EQUAL, 0, 1, os.getpid()
        yield _RETURN, 0, 0, _ALLOW
        yield _RETURN, 0, 0, _EPERM
    yield _EQUAL, 0, 4, calls.clone
    yield _LOAD, 0, 0, _FIRST_ARGUMENT
    yield _ANY_BIT, 0, 1, _CLONE_THREAD
    yield _RETURN, 0, 0, _ALLOW
    yield _RETURN, 0, 0, _EPERM
    yield _RETURN, 0, 0, _ALLOW


def _prctl(option: int, one: int, two: int = 0) -> int:
    """Call Linux's prctl; -1 where there is none."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is None:
        return -1
    word = ctypes.c_ulong
    result: int = prctl(option, word(one), word(two), word(0), word(0))
    return result
