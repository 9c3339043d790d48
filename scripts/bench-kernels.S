# A Multiboot kernel that enters long mode with the first 64 MiB mapped, runs benchmark() and ends the machine.
.code32
.global start
start:
  jmp begin
.align 4
  .long 0x1BADB002, 0, -0x1BADB002
begin:
  mov $stack, %esp
  movl $level3 + 3, level4
  movl $level2 + 3, level3
  mov $32, %ecx               # Pages of 2 MiB.
  mov $0x83, %eax
  mov $level2, %edi
1:mov %eax, (%edi)
  add $0x200000, %eax
  add $8, %edi
  loop 1b
  mov $0x20, %eax             # PAE,
  mov %eax, %cr4
  mov $level4, %eax
  mov %eax, %cr3
  mov $0xC0000080, %ecx
  rdmsr
  or $0x100, %eax             # long mode,
  wrmsr
  mov %cr0, %eax
  or $0x80000000, %eax        # paging.
  mov %eax, %cr0
  lgdt descriptors_place
  ljmp $8, $long_mode

.code64
long_mode:
  mov $16, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  mov $buffer, %rdi
  call benchmark
  mov $0, %al
  out %al, $0xF4
  hlt

.section .data
.align 8
descriptors: .quad 0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF
descriptors_place:
  .word 23
  .long descriptors

.section .bss
.align 4096
level4: .skip 4096
level3: .skip 4096
level2: .skip 4096
buffer: .skip 0x100000
  .skip 0x10000
stack:
