import Reports

/// What kernels have really said, shortened where nothing depends on it.
enum KernelTexts {
  static let all: [(text: String, kind: Complaint.Kind, title: String, lines: Int)] = [
    (null, .oops, "BUG: kernel NULL pointer dereference, address: 0000000000000008", 9),
    (bug, .bug, "kernel BUG at mm/slub.c:435!", 6),
    (protection, .oops, "general protection fault, probably for non-canonical address 0x6b6b6b6b6b6b6b6b: 0000 [#1] PREEMPT SMP NOPTI", 4),
    (newProtection, .oops, "Oops: general protection fault, probably for non-canonical address 0xdffffc0000000000: 0000 [#1] PREEMPT SMP KASAN PTI", 3),
    (warning, .warning, "WARNING: CPU: 1 PID: 84 at /tmp/provoke.c:13 provoke+0x2e/0xff0 [provoke]", 8),
    (newWarning, .warning, "WARNING: drivers/base/core.c:2573 at device_release+0x7b/0x90, CPU#0: kworker/0:1/10", 4),
    (kasan, .kasan, "BUG: KASAN: use-after-free in zap_page_range+0x7c/0x270", 8),
    (kcsan, .kcsan, "BUG: KCSAN: data-race in exit_signals / prepare_signal", 10),
    (ubsan, .ubsan, "UBSAN: array-index-out-of-bounds in drivers/isdn/capi/kcapi.c:483:21", 7),
    (lockdep, .lockdep, "WARNING: possible circular locking dependency detected", 11),
    (stall, .rcuStall, "rcu: INFO: rcu_sched self-detected stall on CPU", 9),
    (hungTask, .hungTask, "INFO: task sleeper:97 blocked for more than 2 seconds.", 9),
    (softLockup, .softLockup, "watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [insmod:90]", 6),
    (hardLockup, .hardLockup, "NMI watchdog: Watchdog detected hard LOCKUP on cpu 1", 3),
    (outOfMemory, .oomKill, "sh invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0", 7),
    (atomic, .bug, "BUG: scheduling while atomic: insmod/87/0x00000002", 7),
    (slub, .bug, "BUG kmalloc-64 (Not tainted): Right Redzone overwritten", 3),
    (noRoot, .noRoot, "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)", 4),
    (panic, .panic, "Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b", 5),
  ]

