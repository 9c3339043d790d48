// The least a virtual machine can cost here: one VM whose kernel keeps the local APICs only (the other interrupt chips cost it
// milliseconds), one processor and a 64 KiB ROM that ends at 4 GiB, run until the guest writes to port 0xF4; what it writes to port 0x402
// goes to standard output. Everything above this is the monitor's own.
//
//     bench-floor [-i] ROM
//
// With -i the guest is told what its processor is, as whoever boots a kernel has to. Where the host is a guest itself, KVM needs hundreds of
// microseconds for that.
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { romSize = 0x10000, ramSize = 0x100000 };

static int call(int fd, unsigned long request, void *argument, const char *name) {
  int result = ioctl(fd, request, argument);
  if (result < 0) err(70, "%s", name);
  return result;
}

static void *map(int vm, uint32_t slot, uint64_t address, uint64_t size) {
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) err(70, "mmap");
  struct kvm_userspace_memory_region region = {
      .slot = slot, .guest_phys_addr = address, .memory_size = size, .userspace_addr = (uintptr_t)memory};
  call(vm, KVM_SET_USER_MEMORY_REGION, &region, "KVM_SET_USER_MEMORY_REGION");
  return memory;
}

static void identify(int kvm, int cpu) {
  static struct {
    struct kvm_cpuid2 table;
    struct kvm_cpuid_entry2 entries[256];
  } processor = {.table.nent = 256};
  call(kvm, KVM_GET_SUPPORTED_CPUID, &processor, "KVM_GET_SUPPORTED_CPUID");
  call(cpu, KVM_SET_CPUID2, &processor, "KVM_SET_CPUID2");
}

int main(int count, char **arguments) {
  int identifies = count == 3 && strcmp(arguments[1], "-i") == 0;
  if (count != 2 + identifies) errx(2, "usage: bench-floor [-i] ROM");
  const char *path = arguments[count - 1];
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) err(2, "%s", path);
  int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  if (kvm < 0) err(70, "/dev/kvm");
  int vm = call(kvm, KVM_CREATE_VM, NULL, "KVM_CREATE_VM");
  uint64_t identityMap = 0xFEFFC000;
  call(vm, KVM_SET_TSS_ADDR, (void *)0xFEFFD000, "KVM_SET_TSS_ADDR");
  call(vm, KVM_SET_IDENTITY_MAP_ADDR, &identityMap, "KVM_SET_IDENTITY_MAP_ADDR");
  struct kvm_enable_cap split = {.cap = KVM_CAP_SPLIT_IRQCHIP, .args = {24}};
  call(vm, KVM_ENABLE_CAP, &split, "KVM_CAP_SPLIT_IRQCHIP");
  map(vm, 0, 0, ramSize - romSize);
  void *rom = map(vm, 1, 0x100000000 - romSize, romSize);
  if (read(file, rom, romSize) != romSize) errx(2, "%s: not 64 KiB", path);
  memcpy(map(vm, 2, ramSize - romSize, romSize), rom, romSize);

  int cpu = call(vm, KVM_CREATE_VCPU, NULL, "KVM_CREATE_VCPU");
  if (identifies) identify(kvm, cpu);
  int runSize = call(kvm, KVM_GET_VCPU_MMAP_SIZE, NULL, "KVM_GET_VCPU_MMAP_SIZE");
  struct kvm_run *run = mmap(NULL, runSize, PROT_READ | PROT_WRITE, MAP_SHARED, cpu, 0);
  if (run == MAP_FAILED) err(70, "mmap");
  for (;;) {
    call(cpu, KVM_RUN, NULL, "KVM_RUN");
    switch (run->exit_reason) {
    case KVM_EXIT_IO: {
      uint8_t *data = (uint8_t *)run + run->io.data_offset;
      if (run->io.direction == KVM_EXIT_IO_OUT && run->io.port == 0xF4) return (*data << 1 | 1) & 0xFF;
      if (run->io.direction == KVM_EXIT_IO_OUT && run->io.port == 0x402 && write(1, data, 1) != 1) err(70, "standard output");
      if (run->io.direction == KVM_EXIT_IO_IN) memset(data, 0xFF, (size_t)run->io.size * run->io.count);
      break;
    }
    case KVM_EXIT_MMIO:
      if (!run->mmio.is_write) memset(run->mmio.data, 0xFF, sizeof run->mmio.data);
      break;
    default: errx(70, "exit reason %u", run->exit_reason);
    }
  }
}
