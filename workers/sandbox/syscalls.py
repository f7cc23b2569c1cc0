"""System call numbers by name for x86-64 and aarch64, and which of them jailed code may use.

aarch64 has no number for the calls that newer ones replace (`open`, `stat`, `fork`, …): there glibc uses the newer.
"""

from __future__ import annotations

import os


def _table(text: str) -> dict[str, int]:
    pairs = (entry.split() for entry in text.split(";"))
    return {name: int(number) for name, number in pairs}


X86_64 = _table("""
read 0; write 1; open 2; close 3; stat 4; fstat 5; lstat 6; poll 7; lseek 8; mmap 9; mprotect 10; munmap 11; brk 12;
rt_sigaction 13; rt_sigprocmask 14; rt_sigreturn 15; pread64 17; pwrite64 18; readv 19; writev 20; access 21; pipe
22; select 23; sched_yield 24; mremap 25; msync 26; madvise 28; dup 32; dup2 33; pause 34; nanosleep 35; getitimer
36; alarm 37; setitimer 38; getpid 39; sendfile 40; sendto 44; recvfrom 45; sendmsg 46; recvmsg 47; shutdown 48;
getsockname 51; getpeername 52; socketpair 53; setsockopt 54; getsockopt 55; exit 60; wait4 61; kill 62; uname 63;
fcntl 72; flock 73; fsync 74; fdatasync 75; truncate 76; ftruncate 77; getdents 78; getcwd 79; chdir 80; fchdir 81;
rename 82; mkdir 83; rmdir 84; creat 85; link 86; unlink 87; symlink 88; readlink 89; chmod 90; fchmod 91; umask 95;
gettimeofday 96; getrlimit 97; getrusage 98; sysinfo 99; times 100; getuid 102; getgid 104; geteuid 107; getegid
108; getppid 110; getpgrp 111; getgroups 115; getresuid 118; getresgid 120; getpgid 121; getsid 124; rt_sigpending
127; rt_sigtimedwait 128; rt_sigsuspend 130; sigaltstack 131; getpriority 140; sched_getparam 143;
sched_getscheduler 145; sched_get_priority_max 146; sched_get_priority_min 147; sched_rr_get_interval 148;
arch_prctl 158; gettid 186; tkill 200; time 201; futex 202; sched_setaffinity 203; sched_getaffinity 204;
epoll_create 213; getdents64 217; set_tid_address 218; restart_syscall 219; fadvise64 221; timer_create 222;
timer_settime 223; timer_gettime 224; timer_getoverrun 225; timer_delete 226; clock_gettime 228; clock_getres 229;
clock_nanosleep 230; exit_group 231; epoll_wait 232; epoll_ctl 233; tgkill 234; utimes 235; get_mempolicy 239;
waitid 247; openat 257; mkdirat 258; newfstatat 262; unlinkat 263; renameat 264; linkat 265; symlinkat 266;
readlinkat 267; fchmodat 268; faccessat 269; pselect6 270; ppoll 271; set_robust_list 273; get_robust_list 274;
utimensat 280; epoll_pwait 281; timerfd_create 283; eventfd 284; fallocate 285; timerfd_settime 286; timerfd_gettime
287; eventfd2 290; epoll_create1 291; dup3 292; pipe2 293; preadv 295; pwritev 296; prlimit64 302; getcpu 309;
renameat2 316; getrandom 318; membarrier 324; copy_file_range 326; preadv2 327; pwritev2 328; statx 332; rseq 334;
close_range 436; faccessat2 439; epoll_pwait2 441; futex_waitv 449; futex_wake 454; futex_wait 455; futex_requeue
456; clone 56; clone3 435; ioctl 16; prctl 157; setrlimit 160; fork 57; vfork 58; execve 59; execveat 322; unshare
272; setns 308; capset 126; landlock_create_ruleset 444; landlock_add_rule 445; landlock_restrict_self 446; seccomp
317; pivot_root 155; mount_setattr 442; pidfd_open 434; pidfd_send_signal 424; socket 41; ptrace 101; bpf 321; mount
165; keyctl 250; add_key 248; io_uring_setup 425; userfaultfd 323; perf_event_open 298; process_vm_readv 310;
memfd_create 319; shmget 29; mlock 149; munlock 150; mlock2 325
""")
AARCH64 = _table("""
read 63; write 64; close 57; fstat 80; lseek 62; mmap 222; mprotect 226; munmap 215; brk 214; rt_sigaction 134;
rt_sigprocmask 135; rt_sigreturn 139; pread64 67; pwrite64 68; readv 65; writev 66; sched_yield 124; mremap 216;
msync 227; madvise 233; dup 23; nanosleep 101; getitimer 102; setitimer 103; getpid 172; sendfile 71; sendto 206;
recvfrom 207; sendmsg 211; recvmsg 212; shutdown 210; getsockname 204; getpeername 205; socketpair 199; setsockopt
208; getsockopt 209; exit 93; wait4 260; kill 129; uname 160; fcntl 25; flock 32; fsync 82; fdatasync 83; truncate
45; ftruncate 46; getcwd 17; chdir 49; fchdir 50; fchmod 52; umask 166; gettimeofday 169; getrlimit 163; getrusage
165; sysinfo 179; times 153; getuid 174; getgid 176; geteuid 175; getegid 177; getppid 173; getgroups 158; getresuid
148; getresgid 150; getpgid 155; getsid 156; rt_sigpending 136; rt_sigtimedwait 137; rt_sigsuspend 133; sigaltstack
132; getpriority 141; sched_getparam 121; sched_getscheduler 120; sched_get_priority_max 125; sched_get_priority_min
126; sched_rr_get_interval 127; gettid 178; tkill 130; futex 98; sched_setaffinity 122; sched_getaffinity 123;
getdents64 61; set_tid_address 96; restart_syscall 128; fadvise64 223; timer_create 107; timer_settime 110;
timer_gettime 108; timer_getoverrun 109; timer_delete 111; clock_gettime 113; clock_getres 114; clock_nanosleep 115;
exit_group 94; epoll_ctl 21; tgkill 131; get_mempolicy 236; waitid 95; openat 56; mkdirat 34; newfstatat 79;
unlinkat 35; renameat 38; linkat 37; symlinkat 36; readlinkat 78; fchmodat 53; faccessat 48; pselect6 72; ppoll 73;
set_robust_list 99; get_robust_list 100; utimensat 88; epoll_pwait 22; timerfd_create 85; fallocate 47;
timerfd_settime 86; timerfd_gettime 87; eventfd2 19; epoll_create1 20; dup3 24; pipe2 59; preadv 69; pwritev 70;
prlimit64 261; getcpu 168; renameat2 276; getrandom 278; membarrier 283; copy_file_range 285; preadv2 286; pwritev2
287; statx 291; rseq 293; close_range 436; faccessat2 439; epoll_pwait2 441; futex_waitv 449; futex_wake 454;
futex_wait 455; futex_requeue 456; clone 220; clone3 435; ioctl 29; prctl 167; setrlimit 164; execve 221; execveat
281; unshare 97; setns 268; capset 91; landlock_create_ruleset 444; landlock_add_rule 445; landlock_restrict_self
446; seccomp 277; pivot_root 41; mount_setattr 442; pidfd_open 434; pidfd_send_signal 424; socket 198; ptrace 117;
bpf 280; mount 40; keyctl 219; add_key 217; io_uring_setup 425; userfaultfd 282; perf_event_open 241;
process_vm_readv 270; memfd_create 279; shmget 194; mlock 228; munlock 229; mlock2 284
""")

