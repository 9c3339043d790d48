# Where the kernel enters the first process. It has no caller, and needs no arguments; when there is nothing left to do, it
# waits for signals for good.
  .globl _start
_start:
  xor %ebp, %ebp
  and $-16, %rsp
  call init_start
1:mov $34, %eax
  syscall
  jmp 1b
  .section .note.GNU-stack, "", @progbits
