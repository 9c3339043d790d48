// The Linux calls and constants that Swift cannot express. Every call returns its result or -errno,
// so that Swift never reads errno.
#pragma once
#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/kvm.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/platform/x86.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "FileCalls.h"
#include "HostCalls.h"
#include "Transfers.h"

static inline int linux_ioctl(int fd, unsigned long request, unsigned long argument) {
  int r = ioctl(fd, request, argument);
  return r < 0 ? -errno : r;
}
static inline int linux_ioctl_pointer(int fd, unsigned long request, void *argument) {
  int r = ioctl(fd, request, argument);
  return r < 0 ? -errno : r;
}
// Runs a guest: straight to the kernel, because it is what every exit goes through.
static inline int linux_kvm_run(int fd) {
  long r;
  __asm__ volatile("syscall" : "=a"(r) : "a"((long)SYS_ioctl), "D"((long)fd), "S"(KVM_RUN), "d"(0l) : "rcx", "r11", "memory");
  return (int)r;
}
static inline int linux_open(const char *path, int flags, unsigned mode) {
  int r = open(path, flags | O_CLOEXEC, mode);
  return r < 0 ? -errno : r;
}
static inline int linux_memfd(const char *name) {
  long r = syscall(SYS_memfd_create, name, 1u /* MFD_CLOEXEC */);
  return r < 0 ? -errno : (int)r;
}
// The same shared memory at a second place; NULL if the host has no room.
static inline void *linux_map_again(void *memory, size_t size) {
  long r = syscall(SYS_mremap, memory, (size_t)0, size, 1ul /* MREMAP_MAYMOVE */, (void *)0);
  return r == -1 ? (void *)0 : (void *)r;
}
static inline int linux_eventfd(void) {
  long r = syscall(SYS_eventfd2, 0u, O_CLOEXEC | O_NONBLOCK);
  return r < 0 ? -errno : (int)r;
}
// A leaf of the host processor's CPUID that every 64-bit processor has. It is not looked for: where the host is a guest, each look takes microseconds.
static inline void linux_cpuid(uint32_t leaf, uint32_t words[4]) { __cpuid(leaf, words[0], words[1], words[2], words[3]); }
static inline uint32_t linux_cpuid_ecx(uint32_t leaf) {
  uint32_t words[4];
  linux_cpuid(leaf, words);
  return words[2];
}
// Whether the host's processor can run virtual machines, as Intel's or as AMD's: the C library has looked for it already.
static inline int linux_has_vmx(void) { return CPU_FEATURE_PRESENT(VMX); }
static inline int linux_has_svm(void) { return CPU_FEATURE_PRESENT(SVM); }
// Where a component is in the host's areas of XSAVE; 0 if it has none.
static inline uint32_t linux_xsave_offset(uint32_t component) {
  uint32_t a, b, c, d;
  return __get_cpuid_count(0xD, component, &a, &b, &c, &d) && a ? b : 0;
}
// Whether the host has AVX, AVX2, FMA and F16C, and its kernel keeps the registers.
static inline int linux_has_avx2(void) {
  uint32_t a, b, c, d, low, high;
  const uint32_t needed = 1u << 12 | 1u << 27 | 1u << 28 | 1u << 29;
  if ((linux_cpuid_ecx(1) & needed) != needed) return 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & 6) == 6 && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & 1u << 5);
}
static inline int linux_thread_id(void) { return (int)syscall(SYS_gettid); }
static inline int linux_signal_thread(int thread, int signal) {
  long r = syscall(SYS_tgkill, getpid(), thread, signal);
  return r < 0 ? -errno : (int)r;
}