# What Python, NumPy and torch need: files, memory, threads, signals to oneself, clocks, pollers, socketpair (asyncio).
# fcntl, getsockopt and setsockopt have rules on their arguments. Not among them: flock (a lock on a file that all jails
# share tells one jail what another one knows), timer_create (a timer may send SIGCONT: a stopped process would go on),
# sched_setaffinity (the two sides of a timing test share a core, which is the grader's to choose),
# sysinfo (the whole machine's load), socket, connect, fork, execve, ptrace, mount, bpf, io_uring, keyctl, memfd, setns,
# unshare, …
_ALLOWED = """
read write open close stat fstat lstat poll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn
pread64 pwrite64 readv writev access pipe select sched_yield mremap msync madvise dup dup2 pause nanosleep getitimer
alarm setitimer getpid sendfile sendto recvfrom sendmsg recvmsg shutdown getsockname getpeername socketpair
exit wait4 kill uname fsync fdatasync truncate ftruncate getdents getcwd chdir
fchdir rename mkdir rmdir creat link unlink symlink readlink chmod fchmod umask gettimeofday getrlimit getrusage
times getuid getgid geteuid getegid getppid getpgrp getgroups getresuid getresgid getpgid getsid
rt_sigpending rt_sigtimedwait rt_sigsuspend sigaltstack getpriority sched_getparam sched_getscheduler
sched_get_priority_max sched_get_priority_min sched_rr_get_interval arch_prctl gettid tkill time futex
sched_getaffinity epoll_create getdents64 set_tid_address restart_syscall fadvise64
clock_gettime clock_getres clock_nanosleep exit_group
epoll_wait epoll_ctl tgkill utimes get_mempolicy waitid openat mkdirat newfstatat unlinkat renameat linkat symlinkat
readlinkat fchmodat faccessat pselect6 ppoll set_robust_list get_robust_list utimensat epoll_pwait timerfd_create
eventfd fallocate timerfd_settime timerfd_gettime eventfd2 epoll_create1 dup3 pipe2 preadv pwritev prlimit64 getcpu
renameat2 getrandom membarrier copy_file_range preadv2 pwritev2 statx rseq close_range faccessat2 epoll_pwait2
futex_waitv futex_wake futex_wait futex_requeue
"""
ALLOWED = frozenset(_ALLOWED.split())
# What the CUDA driver needs on top: its own requests, memory that it shares with the card, and a look at the machine.
# Sockets, for local ones only, have a rule in `seccomp.py`.
GPU_ALLOWED = frozenset(("ioctl", "memfd_create", "mlock", "mlock2", "munlock", "sysinfo"))

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
TABLES = {"x86_64": X86_64, "aarch64": AARCH64}
MACHINE = os.uname().machine


def number(name: str, machine: str = MACHINE) -> int:
    """The call's number on `machine`. Raises KeyError for a call or a machine without one."""
    return TABLES[machine][name]


def allowed_numbers(machine: str = MACHINE, gpu: bool = False) -> list[int]:
    """Sorted numbers of the calls that jailed code may use without a rule on their arguments."""
    table = TABLES[machine]
    names = ALLOWED | GPU_ALLOWED if gpu else ALLOWED
    return sorted(table[name] for name in names if name in table)