  static let null = """
    [    2.345678] BUG: kernel NULL pointer dereference, address: 0000000000000008
    [    2.345690] #PF: supervisor read access in kernel mode
    [    2.345699] PGD 0 P4D 0 
    [    2.345707] Oops: 0000 [#1] PREEMPT SMP NOPTI
    [    2.345716] CPU: 0 PID: 84 Comm: insmod Tainted: G           OE      6.1.0-56-cloud-amd64 #1  Debian 6.1.192-2
    [    2.345737] RIP: 0010:null_read+0x5/0x10 [provoke]
    [    2.345802] Call Trace:
    [    2.345810]  <TASK>
    [    2.346047] ---[ end trace 0000000000000000 ]---
    [    2.346057] RIP: 0010:null_read+0x5/0x10 [provoke]
    """
  static let bug = """
    [   35.812345] ------------[ cut here ]------------
    [   35.812350] kernel BUG at mm/slub.c:435!
    [   35.812361] invalid opcode: 0000 [#1] PREEMPT SMP PTI
    [   35.812370] CPU: 1 PID: 400 Comm: bash Not tainted 6.1.0 #1
    [   35.812401] Call Trace:
    [   35.812450] ---[ end trace 0000000000000000 ]---
    """
  static let protection = """
    [    3.000001] general protection fault, probably for non-canonical address 0x6b6b6b6b6b6b6b6b: 0000 [#1] PREEMPT SMP NOPTI
    [    3.000010] CPU: 0 PID: 85 Comm: insmod Tainted: G           OE      6.1.0-56-cloud-amd64 #1  Debian 6.1.192-2
    [    3.000020] RIP: 0010:null_read+0x5/0x10 [provoke]
    [    3.000090] ---[ end trace 0000000000000000 ]---
    """
  static let newProtection = """
    Oops: general protection fault, probably for non-canonical address 0xdffffc0000000000: 0000 [#1] PREEMPT SMP KASAN PTI
    KASAN: null-ptr-deref in range [0x0000000000000000-0x0000000000000007]
    ---[ end trace 0000000000000000 ]---
    """
  static let warning = """
    [    2.111111] ------------[ cut here ]------------
    [    2.111119] provoked on purpose: 42
    [    2.111140] WARNING: CPU: 1 PID: 84 at /tmp/provoke.c:13 provoke+0x2e/0xff0 [provoke]
    [    2.111163] Modules linked in: provoke(OE+) overlay
    [    2.111197] RIP: 0010:provoke+0x2e/0xff0 [provoke]
    [    2.111250] Call Trace:
    [    2.111256]  <TASK>
    [    2.111400] ---[ end trace 0000000000000000 ]---
    """
  static let newWarning = """
    [    1.500000][   T10] ------------[ cut here ]------------
    [    1.500000][   T10] Device 'a' does not have a release() function, it is broken and must be fixed.
    [    1.500000][   T10] WARNING: drivers/base/core.c:2573 at device_release+0x7b/0x90, CPU#0: kworker/0:1/10
    [    1.500000][   T10] ---[ end trace 0000000000000000 ]---
    """
  static let kasan = """
    [  805.333845] ==================================================================
    [  805.338188] BUG: KASAN: use-after-free in zap_page_range+0x7c/0x270
    [  805.342064] Read of size 8 at addr ffff8881cd86ba80 by task poc/1266
    [  805.342070] 
    [  805.346390] CPU: 0 PID: 1266 Comm: poc Not tainted 4.20.0-rc3+ #222
    [  805.350777] Call Trace:
    [  805.351528]  dump_stack+0x71/0xab
    [  805.391528] ==================================================================
    [  805.391530] Disabling lock debugging due to kernel taint
    """
  static let kcsan = """
    ==================================================================
    BUG: KCSAN: data-race in exit_signals / prepare_signal

    read to 0xffff888103566064 of 4 bytes by interrupt on cpu 0:
      sig_task_ignored kernel/signal.c:94 [inline]
      prepare_signal+0x1f5/0x790 kernel/signal.c:956

    Reported by Kernel Concurrency Sanitizer on:
    CPU: 0 PID: 8 Comm: rcu_sched Not tainted 5.4.0 #0
    ==================================================================
    """
  static let ubsan = """
    [   46.865000][ T6479] ================================================================================
    [   46.866069][ T6479] UBSAN: array-index-out-of-bounds in drivers/isdn/capi/kcapi.c:483:21
    [   46.867196][ T6479] index -1 is out of range for type 'capi_ctr *[32]'
    [   46.867982][ T6479] CPU: 1 PID: 6479 Comm: kcmtpd_ctr_0 Not tainted 5.15.0-rc2+ #8
    [   46.870107][ T6479] Call Trace:
    [   46.870974][ T6479]  ubsan_epilogue+0x5/0x40
    [   46.875773][ T6479] ================================================================================
    """
  static let lockdep = """
    ======================================================
    WARNING: possible circular locking dependency detected
    5.17.0-rc7-syzkaller-00227-g68453767131a #0 Not tainted
    ------------------------------------------------------
    udevd/6428 is trying to acquire lock:
    ffff88801d66a938 ((wq_completion)loop3){+.+.}-{0:0}, at: flush_workqueue+0x172/0x16b0 kernel/workqueue.c:2827
     *** DEADLOCK ***
    Call Trace:
     <TASK>
     dump_stack_lvl+0xcd/0x134
     </TASK>
    """
  static let stall = """
    [   64.601362][   C16] rcu: INFO: rcu_sched self-detected stall on CPU
    [   64.611335][   C16] rcu: \t16-....: (5958 ticks this GP) idle=37e/1/0x4000000000000002 softirq=27/27 fqs=3000 
    [   64.621334][   C16] \t(t=6002 jiffies g=-1079 q=25)
    [   64.621334][   C16] NMI backtrace for cpu 16
    [   64.621374][   C16] CPU: 16 PID: 1 Comm: swapper/0 Tainted: G             L    5.2.0-rc5-next-20190621+ #1
    [   64.641371][   C16] Call Trace:
    [   64.651337][   C16]  <IRQ>
    [   64.651376][   C16]  dump_stack+0x62/0x9a
    [   64.651380][   C16]  </IRQ>
    """
  static let hungTask = """
    [    6.200000] INFO: task sleeper:97 blocked for more than 2 seconds.
    [    6.200005]       Tainted: G           OE      6.1.0-56-cloud-amd64 #1 Debian 6.1.192-2
    [    6.200010] "echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.
    [    6.200015] task:sleeper         state:D stack:0     pid:97    ppid:2      flags:0x00004000
    [    6.200020] Call Trace:
    [    6.200025]  <TASK>
    [    6.200030]  __schedule+0x34d/0x9e0
    [    6.200035]  schedule+0x5a/0xd0
    [    6.200040]  </TASK>
    """
  static let softLockup = """
    [   28.000000] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [insmod:90]
    [   28.000010] Modules linked in: provoke(OE+) overlay
    [   28.000020] CPU: 0 PID: 90 Comm: insmod Tainted: G           OE      6.1.0-56-cloud-amd64 #1  Debian 6.1.192-2
    [   28.000030] RIP: 0010:provoke+0x99/0xff0 [provoke]
    [   28.000040]  <TASK>
    [   28.000050]  </TASK>
    """
  static let hardLockup = """
    [   12.000000] NMI watchdog: Watchdog detected hard LOCKUP on cpu 1
    [   12.000010] Modules linked in: provoke(OE+)
    [   12.000030] RIP: 0010:provoke+0x99/0xff0 [provoke]
    """
  static let outOfMemory = """
    [   50.000000] sh invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), order=0, oom_score_adj=0
    [   50.000010] CPU: 0 PID: 90 Comm: sh Not tainted 6.1.0-56-cloud-amd64 #1  Debian 6.1.192-2
    [   50.000020] Call Trace:
    [   50.000030]  </TASK>
    [   50.000040] Mem-Info:
    [   50.000050] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=sh,pid=90,uid=0
    [   50.000060] Out of memory: Killed process 90 (sh) total-vm:2123kB, anon-rss:11kB, file-rss:0kB, shmem-rss:0kB, UID:0
    [   50.000070] oom_reaper: reaped process 90 (sh), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB
    """
  static let atomic = """
    [    4.100000] BUG: scheduling while atomic: insmod/87/0x00000002
    [    4.100010] Modules linked in: provoke(OE+) overlay
    [    4.100020] CPU: 0 PID: 87 Comm: insmod Tainted: G           OE      6.1.0-56-cloud-amd64 #1  Debian 6.1.192-2
    [    4.100030] Call Trace:
    [    4.100040]  <TASK>
    [    4.100050]  dump_stack_lvl+0x44/0x5c
    [    4.100060]  </TASK>
    """
  static let slub = """
    [    9.000000] =============================================================================
    [    9.000010] BUG kmalloc-64 (Not tainted): Right Redzone overwritten
    [    9.000020] -----------------------------------------------------------------------------
    """
  static let noRoot = """
    [    1.200000] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)
    [    1.200010] CPU: 0 PID: 1 Comm: swapper/0 Not tainted 6.1.0-56-cloud-amd64 #1  Debian 6.1.192-2
    [    1.200020] Call Trace:
    [    1.200030] ---[ end Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0) ]---
    """
  static let panic = """
    [    2.500000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b
    [    2.500010] CPU: 0 PID: 1 Comm: init Not tainted 6.1.0-56-cloud-amd64 #1  Debian 6.1.192-2
    [    2.500020]  </TASK>
    [    2.500030] Kernel Offset: 0x1e000000 from 0xffffffff81000000 (relocation range: 0xffffffff80000000-0xffffffffbfffffff)
    [    2.500040] ---[ end Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b ]---
    """
}