// How many nanoseconds a thread has worked; 0 if there is no such thread. Its number makes the number of its clock.
static inline uint64_t linux_thread_work(int thread) {
  struct timespec time;
  if (clock_gettime((clockid_t)(~(unsigned)thread << 3 | 6), &time) != 0) return 0;
  return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

// Lets this thread run code whose stack pointer is not its own: GS begins at `gs`, no signal but a fault's comes, and
// that runs on a stack of its own.
int linux_prepare_guest_thread(void *gs, void *signal_stack, size_t size);

// Guest RAM is shared with the guest: every access is one volatile access of the named size, so that
// the compiler neither repeats nor removes it. Unaligned addresses are the guest's right.
typedef uint16_t __attribute__((aligned(1), may_alias)) guest_u16;
typedef uint32_t __attribute__((aligned(1), may_alias)) guest_u32;
typedef uint64_t __attribute__((aligned(1), may_alias)) guest_u64;
static inline uint8_t guest_load8(const void *p) { return *(const volatile uint8_t *)p; }
static inline uint16_t guest_load16(const void *p) { return *(const volatile guest_u16 *)p; }
static inline uint32_t guest_load32(const void *p) { return *(const volatile guest_u32 *)p; }
static inline uint64_t guest_load64(const void *p) { return *(const volatile guest_u64 *)p; }
static inline void guest_store8(void *p, uint8_t v) { *(volatile uint8_t *)p = v; }
static inline void guest_store16(void *p, uint16_t v) { *(volatile guest_u16 *)p = v; }
static inline void guest_store32(void *p, uint32_t v) { *(volatile guest_u32 *)p = v; }
static inline void guest_store64(void *p, uint64_t v) { *(volatile guest_u64 *)p = v; }
// Ring indices: aligned by the caller's check.
static inline uint16_t guest_load_acquire16(const void *p) { return __atomic_load_n((const uint16_t *)p, __ATOMIC_ACQUIRE); }
static inline void guest_store_release16(void *p, uint16_t v) { __atomic_store_n((uint16_t *)p, v, __ATOMIC_RELEASE); }
static inline void guest_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

// KVM's request numbers are function-like macros.
static const unsigned long linux_KVM_GET_API_VERSION = KVM_GET_API_VERSION, linux_KVM_CREATE_VM = KVM_CREATE_VM,
    linux_KVM_CHECK_EXTENSION = KVM_CHECK_EXTENSION, linux_KVM_GET_VCPU_MMAP_SIZE = KVM_GET_VCPU_MMAP_SIZE,
    linux_KVM_GET_SUPPORTED_CPUID = KVM_GET_SUPPORTED_CPUID, linux_KVM_CREATE_VCPU = KVM_CREATE_VCPU,
    linux_KVM_SET_USER_MEMORY_REGION = KVM_SET_USER_MEMORY_REGION, linux_KVM_SET_TSS_ADDR = KVM_SET_TSS_ADDR,
    linux_KVM_SET_IDENTITY_MAP_ADDR = KVM_SET_IDENTITY_MAP_ADDR, linux_KVM_CREATE_IRQCHIP = KVM_CREATE_IRQCHIP,
    linux_KVM_GET_IRQCHIP = KVM_GET_IRQCHIP, linux_KVM_SET_IRQCHIP = KVM_SET_IRQCHIP,
    linux_KVM_IRQ_LINE = KVM_IRQ_LINE, linux_KVM_SIGNAL_MSI = KVM_SIGNAL_MSI,
    linux_KVM_IRQFD = KVM_IRQFD, linux_KVM_IOEVENTFD = KVM_IOEVENTFD, linux_KVM_REGISTER_COALESCED_MMIO = KVM_REGISTER_COALESCED_MMIO,
    linux_KVM_UNREGISTER_COALESCED_MMIO = KVM_UNREGISTER_COALESCED_MMIO, linux_KVM_SET_GSI_ROUTING = KVM_SET_GSI_ROUTING,
    linux_KVM_RUN = KVM_RUN, linux_KVM_GET_REGS = KVM_GET_REGS, linux_KVM_SET_REGS = KVM_SET_REGS,
    linux_KVM_GET_SREGS = KVM_GET_SREGS, linux_KVM_SET_SREGS = KVM_SET_SREGS, linux_KVM_SET_MSRS = KVM_SET_MSRS,
    linux_KVM_SET_CPUID2 = KVM_SET_CPUID2, linux_KVM_SET_MP_STATE = KVM_SET_MP_STATE,
    linux_KVM_SET_GUEST_DEBUG = KVM_SET_GUEST_DEBUG, linux_KVM_GET_MSRS = KVM_GET_MSRS,
    linux_KVM_GET_XSAVE = KVM_GET_XSAVE, linux_KVM_SET_XSAVE = KVM_SET_XSAVE, linux_KVM_GET_XCRS = KVM_GET_XCRS,
    linux_KVM_GET_VCPU_EVENTS = KVM_GET_VCPU_EVENTS, linux_KVM_SET_VCPU_EVENTS = KVM_SET_VCPU_EVENTS,
    linux_KVM_SET_XCRS = KVM_SET_XCRS, linux_KVM_GET_DEBUGREGS = KVM_GET_DEBUGREGS,
    linux_KVM_SET_DEBUGREGS = KVM_SET_DEBUGREGS, linux_KVM_GET_LAPIC = KVM_GET_LAPIC, linux_KVM_SET_LAPIC = KVM_SET_LAPIC,
    linux_KVM_GET_MP_STATE = KVM_GET_MP_STATE, linux_KVM_ENABLE_CAP = KVM_ENABLE_CAP, linux_KVM_INTERRUPT = KVM_INTERRUPT;

static const uint32_t linux_KVM_IOEVENTFD_FLAG_DEASSIGN = KVM_IOEVENTFD_FLAG_DEASSIGN,
    linux_KVM_CPUID_INDEXED = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;

// The state a vCPU shares with KVM; the flag is read by the kernel while another thread sets it.
static inline void linux_kvm_request_exit(struct kvm_run *run, uint8_t value) {
  __atomic_store_n(&run->immediate_exit, value, __ATOMIC_RELEASE);
}
// A signal whose only effect is to interrupt a system call.
static void linux_ignore_kick(int signal) { (void)signal; }
// A thread inherits blocked signals from whoever made it: this one must be interruptible.
static inline void linux_unblock_signal(int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  pthread_sigmask(SIG_UNBLOCK, &set, 0);
}
static inline int linux_install_kick_handler(int number) {
  struct sigaction action = {.sa_handler = linux_ignore_kick};
  int r = sigaction(number, &action, 0);
  return r < 0 ? -errno : r;
}
