# A Multiboot kernel that runs one loop of known length and ends the machine; LOOP chooses it, ROUNDS is how often.
# Every loop is written so that a round executes exactly the number of instructions that bench-soft counts.
.macro integer                # 10 instructions a round
1:add %ebx, %eax
  mov %eax, %edx
  shr $7, %edx
  xor %edx, %eax
  lea 17(%eax, %ebx, 2), %ebx
  imul $0x45D9F3B, %ebx, %ebx
  sub %edx, %ebx
  and $0x7FFFFFFF, %ebx
  dec %ecx
  jnz 1b
.endm

.macro memory                 # 10 instructions a round, over 4 MiB
1:mov (%esi, %eax), %edx
  add $0x4F1BC, %eax
  and $0x3FFFFC, %eax
  mov %edx, 64(%esi, %eax)
  add 128(%esi, %eax), %ebx
  add %ebx, (%esi, %eax)
  cmp %edx, 4(%esi, %eax)
  movzbl 9(%esi, %eax), %edx
  dec %ecx
  jnz 1b
.endm

.macro calls                  # 10 instructions a round
1:push %eax
  call 2f
  pop %edx
  dec %ecx
  jnz 1b
  jmp 3f
2:inc %eax
  call 4f
  ret
4:xor %eax, %ebx
  ret
3:
.endm

.macro vectors                # 10 instructions a round
1:movups (%esi), %xmm0
  paddd %xmm1, %xmm0
  pxor %xmm0, %xmm2
  pshufd $0x1B, %xmm2, %xmm1
  mulps %xmm3, %xmm4
  addps %xmm4, %xmm5
  punpcklbw %xmm1, %xmm6
  movups %xmm0, 16(%esi)
  dec %ecx
  jnz 1b
.endm

.macro x87                    # 10 instructions a round
  fninit
1:fldl (%esi)
  fmull 8(%esi)
  faddl 16(%esi)
  fld %st(0)
  fmulp
  fsubrl 24(%esi)
  fxch %st(0)
  fstpl 32(%esi)
  dec %ecx
  jnz 1b
.endm

.section .text
.code32
.align 4
header:
  .long 0x1BADB002, 0, -0x1BADB002

.global start
start:
  mov $stack, %esp
  mov %cr0, %eax
  and $~4, %eax               # No emulation of the coprocessor,
  or $2, %eax
  mov %eax, %cr0
  mov %cr4, %eax
  or $0x600, %eax             # and SSE.
  mov %eax, %cr4
  mov $ROUNDS, %ecx
  mov $buffer, %esi
  xor %eax, %eax
  mov $0x9E3779B9, %ebx
  LOOP
  mov $0, %al
  out %al, $0xF4
  hlt

.section .bss
.align 4096
buffer: .skip 0x410000
  .skip 0x1000
stack:
